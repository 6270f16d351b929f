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
/* Reads both fields of a request into the call. More than one traceparent is none, and
 * tracestate means nothing without a traceparent. */
void trace_context_read(struct call *c, const struct http_head *head);

#endif
