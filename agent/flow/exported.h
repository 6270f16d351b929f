/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans that a process which asks models exports itself, over OTLP (http/protobuf, http/json,
 * gRPC; gzip or none): pipeline_sink.sdk_span is told those of its model calls. Of a request
 * that is not read whole, nothing is told.
 */
#ifndef FLOW_EXPORTED_H
#define FLOW_EXPORTED_H

#include "exchange.h"

#define EXPORTED_MAX (4 * 1024 * 1024) /* of one request, decoded */

struct exported;

/* Is that a path of OTLP's traces? */
bool exported_path(struct slice path);
/* Its head has come. As long as it is open, its connection is not ignored. */
void exported_open(struct exchange *x, const struct http_head *head);
void exported_body(struct exchange *x, struct slice data);
void exported_hole(struct exchange *x);
void exported_request_end(struct exchange *x, enum http_end how);
void exported_close(struct exchange *x);
size_t exported_held(const struct exported *e); /* bytes; NULL: none */

#endif
