/* SPDX-License-Identifier: Apache-2.0 */
#include "query_group.h"

#include "query_attr.h"

#include "cleanup.h"

#include <errno.h>

static const double quantiles[] = {
	[QUERY_P50] = 0.5,  [QUERY_P75] = 0.75, [QUERY_P90] = 0.9,
	[QUERY_P95] = 0.95, [QUERY_P99] = 0.99,
};

static bool asks_spread(enum query_fn fn)
{
	return (fn >= QUERY_P50 && fn <= QUERY_P99) || fn == QUERY_BELOW;
}

static bool same_attr(const struct query_attr *a, const struct query_attr *b)
{
	return a && b &&
	       (a->field != F_NONE ? a->field == b->field
				   : a->sql == b->sql && slice_eq(a->json_path, b->json_path));
}

static void find_state(struct query_groups *g, size_t agg)
{
	const struct query_column *c = &g->q->aggs[agg];
	size_t i = 0;

	if (!c->attr)
		return;
	while (i < g->n_states && !same_attr(g->state_attr[i], c->attr))
		i++;
	g->state_attr[i] = c->attr;
	g->state_of[agg] = i;
	g->n_states = MAX(g->n_states, i + 1);
	g->wants_values[i] |= asks_spread(c->fn);
	g->wants_uniq[i] |= c->fn == QUERY_UNIQ;
}

void groups_init(struct query_groups *g, const struct query *q, bool approximate)
{
	*g = (struct query_groups){ .q = q, .approximate = approximate };
	for (size_t i = 0; i < q->n_aggs; i++)
		find_state(g, i);
	table_init(&g->groups, QUERY_GROUPS_MAX);
	table_init(&g->texts, QUERY_GROUPS_MAX);
	arena_init(&g->arena, QUERY_MEMORY_MAX / 4);
}

static void free_group(struct query_group *group, size_t n_states)
{
	for (size_t i = 0; group->states && i < n_states; i++) {
		free(group->states[i].values);
		histogram_release(&group->states[i].histogram);
		free(group->states[i].uniq.slots);
	}
	free(group->states);
	free(group);
}

void groups_release(struct query_groups *g)
{
	struct query_group *group;

	while ((group = table_take_oldest(&g->groups)))
		free_group(group, g->n_states);
	table_release(&g->groups, NULL);
	table_release(&g->texts, NULL);
	arena_release(&g->arena);
}

static struct query_group *group_new(const struct query_groups *g, const struct group_value *key)
{
	struct query_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	memcpy(group->key, key, (g->q->n_keys + 1) * sizeof(*key));
	group->states = calloc(g->n_states + 1, sizeof(*group->states));
	if (!group->states) {
		free(group);
		return NULL;
	}
	for (size_t i = 0; i < g->n_states; i++) {
		group->states[i].min_int = INT64_MAX;
		group->states[i].max_int = INT64_MIN;
		group->states[i].min = INFINITY;
		group->states[i].max = -INFINITY;
	}
	return group;
}

struct query_group *groups_get(struct query_groups *g, const struct group_value *key, int *error)
{
	size_t len = (g->q->n_keys + 1) * sizeof(*key);
	struct query_group *group = table_get(&g->groups, key, len);
	int r;

	if (group)
		return group;
	group = group_new(g, key);
	if (!group) {
		*error = -ENOMEM;
		return NULL;
	}
	r = table_add(&g->groups, key, len, group);
	if (r) {
		free_group(group, g->n_states);
		*error = r;
		return NULL;
	}
	return group;
}

int64_t groups_text(struct query_groups *g, struct slice text)
{
	int64_t known = (intptr_t)table_get(&g->texts, text.data ? text.data : "", text.len);
	struct slice *place;

	if (known)
		return known - 1;
	place = arena_push(&g->arena, &g->text_list, &g->n_texts, sizeof(*place));
	if (!place)
		return -1;
	*place = arena_copy(&g->arena, text.data ? text : SLICE(""));
	known = (int64_t)g->n_texts;
	if (!place->data || table_add(&g->texts, place->data, place->len, (void *)(intptr_t)known))
		return -1;
	return known - 1;
}

