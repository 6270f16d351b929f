/* SPDX-License-Identifier: Apache-2.0 */
#include "encode_impl.h"
#include "pb.h"

/* Field numbers of opentelemetry/proto/metrics/v1. */
enum { METRIC_NAME = 1, METRIC_DESCRIPTION = 2, METRIC_UNIT = 3 };
enum { DATA_POINTS = 1, DATA_TEMPORALITY = 2, DATA_MONOTONIC = 3 };
enum {
	NUMBER_START = 2,
	NUMBER_TIME = 3,
	NUMBER_AS_DOUBLE = 4,
	NUMBER_EXEMPLARS = 5,
	NUMBER_AS_INT = 6,
	NUMBER_ATTRIBUTES = 7,
};
enum {
	HISTOGRAM_START = 2,
	HISTOGRAM_TIME = 3,
	HISTOGRAM_COUNT = 4,
	HISTOGRAM_SUM = 5,
	HISTOGRAM_BUCKETS = 6,
	HISTOGRAM_BOUNDS = 7,
	HISTOGRAM_EXEMPLARS = 8,
	HISTOGRAM_ATTRIBUTES = 9,
};
enum {
	EXP_ATTRIBUTES = 1,
	EXP_START = 2,
	EXP_TIME = 3,
	EXP_COUNT = 4,
	EXP_SUM = 5,
	EXP_SCALE = 6,
	EXP_ZERO_COUNT = 7,
	EXP_POSITIVE = 8,
	EXP_EXEMPLARS = 11,
};
enum { BUCKETS_OFFSET = 1, BUCKETS_COUNTS = 2 };
enum {
	EXEMPLAR_TIME = 2,
	EXEMPLAR_AS_DOUBLE = 3,
	EXEMPLAR_SPAN_ID = 4,
	EXEMPLAR_TRACE_ID = 5,
	EXEMPLAR_AS_INT = 6,
};

/* sint32: the sign in the lowest bit. */
static void add_sint(struct buf *b, uint32_t field, int32_t v)
{
	pb_uint(b, field, ((uint32_t)v << 1) ^ (uint32_t)(v >> 31));
}

static void add_exemplars(struct buf *b, uint32_t field, const struct otlp_metric *m,
			  const struct otlp_point *p)
{
	for (size_t i = 0; i < p->n_exemplars; i++) {
		const struct otlp_exemplar *e = &p->exemplars[i];
		size_t begin = pb_begin(b, field);

		pb_fixed64(b, EXEMPLAR_TIME, e->time_ns);
		if (m->integers)
			pb_fixed64(b, EXEMPLAR_AS_INT, (uint64_t)e->integer);
		else
			pb_double(b, EXEMPLAR_AS_DOUBLE, e->number);
		otlp_pb_id(b, EXEMPLAR_SPAN_ID, e->span_id, sizeof(e->span_id));
		otlp_pb_id(b, EXEMPLAR_TRACE_ID, e->trace_id, sizeof(e->trace_id));
		pb_end(b, begin);
	}
}

static void add_number(struct buf *b, const struct otlp_metric *m, const struct otlp_point *p)
{
	if (m->type != OTLP_GAUGE)
		pb_fixed64(b, NUMBER_START, p->start_ns);
	pb_fixed64(b, NUMBER_TIME, p->time_ns);
	if (m->integers)
		pb_fixed64(b, NUMBER_AS_INT, (uint64_t)p->integer);
	else
		pb_double(b, NUMBER_AS_DOUBLE, p->number);
	add_exemplars(b, NUMBER_EXEMPLARS, m, p);
	otlp_pb_attrs(b, NUMBER_ATTRIBUTES, p->attrs, p->n_attrs);
}

static void add_fixed(struct buf *b, uint64_t v)
{
	char *to = buf_reserve(b, sizeof(v));

	if (!to)
		return;
	for (size_t i = 0; i < sizeof(v); i++)
		to[i] = (char)(v >> 8 * i);
	buf_commit(b, sizeof(v));
}

static void add_histogram(struct buf *b, const struct otlp_metric *m, const struct otlp_point *p)
{
	pb_fixed64(b, HISTOGRAM_START, p->start_ns);
	pb_fixed64(b, HISTOGRAM_TIME, p->time_ns);
	pb_fixed64(b, HISTOGRAM_COUNT, p->count);
	pb_double(b, HISTOGRAM_SUM, p->number);
	pb_len(b, HISTOGRAM_BUCKETS, (m->n_bounds + 1) * sizeof(uint64_t));
	for (size_t i = 0; i <= m->n_bounds; i++)
		add_fixed(b, p->buckets[i]);
	pb_len(b, HISTOGRAM_BOUNDS, m->n_bounds * sizeof(uint64_t));
	for (size_t i = 0; i < m->n_bounds; i++) {
		uint64_t bits;

		memcpy(&bits, &m->bounds[i], sizeof(bits));
		add_fixed(b, bits);
	}
	add_exemplars(b, HISTOGRAM_EXEMPLARS, m, p);
	otlp_pb_attrs(b, HISTOGRAM_ATTRIBUTES, p->attrs, p->n_attrs);
}

static void add_exp_histogram(struct buf *b, const struct otlp_metric *m,
			      const struct otlp_point *p)
{
	const struct otlp_exp *e = &p->exp;
	size_t buckets, counts;

	otlp_pb_attrs(b, EXP_ATTRIBUTES, p->attrs, p->n_attrs);
	pb_fixed64(b, EXP_START, p->start_ns);
	pb_fixed64(b, EXP_TIME, p->time_ns);
	pb_fixed64(b, EXP_COUNT, p->count);
	pb_double(b, EXP_SUM, p->number);
	add_sint(b, EXP_SCALE, e->scale);
	pb_fixed64(b, EXP_ZERO_COUNT, e->zeros);
	buckets = pb_begin(b, EXP_POSITIVE);
	add_sint(b, BUCKETS_OFFSET, e->offset);
	counts = pb_begin(b, BUCKETS_COUNTS);
	for (size_t i = 0; i < e->n_counts; i++)
		pb_varint(b, e->counts[i]);
	pb_end(b, counts);
	pb_end(b, buckets);
	add_exemplars(b, EXP_EXEMPLARS, m, p);
}

void otlp_pb_metric(struct buf *b, const struct otlp_metric *m, const struct otlp_point *points,
		    size_t n_points)
{
	static const struct {
		uint32_t field; /* of Metric */
		void (*point)(struct buf *b, const struct otlp_metric *m,
			      const struct otlp_point *p);
	} types[] = {
		[OTLP_GAUGE] = { 5, add_number },
		[OTLP_SUM] = { 7, add_number },
		[OTLP_HISTOGRAM] = { 9, add_histogram },
		[OTLP_EXP_HISTOGRAM] = { 10, add_exp_histogram },
	};
	size_t data;

	pb_string(b, METRIC_NAME, slice_from(m->name));
	pb_string(b, METRIC_DESCRIPTION, slice_from(m->description));
	pb_string(b, METRIC_UNIT, slice_from(m->unit));
	data = pb_begin(b, types[m->type].field);
	for (size_t i = 0; i < n_points; i++) {
		size_t point = pb_begin(b, DATA_POINTS);

		types[m->type].point(b, m, &points[i]);
		pb_end(b, point);
	}
	if (m->type != OTLP_GAUGE)
		pb_uint(b, DATA_TEMPORALITY, m->temporality);
	if (m->type == OTLP_SUM)
		pb_uint(b, DATA_MONOTONIC, 1);
	pb_end(b, data);
}
