/* SPDX-License-Identifier: Apache-2.0 */
#include "encode_impl.h"

#include <inttypes.h>

static void add_counts(struct buf *b, const char *name, const uint64_t *counts, size_t n)
{
	buf_printf(b, "\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s\"%" PRIu64 "\"", i ? "," : "", counts[i]);
	buf_add_char(b, ']');
}

static void add_value(struct buf *b, const struct otlp_metric *m, int64_t integer, double number)
{
	if (m->integers) {
		buf_printf(b, ",\"asInt\":\"%" PRId64 "\"", integer);
		return;
	}
	buf_add_str(b, ",\"asDouble\":");
	otlp_json_double(b, number);
}

static void add_exemplars(struct buf *b, const struct otlp_metric *m, const struct otlp_point *p)
{
	if (!p->n_exemplars)
		return;
	buf_add_str(b, ",\"exemplars\":[");
	for (size_t i = 0; i < p->n_exemplars; i++) {
		const struct otlp_exemplar *e = &p->exemplars[i];

		buf_printf(b, "%s{\"timeUnixNano\":\"%" PRIu64 "\"", i ? "," : "", e->time_ns);
		add_value(b, m, e->integer, e->number);
		otlp_json_id(b, ",\"spanId\":\"", e->span_id, sizeof(e->span_id));
		otlp_json_id(b, ",\"traceId\":\"", e->trace_id, sizeof(e->trace_id));
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void add_distribution(struct buf *b, const struct otlp_point *p)
{
	buf_printf(b, ",\"count\":\"%" PRIu64 "\",\"sum\":", p->count);
	otlp_json_double(b, p->number);
}

static void add_histogram(struct buf *b, const struct otlp_metric *m, const struct otlp_point *p)
{
	add_distribution(b, p);
	buf_add_char(b, ',');
	add_counts(b, "bucketCounts", p->buckets, m->n_bounds + 1);
	buf_add_str(b, ",\"explicitBounds\":[");
	for (size_t i = 0; i < m->n_bounds; i++) {
		buf_add_str(b, i ? "," : "");
		otlp_json_double(b, m->bounds[i]);
	}
	buf_add_char(b, ']');
}

static void add_exp_histogram(struct buf *b, const struct otlp_point *p)
{
	add_distribution(b, p);
	buf_printf(b,
		   ",\"scale\":%" PRId32 ",\"zeroCount\":\"%" PRIu64
		   "\",\"positive\":{\"offset\":%" PRId32 ",",
		   p->exp.scale, p->exp.zeros, p->exp.offset);
	add_counts(b, "bucketCounts", p->exp.counts, p->exp.n_counts);
	buf_add_char(b, '}');
}

static void add_point(struct buf *b, const struct otlp_metric *m, const struct otlp_point *p)
{
	buf_add_char(b, '{');
	otlp_json_attrs(b, p->attrs, p->n_attrs);
	if (m->type != OTLP_GAUGE)
		buf_printf(b, ",\"startTimeUnixNano\":\"%" PRIu64 "\"", p->start_ns);
	buf_printf(b, ",\"timeUnixNano\":\"%" PRIu64 "\"", p->time_ns);
	if (m->type == OTLP_HISTOGRAM)
		add_histogram(b, m, p);
	else if (m->type == OTLP_EXP_HISTOGRAM)
		add_exp_histogram(b, p);
	else
		add_value(b, m, p->integer, p->number);
	add_exemplars(b, m, p);
	buf_add_char(b, '}');
}

void otlp_json_metric(struct buf *b, const struct otlp_metric *m, const struct otlp_point *points,
		      size_t n_points)
{
	static const char *const types[] = {
		[OTLP_GAUGE] = "gauge",
		[OTLP_SUM] = "sum",
		[OTLP_HISTOGRAM] = "histogram",
		[OTLP_EXP_HISTOGRAM] = "exponentialHistogram",
	};

	buf_add_str(b, "{\"name\":");
	buf_add_json(b, slice_from(m->name));
	buf_add_str(b, ",\"description\":");
	buf_add_json(b, slice_from(m->description));
	buf_add_str(b, ",\"unit\":");
	buf_add_json(b, slice_from(m->unit));
	buf_printf(b, ",\"%s\":{\"dataPoints\":[", types[m->type]);
	for (size_t i = 0; i < n_points; i++) {
		buf_add_str(b, i ? "," : "");
		add_point(b, m, &points[i]);
	}
	buf_add_char(b, ']');
	if (m->type != OTLP_GAUGE)
		buf_printf(b, ",\"aggregationTemporality\":%d", (int)m->temporality);
	if (m->type == OTLP_SUM)
		buf_add_str(b, ",\"isMonotonic\":true");
	buf_add_str(b, "}}");
}