static int keep_value(struct query_groups *g, struct agg_state *s, double v)
{
	if (g->approximate)
		return histogram_add(&s->histogram, llround(v), 1);
	if (s->n_values == s->size) {
		size_t size = s->size ? 2 * s->size : 16;
		void *grown;

		g->memory += (size - s->size) * sizeof(*s->values);
		if (g->memory > QUERY_MEMORY_MAX)
			return -ENOSPC;
		grown = realloc(s->values, size * sizeof(*s->values));
		if (!grown)
			return -ENOMEM;
		s->values = grown;
		s->size = size;
	}
	s->values[s->n_values++] = v;
	s->sorted = false;
	return 0;
}

/* Where it stands, or would. There is a free slot. */
static struct group_value *find_slot(const struct value_set *set, const struct group_value *v)
{
	uint64_t h = ((uint64_t)v->integer ^ v->tag << 60) * 0x9e3779b97f4a7c15u;
	size_t at = (h ^ h >> 32) & (set->size - 1);

	while (set->slots[at].tag != VALUE_NULL &&
	       (set->slots[at].tag != v->tag || set->slots[at].integer != v->integer))
		at = (at + 1) & (set->size - 1);
	return &set->slots[at];
}

static int grow_set(struct query_groups *g, struct value_set *set)
{
	struct value_set grown = { .size = set->size ? 2 * set->size : 8, .count = set->count };

	g->memory += (grown.size - set->size) * sizeof(*set->slots);
	if (g->memory > QUERY_MEMORY_MAX)
		return -ENOSPC;
	grown.slots = calloc(grown.size, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i].tag != VALUE_NULL)
			*find_slot(&grown, &set->slots[i]) = set->slots[i];
	free(set->slots);
	*set = grown;
	return 0;
}

static int add_uniq(struct query_groups *g, struct agg_state *s, const struct group_value *v)
{
	int r = 4 * (s->uniq.count + 1) > 3 * s->uniq.size ? grow_set(g, &s->uniq) : 0;
	struct group_value *slot;

	if (r)
		return r;
	slot = find_slot(&s->uniq, v);
	s->uniq.count += slot->tag == VALUE_NULL;
	*slot = *v;
	return 0;
}

int agg_add(struct query_groups *g, struct query_group *group, size_t state,
	    const struct group_value *v)
{
	struct agg_state *s = &group->states[state];
	double real = (double)v->integer;
	int r = 0;

	s->of++;
	if (v->tag == VALUE_NULL)
		return 0;
	if (g->wants_uniq[state])
		r = add_uniq(g, s, v);
	if (v->tag == VALUE_NUMBER) {
		s->sum += v->integer;
		s->min_int = MIN(s->min_int, v->integer);
		s->max_int = MAX(s->max_int, v->integer);
	} else if (v->tag == VALUE_REAL) {
		memcpy(&real, &v->integer, sizeof(real));
		s->real = true;
		s->real_sum += real;
		s->min = fmin(s->min, real);
		s->max = fmax(s->max, real);
	} else {
		/* A word is a value to uniq alone; as a number it is not known. */
		s->words++;
		return r;
	}
	s->known++;
	return !r && g->wants_values[state] ? keep_value(g, s, real) : r;
}

int agg_add_sums(struct query_group *group, size_t state, const struct agg_sums *sums)
{
	struct agg_state *s = &group->states[state];

	s->of += sums->of;
	s->known += sums->known;
	s->sum += sums->sum;
	if (!sums->known)
		return 0;
	s->min_int = MIN(s->min_int, sums->min);
	s->max_int = MAX(s->max_int, sums->max);
	return histogram_merge(&s->histogram, sums->histogram);
}

static int merge_state(struct query_groups *g, struct agg_state *to, const struct agg_state *from)
{
	int r = 0;

	to->known += from->known;
	to->words += from->words;
	to->of += from->of;
	to->bounds += from->bounds;
	to->sum += from->sum;
	to->real_sum += from->real_sum;
	to->real |= from->real;
	to->min = fmin(to->min, from->min);
	to->max = fmax(to->max, from->max);
	to->min_int = MIN(to->min_int, from->min_int);
	to->max_int = MAX(to->max_int, from->max_int);
	for (size_t i = 0; !r && i < from->n_values; i++)
		r = keep_value(g, to, from->values[i]);
	return r ? r : histogram_add_all(&to->histogram, &from->histogram);
}

