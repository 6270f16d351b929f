/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics_read.h"

#include "call.h"
#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <math.h>

#define MS UINT64_C(1000000)

/* What one reading said of the metrics that are looked at. */
struct seen {
	uint64_t points;		       /* of all metrics */
	int64_t tokens;			       /* gentap.tokens, input and output */
	uint64_t calls, in_buckets, exemplars; /* gen_ai.client.operation.duration */
	double seconds;
	int64_t own, gauge;
	uint64_t start_ns, time_ns;
	enum otlp_temporality temporality;
	bool overflow;
};

static void look_at_duration(struct seen *s, const struct otlp_metric *m,
			     const struct otlp_point *p)
{
	s->calls += p->count;
	s->seconds += p->number;
	s->exemplars += p->n_exemplars;
	s->start_ns = p->start_ns;
	s->time_ns = p->time_ns;
	s->temporality = m->temporality;
	if (m->type == OTLP_EXP_HISTOGRAM)
		for (size_t i = 0; i < p->exp.n_counts; i++)
			s->in_buckets += p->exp.counts[i];
	else
		for (size_t i = 0; i <= m->n_bounds; i++)
			s->in_buckets += p->buckets[i];
	for (size_t i = 0; i < p->n_exemplars; i++)
		CHECK(fabs(p->exemplars[i].number - 0.04) < 1e-12 && p->exemplars[i].span_id[0]);
}

static void on_metric(void *ctx, const struct otlp_metric *m, const struct otlp_point *points,
		      size_t n_points)
{
	struct seen *s = ctx;
	struct slice name = slice_from(m->name);

	for (size_t i = 0; i < n_points; i++) {
		const struct otlp_point *p = &points[i];

		s->points++;
		if (slice_eq(name, SLICE("gentap.tokens")))
			s->tokens += p->integer;
		else if (slice_eq(name, SLICE("gen_ai.client.operation.duration")))
			look_at_duration(s, m, p);
		else if (slice_eq(name, SLICE("gentap.test")))
			s->own += p->integer;
		else if (slice_eq(name, SLICE("gentap.level")))
			s->gauge += p->integer;
		for (size_t k = 0; k < p->n_attrs; k++)
			s->overflow |= p->attrs[k].type == ATTR_BOOL;
	}
}

static void chats(struct metrics *m, size_t n, const char *model)
{
	const struct call c = { .op = OP_CHAT };

	for (size_t i = 0; i < n; i++) {
		struct span *s = NULL;

		if (span_new(&s))
			continue;
		s->call = &c;
		s->span_id[0] = 1;
		s->start_ns = 1000;
		s->end_ns = 1000 + 40 * MS;
		span_set_str(s, ATTR_OPERATION_NAME, SLICE("chat"));
		span_set_str(s, ATTR_REQUEST_MODEL, slice_from(model));
		span_set_int(s, ATTR_USAGE_INPUT, 10);
		span_set_int(s, ATTR_USAGE_OUTPUT, 1);
		metrics_span(m, s);
		span_free(s);
	}
}

static struct seen read_now(struct metrics_reader *r, uint64_t now_ns, uint64_t own)
{
	const struct expose_value values[] = {
		{ .name = "gentap.test",
		  .help = "Test.",
		  .label = "l",
		  .label_value = "a",
		  .value = own },
		{ .name = "gentap.test",
		  .help = "Test.",
		  .label = "l",
		  .label_value = "b",
		  .value = 1 },
		{ .name = "gentap.level", .help = "Level.", .gauge = true, .value = 7 },
	};
	struct seen s = { 0 };
	const struct metrics_sink sink = { &s, on_metric };

	metrics_read(r, now_ns, values, ARRAY_LEN(values), &sink);
	return s;
}

