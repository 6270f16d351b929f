/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls in, spans out, by the GenAI semantic conventions. A traceparent on the request
 * makes the span its child; else the span is the root of a trace of its own. Ids are
 * derived from what the call is (process, connection, exchange, start), so that the
 * same recording always gives the same ids.
 */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include "call.h"
#include "semconv.h"
#include "span.h"

struct tracer_config {
	enum semconv_profile profile;
	bool content; /* put message text on spans */
	uint8_t seed[16]; /* mixed into ids: host identity */
};

struct tracer;

int tracer_new(struct tracer **ret, const struct tracer_config *config, const struct span_sink *sink);
void tracer_free(struct tracer *t); /* emits what is still open */
void tracer_call(struct tracer *t, struct call *call); /* takes the call */
/* Times out what waits; now_ns is Unix time. */
void tracer_sweep(struct tracer *t, uint64_t now_ns);

#endif