int group_merge(struct query_groups *g, struct query_group *to, const struct query_group *from)
{
	int r = 0;

	to->count += from->count;
	to->errors += from->errors;
	to->partial += from->partial;
	to->refused += from->refused;
	for (size_t i = 0; !r && i < g->n_states; i++)
		r = merge_state(g, &to->states[i], &from->states[i]);
	return r;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct query_cell int_cell(__int128 v)
{
	if (v > INT64_MAX || v < INT64_MIN)
		return (struct query_cell){ .type = QUERY_DOUBLE, .number = (double)v };
	return (struct query_cell){ .type = QUERY_INT, .integer = (int64_t)v };
}

static struct query_cell real_cell(double v)
{
	return (struct query_cell){ .type = isfinite(v) ? QUERY_DOUBLE : QUERY_NULL, .number = v };
}

static struct query_cell quantile_cell(struct agg_state *s, double q, bool approximate)
{
	size_t rank;

	if (approximate)
		return int_cell(
			MIN(MAX(histogram_quantile(&s->histogram, q), s->min_int), s->max_int));
	if (!s->n_values)
		return (struct query_cell){ 0 };
	if (!s->sorted)
		qsort(s->values, s->n_values, sizeof(*s->values), by_value);
	s->sorted = true;
	rank = (size_t)ceil(q * (double)s->n_values);
	return s->real ? real_cell(s->values[rank ? rank - 1 : 0])
		       : int_cell((__int128)s->values[rank ? rank - 1 : 0]);
}

static struct query_cell below_cell(const struct agg_state *s, int64_t limit, bool approximate)
{
	uint64_t n = 0;

	if (approximate)
		return int_cell(histogram_below(&s->histogram, limit));
	for (size_t i = 0; i < s->n_values; i++)
		n += s->values[i] < (double)limit;
	return int_cell(n);
}

static struct query_cell extreme_cell(const struct agg_state *s, bool min)
{
	double whole = (double)(min ? s->min_int : s->max_int), real = min ? s->min : s->max;

	if (!s->real || (s->min_int != INT64_MAX && (min ? whole <= real : whole >= real)))
		return int_cell(min ? s->min_int : s->max_int);
	return real_cell(real);
}

static struct query_cell state_cell(struct query_groups *g, struct agg_state *s,
				    const struct query_column *c, double seconds)
{
	enum query_fn fn = c->fn;
	double sum = (double)s->sum + s->real_sum;

	if (fn == QUERY_UNIQ)
		return int_cell((__int128)s->uniq.count);
	if (!s->known)
		return (struct query_cell){ 0 };
	switch (fn) {
	case QUERY_SUM:
		return s->real ? real_cell(sum) : int_cell(s->sum);
	case QUERY_AVG:
		return real_cell(sum / (double)s->known);
	case QUERY_MIN:
	case QUERY_MAX:
		return extreme_cell(s, fn == QUERY_MIN);
	case QUERY_RATE:
		return real_cell(sum / seconds);
	case QUERY_BELOW:
		return below_cell(s, c->below, g->approximate);
	default:
		return quantile_cell(s, quantiles[fn], g->approximate);
	}
}

struct query_cell group_cell(struct query_groups *g, struct query_group *group, size_t agg,
			     double seconds)
{
	const struct query_column *c = &g->q->aggs[agg];
	struct agg_state *s = &group->states[g->state_of[agg]];
	struct query_cell cell;

	if (c->fn == QUERY_COUNT)
		cell = int_cell(group->count);
	else if (c->fn == QUERY_PARTIAL)
		cell = int_cell(group->partial);
	else if (c->fn == QUERY_REFUSED)
		cell = int_cell(group->refused);
	else if (c->fn == QUERY_FAILURE_RATE)
		cell = group->count ? real_cell((double)group->errors / (double)group->count)
				    : (struct query_cell){ 0 };
	else if (!c->attr)
		cell = real_cell((double)group->count / seconds);
	else
		cell = state_cell(g, s, c, seconds);
	cell.known = !c->attr ? group->count : s->known + (c->fn == QUERY_UNIQ ? s->words : 0);
	cell.unknown = c->attr ? s->of - cell.known + s->bounds : 0;
	return cell;
}
