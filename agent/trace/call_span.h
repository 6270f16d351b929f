/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call as one span: name, kind, times, ids, parent, status and every attribute of
 * the GenAI conventions for its operation, by the tables in call_span.c. Pure.
 *
 * http.* attributes are never set: backends that derive a span's kind from them would
 * no longer see a GenAI span.
 *
 * A call that was seen where it was answered (an inference server on this machine) is
 * a CLIENT span too, as the conventions know no other kind for inference; it says so
 * by gentap.observed_side, since its client may be watched as well and count again.
 */
#ifndef TRACE_CALL_SPAN_H
#define TRACE_CALL_SPAN_H

#include "buf.h"
#include "tracer.h"

#define ATTR_GENTAP_OBSERVED_SIDE "gentap.observed_side" /* server; absent: client */

/* Fills a fresh span. What there is no room for is left out (span->dropped_attrs). */
void call_span_fill(struct span *s, const struct call *c, const struct tracer_config *config);

/* Its ids, and the parent that the request or the process's environment names. */
void call_span_place(struct span *s, const struct call *c, const uint8_t seed[16]);

/* Of a request that calls were made for (served_span.c). */
void served_place(const struct served *as, const struct process *p, const uint8_t seed[16],
		  uint8_t ret_trace[16], uint8_t ret_span[8]);

/* The path as a route: what names one thing of many becomes {id}. */
void route_add(struct buf *to, struct slice path);

/* Message text as JSON attributes (genai/content.h); only when content is wanted. */
void call_content_fill(struct span *s, const struct call *c);
/* Takes it off again: messages that go elsewhere. Tools' arguments and results stay. */
void call_content_unset(struct span *s);

/* What is left of the provider's limits. */
void call_limits_fill(struct span *s, const struct call *c);

/* gentap.capture.source of an enum gentap_source; NULL for a number it does not know. */
const char *call_span_source(uint8_t source);

#endif
