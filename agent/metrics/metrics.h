/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts every span: the metrics of the GenAI conventions and gentap's own, as counters
 * and histograms. Sums are integers (nanoseconds, picodollars, tokens), so
 * that they do not depend on the order of what came in.
 *
 * Each metric has a ceiling on its series. What would need one more is added to a series
 * that says otel_metric_overflow="true" and nothing else, as OpenTelemetry has it, so
 * that totals stay right; how often that was is counted.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "semconv.h"
#include "span.h"

/* Of one metric: a quarter of OpenTelemetry's default, so that an exposition of nothing but
 * long names fits into EXPOSE_MAX and is written in a moment. */
#define METRICS_SERIES_MAX 500
#define METRICS_LABEL_BYTES 128 /* of one value; the rest is cut off */

struct metrics;

struct metrics_config {
	size_t series_max;	      /* 0: the default */
	enum semconv_profile profile; /* whose names */
	bool exponential;	      /* somebody reads exponential histograms */
};

/* 0 or -ENOMEM. */
int metrics_new(struct metrics **ret, const struct metrics_config *config);
void metrics_free(struct metrics *m); /* NULL is fine */
/* For struct span_sink, last: reads what the others have set. */
void metrics_span(struct metrics *m, const struct span *s);

/* A number that is not counted from spans: one of the agent's own. Those of one name stand
 * together; strings are static. */
struct expose_value {
	const char *name; /* OpenTelemetry's; Prometheus has _ for . */
	const char *help;
	const char *ucum; /* unit; NULL: 1 */
	bool gauge;
	const char *label; /* NULL: none */
	const char *label_value;
	uint64_t value;
	unsigned int digits; /* of it behind the point */
};

#endif
