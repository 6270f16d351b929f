/* SPDX-License-Identifier: Apache-2.0 */
#include "tracer.h"

#include "call_span.h"
#include "cleanup.h"

#include <errno.h>

struct tracer {
	struct tracer_config config;
	struct span_sink sink;
	struct tracer_stats stats;
};

int tracer_new(struct tracer **ret, const struct tracer_config *config,
	       const struct span_sink *sink)
{
	struct tracer *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->config = *config;
	t->sink = *sink;
	*ret = t;
	return 0;
}

void tracer_free(struct tracer *t)
{
	free(t);
}

void tracer_call(struct tracer *t, struct call *call)
{
	struct span *span = NULL;

	t->stats.calls++;
	if (call->op == OP_NONE) {
		t->stats.not_operations++;
	} else if (span_new(&span)) {
		t->stats.no_memory++;
	} else {
		call_span_fill(span, call, &t->config);
		span->call = call;
		t->stats.spans++;
		t->stats.dropped_attrs += span->dropped_attrs;
		t->sink.span(t->sink.ctx, span);
	}
	span_free(span);
	call_free(call);
}

void tracer_sweep(struct tracer *t, uint64_t now_ns)
{
	/* A span leaves the moment its call does: nothing waits. */
	(void)t;
	(void)now_ns;
}

const struct tracer_stats *tracer_stats(const struct tracer *t)
{
	return &t->stats;
}
