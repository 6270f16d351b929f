/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls in, spans out, by the GenAI semantic conventions. The parent is, best first:
 * the traceparent of the request, TRACEPARENT in the process's environment, none (the
 * span is then the root of a trace of its own). Ids are derived from what the call is
 * (process, connection, exchange, start), so that the same recording always gives the
 * same ids.
 *
 * One call is one span: an SDK's automatic retries are calls of their own, told apart
 * by gentap.retry_count.
 */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include "call.h"
#include "semconv.h"
#include "span.h"

struct tracer_config {
	enum semconv_profile profile;
	bool content;	  /* put message text on spans */
	uint8_t seed[16]; /* mixed into ids: host identity */
};

struct tracer_stats {
	uint64_t calls;
	uint64_t spans;
	uint64_t not_operations; /* calls that the conventions have no operation for */
	uint64_t dropped_attrs;	 /* attributes left out of spans for want of room */
	uint64_t no_memory;	 /* calls that gave no span */
};

struct tracer;

int tracer_new(struct tracer **ret, const struct tracer_config *config,
	       const struct span_sink *sink);
void tracer_free(struct tracer *t);		       /* emits what is still open */
void tracer_call(struct tracer *t, struct call *call); /* takes the call */
/* Times out what waits; now_ns is Unix time. */
void tracer_sweep(struct tracer *t, uint64_t now_ns);
const struct tracer_stats *tracer_stats(const struct tracer *t);

#endif
