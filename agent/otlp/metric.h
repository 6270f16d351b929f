/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics after the OpenTelemetry data model (metrics/v1 of opentelemetry-proto 1.11), as
 * far as gentap has them: gauges, monotonic sums, histograms of both kinds. All pointers
 * are lent for the call. Pure.
 */
#ifndef OTLP_METRIC_H
#define OTLP_METRIC_H

#include "encode.h"

enum otlp_metric_type { OTLP_GAUGE, OTLP_SUM, OTLP_HISTOGRAM, OTLP_EXP_HISTOGRAM };
enum otlp_temporality { OTLP_DELTA = 1, OTLP_CUMULATIVE = 2 }; /* OTLP's numbers */

struct otlp_metric {
	const char *name;
	const char *description;
	const char *unit; /* UCUM */
	enum otlp_metric_type type;
	enum otlp_temporality temporality; /* of all but gauges */
	bool integers;			   /* so are values of sums, gauges, exemplars */
	const double *bounds;		   /* of OTLP_HISTOGRAM: upper and inclusive */
	size_t n_bounds;
};

/* A measurement and the span that it is of. */
struct otlp_exemplar {
	uint64_t time_ns;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	int64_t integer; /* which of the two: `integers` of the metric */
	double number;
};

/* Values v > 0: bucket i holds base^(offset+i) < v <= base^(offset+i+1), base = 2^(2^-scale). */
struct otlp_exp {
	int32_t scale;
	int32_t offset;
	const uint64_t *counts;
	size_t n_counts;
	uint64_t zeros;
};

struct otlp_point {
	const struct attr *attrs;
	size_t n_attrs;
	uint64_t start_ns; /* Unix time; of what accumulates */
	uint64_t time_ns;
	int64_t integer;	 /* of sums and gauges, when the metric says `integers` */
	double number;		 /* else; of histograms the sum */
	uint64_t count;		 /* of histograms */
	const uint64_t *buckets; /* of OTLP_HISTOGRAM: n_bounds + 1, not cumulative */
	struct otlp_exp exp;	 /* of OTLP_EXP_HISTOGRAM */
	const struct otlp_exemplar *exemplars;
	size_t n_exemplars;
};

/* Appends one Metric message (protobuf) or object (JSON). buf's sticky error tells. */
void otlp_encode_metric(struct buf *b, enum otlp_encoding e, const struct otlp_metric *m,
			const struct otlp_point *points, size_t n_points);

#endif
