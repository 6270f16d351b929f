/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics_read.h"

#include "cleanup.h"
#include "metrics_impl.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define POINTS 32 /* handed on at once */
#define BUCKETS_MAX METRICS_BUCKETS_MAX
#define OWN_MAX 1024	/* series of the agent's own that are remembered */
#define ALL_MAX 1000000 /* more series than there can be */

/* What a series was at the last reading; only kept for deltas. */
struct previous {
	uint64_t sum;
	uint64_t count;
	uint64_t buckets[BUCKETS_MAX];
	struct exphist exp[]; /* one or none */
};

/* Points of one metric, and what they lend. */
struct part {
	struct otlp_metric metric;
	struct otlp_point points[POINTS];
	struct attr attrs[POINTS][LABELS + 1];
	uint64_t buckets[POINTS][BUCKETS_MAX];
	struct exphist exp[POINTS];
	struct otlp_exemplar exemplars[POINTS][BUCKETS_MAX];
	size_t n;
};

struct metrics_reader {
	const struct metrics *metrics;
	struct metrics_reader_config config;
	struct table series; /* struct metric_series * -> struct previous */
	struct table own;    /* name, NUL, label -> uint64_t */
	uint64_t last_ns;
	uint64_t last_span; /* number of the last one that was there */
	struct part part;
};

/* A reading under way. */
struct reading {
	struct metrics_reader *reader;
	const struct metrics_sink *sink;
	const struct metric_def *def;
	uint64_t now_ns;
	bool incomplete;
};

static void hand_on(struct reading *r)
{
	struct part *p = &r->reader->part;

	if (p->n)
		r->sink->metric(r->sink->ctx, &p->metric, p->points, p->n);
	p->n = 0;
}

/* A point with its times and no attributes yet. */
static struct otlp_point *next_point(struct reading *r)
{
	struct metrics_reader *reader = r->reader;
	struct part *p = &reader->part;
	struct otlp_point *point;
	bool delta = p->metric.temporality == OTLP_DELTA;

	if (p->n == POINTS)
		hand_on(r);
	point = &p->points[p->n];
	*point = (struct otlp_point){
		.attrs = p->attrs[p->n],
		.start_ns = delta && reader->last_ns ? reader->last_ns : reader->config.start_ns,
		.time_ns = r->now_ns,
		.buckets = p->buckets[p->n],
		.exemplars = p->exemplars[p->n],
	};
	return point;
}

static void add_attr(struct reading *r, struct otlp_point *point, const char *key,
		     struct slice value)
{
	struct part *p = &r->reader->part;

	p->attrs[p->n][point->n_attrs++] =
		(struct attr){ .key = key, .type = ATTR_STRING, .string = value };
}

static void add_labels(struct reading *r, struct otlp_point *point, const struct metric_series *s,
		       bool overflow)
{
	struct part *p = &r->reader->part;
	size_t at = 0;

	for (size_t l = 0; l < LABELS && at < s->key_len; l++) {
		size_t len;

		if (!(r->def->labels >> l & 1))
			continue;
		len = (unsigned char)s->key[at++];
		if (len)
			add_attr(r, point, metric_label_keys[l],
				 (struct slice){ s->key + at, len });
		at += len;
	}
	if (overflow)
		p->attrs[p->n][point->n_attrs++] = (struct attr){ .key = "otel.metric.overflow",
								  .type = ATTR_BOOL,
								  .boolean = true };
}

static void add_exemplars(struct reading *r, struct otlp_point *point,
			  const struct metric_series *s)
{
	struct part *p = &r->reader->part;

	for (size_t i = 0; i <= r->def->n_bounds; i++) {
		const struct metric_exemplar *from = &s->exemplars[i];
		struct otlp_exemplar *to = &p->exemplars[p->n][point->n_exemplars];

		if (from->number <= r->reader->last_span)
			continue;
		*to = (struct otlp_exemplar){
			.time_ns = from->time_ns,
			.integer = (int64_t)from->value,
			.number = (double)from->value / pow(10, r->def->digits),
		};
		memcpy(to->trace_id, from->trace_id, sizeof(to->trace_id));
		memcpy(to->span_id, from->span_id, sizeof(to->span_id));
		point->n_exemplars++;
	}
}

/* What the series was the last time, made when it is new. NULL: no memory. */
static struct previous *previous_of(struct metrics_reader *r, const struct metric_series *s)
{
	struct previous *p = table_get(&r->series, &s, sizeof(s));

	if (p)
		return p;
	p = calloc(1, sizeof(*p) + (s->exp ? sizeof(*s->exp) : 0));
	if (p && s->exp)
		exphist_init(p->exp);
	if (p && table_add(&r->series, &s, sizeof(s), p)) {
		free(p);
		p = NULL;
	}
	return p;
}

static void remember(struct previous *p, const struct metric_series *s, size_t n_buckets)
{
	p->sum = s->sum;
	p->count = s->count;
	if (s->buckets)
		memcpy(p->buckets, s->buckets, n_buckets * sizeof(p->buckets[0]));
	if (s->exp)
		p->exp[0] = *s->exp;
}

static void set_distribution(struct reading *r, struct otlp_point *point,
			     const struct metric_series *s, const struct previous *before)
{
	struct part *p = &r->reader->part;
	struct exphist *exp = &p->exp[p->n];

	for (size_t i = 0; i <= r->def->n_bounds; i++)
		p->buckets[p->n][i] = s->buckets[i] - before->buckets[i];
	if (p->metric.type != OTLP_EXP_HISTOGRAM)
		return;
	*exp = *s->exp;
	if (p->metric.temporality == OTLP_DELTA)
		exphist_subtract(exp, before->exp);
	point->exp = (struct otlp_exp){ .scale = exp->scale,
					.offset = exp->offset,
					.counts = exp->counts,
					.n_counts = exp->n,
					.zeros = exp->zeros };
}