TEST(cumulative_is_since_the_start)
{
	const struct metrics_reader_config config = { .start_ns = 5 };
	struct metrics_reader *r = NULL;
	struct metrics *m = NULL;
	struct seen s;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ 0 }), 0);
	CHECK_INT(metrics_reader_new(&r, m, &config), 0);
	chats(m, 3, "m");
	s = read_now(r, 100, 4);
	CHECK_INT(s.tokens, 33);
	CHECK_INT(s.calls, 3);
	CHECK_INT(s.in_buckets, 3);
	CHECK(fabs(s.seconds - 0.12) < 1e-9);
	CHECK_INT(s.own, 5);
	CHECK_INT(s.gauge, 7);
	CHECK_INT(s.start_ns, 5);
	CHECK_INT(s.time_ns, 100);
	CHECK_INT(s.temporality, OTLP_CUMULATIVE);
	CHECK_INT(s.exemplars, 1);
	chats(m, 1, "m");
	s = read_now(r, 200, 4);
	CHECK_INT(s.tokens, 44);
	CHECK_INT(s.calls, 4);
	CHECK_INT(s.start_ns, 5);
	/* Nothing new: no exemplar, all else again. */
	s = read_now(r, 300, 4);
	CHECK_INT(s.calls, 4);
	CHECK_INT(s.exemplars, 0);
	metrics_reader_free(r);
	metrics_free(m);
}

static void check_deltas(bool exponential)
{
	const struct metrics_reader_config config = {
		.delta = true, .delta_own = true, .exponential = exponential, .start_ns = 5
	};
	struct metrics_reader *r = NULL;
	struct metrics *m = NULL;
	struct seen s;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .exponential = exponential }), 0);
	CHECK_INT(metrics_reader_new(&r, m, &config), 0);
	chats(m, 3, "m");
	s = read_now(r, 100, 4);
	CHECK_INT(s.tokens, 33);
	CHECK_INT(s.own, 5);
	CHECK_INT(s.start_ns, 5);
	CHECK_INT(s.temporality, OTLP_DELTA);
	chats(m, 2, "m");
	chats(m, 1, "other");
	s = read_now(r, 200, 6);
	CHECK_INT(s.tokens, 33);
	CHECK_INT(s.calls, 3);
	CHECK_INT(s.in_buckets, 3);
	CHECK_INT(s.exemplars, 2);
	CHECK_INT(s.own, 2);
	CHECK_INT(s.gauge, 7);
	CHECK_INT(s.start_ns, 100);
	s = read_now(r, 300, 6);
	CHECK_INT(s.points, 1); /* the gauge */
	metrics_reader_free(r);
	metrics_free(m);
}

TEST(deltas_are_since_the_last_reading)
{
	check_deltas(false);
	check_deltas(true);
}

TEST(what_has_no_series_of_its_own_says_so)
{
	struct metrics_reader *r = NULL;
	struct metrics *m = NULL;
	struct seen s;

	CHECK_INT(metrics_new(&m, &(struct metrics_config){ .series_max = 2 }), 0);
	CHECK_INT(metrics_reader_new(&r, m, &(struct metrics_reader_config){ 0 }), 0);
	chats(m, 1, "a");
	s = read_now(r, 1, 0);
	CHECK(!s.overflow);
	chats(m, 2, "b");
	chats(m, 3, "c");
	s = read_now(r, 2, 0);
	CHECK(s.overflow);
	CHECK_INT(s.calls, 6);
	CHECK_INT(s.tokens, 66);
	metrics_reader_free(r);
	metrics_free(m);
}

/* What a reading has no memory for comes with a later one: nothing is lost or doubled. */
TEST(reading_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		const struct metrics_reader_config config = { .delta = true, .exponential = true };
		struct metrics_reader *r = NULL;
		struct metrics *m = NULL;
		int e = metrics_new(&m, &(struct metrics_config){ .exponential = true });
		struct seen first, second;

		if (!e)
			e = metrics_reader_new(&r, m, &config);
		if (!e) {
			chats(m, 2, "m");
			first = read_now(r, 1, 1);
			second = read_now(r, 2, 1);
			CHECK(first.calls + second.calls == first.in_buckets + second.in_buckets);
			CHECK(first.calls + second.calls <= 2);
			CHECK_INT(read_now(r, 3, 1).calls, 0);
		} else {
			CHECK_INT(e, -ENOMEM);
		}
		metrics_reader_free(r);
		metrics_free(m);
	}
}
