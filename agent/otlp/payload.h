/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: the items of a queue, perhaps compressed; of gRPC with the prefix
 * that its message has. Pure. */
#ifndef OTLP_PAYLOAD_H
#define OTLP_PAYLOAD_H

#include "exporter.h"
#include "queue.h"

/* Appends. 0; -ENOBUFS: larger than the options or `to` allow; -ENOMEM. */
int otlp_payload_add(struct buf *to, const struct otlp_queue *items, const struct otlp_options *o,
		     const struct otlp_host *host);

#endif
