/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP heads say about a call: where to, by whom, under which trace and id. */
#ifndef GENAI_REQUEST_HEAD_H
#define GENAI_REQUEST_HEAD_H

#include "call.h"
#include "decoder.h"
#include "http.h"

/* Identity of the connection; takes a reference to the process. origin's strings must
 * live as long as the call. */
void call_set_origin(struct call *c, const struct decoder_origin *origin);
void request_head_read(struct call *c, const struct http_head *head,
		       const struct decoder_origin *origin);
void response_head_read(struct call *c, const struct http_head *head, uint64_t ts_ns);

#endif
