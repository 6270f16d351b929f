/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context, level 1 and 2: the traceparent and tracestate fields. */
#ifndef GENAI_TRACE_CONTEXT_H
#define GENAI_TRACE_CONTEXT_H

#include "call.h"

struct http_head;

#define TRACE_STATE_MAX 512 /* bytes that a tracestate may have; longer ones are dropped */

/* False, and *ret untouched, when it is not a valid one: wrong length, upper case,
 * version ff, an id of zeros. Versions above 00 may have more after the flags. */
bool trace_parent_parse(struct slice value, struct trace_parent *ret);
/* Older formats, of a request that has no traceparent: "b3" (its single field, or the pair
 * X-B3-TraceId and X-B3-SpanId; a trace id of 64 bits is filled up with zeros),
 * "x-cloud-trace-context" (span id in decimal), "sentry-trace". Not sampled where they do
 * not say. False, and *ret untouched, when it is not a valid one. */
bool trace_b3_parse(struct slice trace_id, struct slice span_id, struct trace_parent *ret);
bool trace_b3_single_parse(struct slice value, struct trace_parent *ret);
bool trace_cloud_parse(struct slice value, struct trace_parent *ret);
bool trace_sentry_parse(struct slice value, struct trace_parent *ret);
/* Reads both fields of a request into the call, or one of the older ones. More than one traceparent
 * is none, and tracestate means nothing without a traceparent. */
void trace_context_read(struct call *c, const struct http_head *head);

#endif