static void add_series(struct reading *r, const struct metric_series *s, bool overflow)
{
	static const struct previous never;
	struct part *p = &r->reader->part;
	struct previous *known = NULL;
	const struct previous *before = &never;
	struct otlp_point *point;

	if (p->metric.temporality == OTLP_DELTA) {
		before = known = previous_of(r->reader, s);
		r->incomplete |= !known;
		if (!known || s->count == known->count)
			return;
	}
	point = next_point(r);
	add_labels(r, point, s, overflow);
	add_exemplars(r, point, s);
	point->integer = (int64_t)(s->sum - before->sum);
	point->number = (double)(s->sum - before->sum) / pow(10, r->def->digits);
	point->count = s->count - before->count;
	if (s->buckets)
		set_distribution(r, point, s, before);
	if (known)
		remember(known, s, r->def->n_bounds + 1);
	p->n++;
}

static int each_series(void *value, void *arg)
{
	add_series(arg, value, false);
	return 0;
}

static void read_metric(struct reading *r, const struct metric *m)
{
	const struct metrics_reader_config *c = &r->reader->config;
	const struct metric_def *d = r->def;

	r->reader->part.metric = (struct otlp_metric){
		.name = d->name,
		.description = d->help,
		.unit = d->ucum ? d->ucum : "1",
		.type = d->type == METRIC_GAUGE	    ? OTLP_GAUGE
			: d->type == METRIC_COUNTER ? OTLP_SUM
			: c->exponential	    ? OTLP_EXP_HISTOGRAM
						    : OTLP_HISTOGRAM,
		.temporality = c->delta && d->type != METRIC_GAUGE ? OTLP_DELTA : OTLP_CUMULATIVE,
		.integers = !d->digits,
		.bounds = d->bounds,
		.n_bounds = d->n_bounds,
	};
	table_each(&m->series, each_series, r);
	if (m->overflow)
		add_series(r, m->overflow, true);
	hand_on(r);
}

/* Of a counter what it was at the last reading, now replaced; false: no memory. */
static bool take_own(struct metrics_reader *r, const struct expose_value *v, uint64_t *ret_before)
{
	char key[256];
	int len = snprintf(key, sizeof(key), "%s\n%s", v->name, v->label ? v->label_value : "");
	uint64_t *known;

	len = MIN(len, (int)sizeof(key) - 1);
	known = table_get(&r->own, key, (size_t)len);
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known || table_add(&r->own, key, (size_t)len, known)) {
			free(known);
			return false;
		}
	}
	*ret_before = *known;
	*known = v->value;
	return true;
}

static void add_own(struct reading *r, const struct expose_value *v)
{
	struct part *p = &r->reader->part;
	struct otlp_point *point;
	uint64_t before = 0;

	if (p->metric.type == OTLP_SUM && p->metric.temporality == OTLP_DELTA) {
		if (!take_own(r->reader, v, &before)) {
			r->incomplete = true;
			return;
		}
		if (v->value == before)
			return;
	}
	point = next_point(r);
	if (v->label)
		add_attr(r, point, v->label, slice_from(v->label_value));
	point->integer = (int64_t)(v->value - before);
	point->number = (double)(v->value - before) / pow(10, v->digits);
	p->n++;
}

static void read_own(struct reading *r, const struct expose_value *own, size_t n)
{
	bool delta = r->reader->config.delta_own;

	for (size_t i = 0; i < n; i++) {
		if (!i || strcmp(own[i].name, own[i - 1].name) != 0) {
			hand_on(r);
			r->reader->part.metric = (struct otlp_metric){
				.name = own[i].name,
				.description = own[i].help,
				.unit = own[i].ucum ? own[i].ucum : "1",
				.type = own[i].gauge ? OTLP_GAUGE : OTLP_SUM,
				.temporality = delta ? OTLP_DELTA : OTLP_CUMULATIVE,
				.integers = !own[i].digits,
			};
		}
		add_own(r, &own[i]);
	}
	hand_on(r);
}

int metrics_read(struct metrics_reader *reader, uint64_t now_ns, const struct expose_value *own,
		 size_t n_own, const struct metrics_sink *sink)
{
	struct reading r = { .reader = reader, .sink = sink, .now_ns = now_ns };
	struct expose_value refused[METRICS_REFUSED];

	for (size_t i = 0; i < n_metric_defs; i++) {
		r.def = &metric_defs[i];
		read_metric(&r, &reader->metrics->metric[i]);
	}
	metrics_refused(reader->metrics, refused);
	read_own(&r, refused, METRICS_REFUSED);
	read_own(&r, own, n_own);
	reader->last_ns = now_ns;
	reader->last_span = reader->metrics->spans;
	return r.incomplete ? -ENOMEM : 0;
}

int metrics_reader_new(struct metrics_reader **ret, const struct metrics *m,
		       const struct metrics_reader_config *config)
{
	struct metrics_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->metrics = m;
	r->config = *config;
	r->config.exponential = config->exponential && m->exponential;
	table_init(&r->series, ALL_MAX);
	table_init(&r->own, OWN_MAX);
	*ret = r;
	return 0;
}

void metrics_reader_free(struct metrics_reader *r)
{
	if (!r)
		return;
	table_release(&r->series, free);
	table_release(&r->own, free);
	free(r);
}
