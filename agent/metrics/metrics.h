/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts every span: the metrics of the GenAI conventions and gentap's own, as counters
 * and explicit-bucket histograms. Sums are integers (nanoseconds, picodollars, tokens), so
 * that they do not depend on the order of what came in.
 *
 * Each metric has a ceiling on its series. What would need one more is added to a series
 * that says otel_metric_overflow="true" and nothing else, as OpenTelemetry has it, so
 * that totals stay right; how often that was is counted.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "span.h"

/* Of one metric: a quarter of OpenTelemetry's default, so that an exposition of nothing but
 * long names fits into EXPOSE_MAX and is written in a moment. */
#define METRICS_SERIES_MAX 500
#define METRICS_LABEL_BYTES 128 /* of one value; the rest is cut off */

struct metrics;

/* `series_max` 0: the default. 0 or -ENOMEM. */
int metrics_new(struct metrics **ret, size_t series_max);
void metrics_free(struct metrics *m); /* NULL is fine */
/* For struct span_sink, last: reads what the others have set. */
void metrics_span(struct metrics *m, const struct span *s);

#endif
