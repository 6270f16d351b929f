/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics as OpenTelemetry's data model has them, for one receiver: since the start, or
 * since the last reading (what is not new is left out then). Exemplars are those since the
 * last reading. Pure: time is the caller's.
 */
#ifndef METRICS_METRICS_READ_H
#define METRICS_METRICS_READ_H

#include "metric.h"
#include "metrics.h"

struct metrics_reader_config {
	bool delta;	   /* of what is counted from spans */
	bool delta_own;	   /* of the agent's own counters */
	bool exponential;  /* histograms; metrics_config has to say so too */
	uint64_t start_ns; /* Unix time since which is counted */
};

struct metrics_sink {
	void *ctx;
	/* All is lent for the call. One metric may come in several parts. */
	void (*metric)(void *ctx, const struct otlp_metric *m, const struct otlp_point *points,
		       size_t n_points);
};

struct metrics_reader;

/* `m` is lent until metrics_reader_free(). 0 or -ENOMEM. */
int metrics_reader_new(struct metrics_reader **ret, const struct metrics *m,
		       const struct metrics_reader_config *config);
void metrics_reader_free(struct metrics_reader *r); /* NULL is fine */
/* 0; -ENOMEM: what is missing comes with the next reading. */
int metrics_read(struct metrics_reader *r, uint64_t now_ns, const struct expose_value *own,
		 size_t n_own, const struct metrics_sink *sink);

#endif
