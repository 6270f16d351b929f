/* SPDX-License-Identifier: Apache-2.0 */
#include "query_plan.h"

#include "query_cond.h"

static bool agg_fits(const struct query_column *c)
{
	bool spread = c->attr && (c->attr->field == F_DURATION || c->attr->field == F_TTFT);

	switch (c->fn) {
	case QUERY_COUNT:
	case QUERY_FAILURE_RATE:
	case QUERY_PARTIAL:
	case QUERY_REFUSED:
		return true;
	case QUERY_RATE:
	case QUERY_SUM:
	case QUERY_AVG:
		return !c->attr || (c->attr->field != F_NONE && measure_index(c->attr->field) >= 0);
	case QUERY_UNIQ:
		return false;
	default:
		return spread;
	}
}

/* The finest roll-up that the interval allows; GRANS: none. */
static enum rollup_gran coarsest(const struct query *q, unsigned int dim)
{
	for (int g = GRAN_DAY; g >= GRAN_MINUTE; g--)
		if (rollup_kept(dim, g) &&
		    (!q->interval_ns || q->interval_ns % (uint64_t)gran_ns[g] == 0))
			return g;
	return GRANS;
}

bool plan_rollups_fit(const struct query *q, unsigned int *ret_dim)
{
	int dim = cond_dim(q->where);

	if (q->source != QUERY_SPANS || !q->n_aggs || dim < 0)
		return false;
	for (size_t i = 0; i < q->n_keys; i++) {
		enum field_id f = q->keys[i].attr->field;

		if (f == F_CLASS)
			continue;
		if (f == F_NONE || !fields[f].dim || (dim && (unsigned int)dim != fields[f].dim))
			return false;
		dim = (int)fields[f].dim;
	}
	for (size_t i = 0; i < q->n_aggs; i++)
		if (!agg_fits(&q->aggs[i]))
			return false;
	*ret_dim = (unsigned int)dim;
	return coarsest(q, (unsigned int)dim) != GRANS;
}

static int64_t floor_to(int64_t t, int64_t step)
{
	return t - t % step;
}

static int64_t ceil_to(int64_t t, int64_t step)
{
	return floor_to(t + step - 1, step);
}

struct cover {
	struct plan *plan;
	bool allowed[GRANS];
	int finest;
	int64_t spans_from;
};

static void add_segment(struct plan *p, int gran, int64_t from, int64_t to)
{
	struct plan_segment *last = p->n_segments ? &p->segments[p->n_segments - 1] : NULL;

	if (last && last->gran == gran && last->to_ns == from)
		last->to_ns = to;
	else if (p->n_segments < PLAN_SEGMENTS_MAX)
		p->segments[p->n_segments++] = (struct plan_segment){ gran, from, to };
}

/* Less than one of the finest roll-ups: from the spans, and from the whole roll-up where
 * the spans are gone. */
static void cover_rest(struct cover *c, int64_t from, int64_t to)
{
	int64_t step = gran_ns[c->finest];

	if (from >= c->spans_from) {
		add_segment(c->plan, PLAN_RAW, from, to);
		return;
	}
	add_segment(c->plan, c->finest, floor_to(from, step), ceil_to(to, step));
	c->plan->rounded = true;
}

static void cover(struct cover *c, int64_t from, int64_t to, int g)
{
	int64_t step, low, high;

	if (from >= to)
		return;
	if (g < GRAN_MINUTE) {
		cover_rest(c, from, to);
		return;
	}
	step = gran_ns[g];
	low = ceil_to(from, step);
	high = floor_to(to, step);
	if (!c->allowed[g] || low >= high) {
		cover(c, from, to, g - 1);
		return;
	}
	cover(c, from, low, g - 1);
	add_segment(c->plan, g, low, high);
	cover(c, high, to, g - 1);
}

static int64_t end_of(const struct query *q)
{
	/* Open: all there is, in whole days. */
	return q->until_ns ? (int64_t)q->until_ns
			   : floor_to(INT64_MAX - gran_ns[GRAN_DAY], gran_ns[GRAN_DAY]);
}

void plan_make(struct plan *p, const struct query *q, bool rollups, int64_t spans_from,
	       int64_t minutes_from, int64_t hours_from)
{
	int64_t from = (int64_t)q->since_ns, to = end_of(q);
	struct cover c = { .plan = p, .spans_from = spans_from, .finest = GRANS };

	*p = (struct plan){ .classes = cond_classes(q->where), .rollups = rollups };
	if (!rollups || !plan_rollups_fit(q, &p->dim)) {
		p->rollups = false;
		add_segment(p, PLAN_RAW, from, to);
		return;
	}
	for (int g = GRAN_DAY; g >= GRAN_MINUTE; g--) {
		c.allowed[g] = rollup_kept(p->dim, g) &&
			       (!q->interval_ns || q->interval_ns % (uint64_t)gran_ns[g] == 0) &&
			       !(g == GRAN_MINUTE && from < minutes_from) &&
			       !(g == GRAN_HOUR && from < hours_from);
		if (c.allowed[g])
			c.finest = g;
	}
	if (c.finest == GRANS) { /* an interval below what is kept of those days */
		p->rollups = false;
		add_segment(p, PLAN_RAW, from, to);
		return;
	}
	cover(&c, from, to, GRAN_DAY);
}

unsigned int plan_classes(const struct plan *p, const struct query_attr *a)
{
	unsigned int both = a->classes & p->classes;

	if (a->classes == CLASS_USAGE && both & CLASS_BIT(CLASS_REQUEST))
		return CLASS_BIT(CLASS_REQUEST);
	return a->classes;
}
