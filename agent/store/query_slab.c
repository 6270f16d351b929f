/* SPDX-License-Identifier: Apache-2.0 */
#include "query_slab.h"

#include "cleanup.h"
#include "slab_cond.h"
#include "slab_use.h"

#include <errno.h>

#define MEMO_LEAST 1024

/* Groups by the hash of their key: groups_get() is too slow to be asked for each span. */
struct memo {
	struct query_group **groups;
	size_t size, used; /* size: a power of two */
};

struct scan {
	const struct query *q;
	const struct state_rule *rules;
	struct query_groups *groups;
	struct scan_totals *totals;
	struct slab_cond *cond;
	struct slab_attrs *attrs;
	struct slab_uses uses;
	struct slab_column *columns[F_COUNT]; /* NULL: not needed */
	struct slab_column *ids;	      /* the same */
	bool first[F_COUNT];		      /* needed to know which spans are */
	int64_t from_ns, to_ns;
	int64_t full, refused; /* numbers of these words; 0: there is none */
	unsigned int class_bits;
	struct memo memo;
	bool pass[SLAB_SPANS];
	uint16_t picked[SLAB_SPANS];	       /* that passed */
	struct query_group *group[SLAB_SPANS]; /* of picked[i] */
	size_t n_picked;
};

static bool attr_fits(const struct query_attr *a)
{
	return a->field == F_NONE ? slab_attrs_have(a->json_path) : slab_has(a->field);
}

/* How values are spread is kept in whole numbers, which those of other attributes need not be. */
static bool agg_fits(const struct query_column *c)
{
	bool spread = (c->fn >= QUERY_P50 && c->fn <= QUERY_P99) || c->fn == QUERY_BELOW;

	return !c->attr || (attr_fits(c->attr) && !(spread && c->attr->field == F_NONE));
}

bool query_slab_fits(const struct query *q)
{
	if (q->source != QUERY_SPANS || !q->n_aggs || !slab_cond_fits(q->where))
		return false;
	for (size_t i = 0; i < q->n_keys; i++)
		if (!attr_fits(q->keys[i].attr))
			return false;
	for (size_t i = 0; i < q->n_aggs; i++)
		if (!agg_fits(&q->aggs[i]))
			return false;
	return true;
}

static uint64_t hash_key(const struct group_value *key, size_t n)
{
	uint64_t h = SLICE_HASH;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ (uint64_t)key[i].integer ^ key[i].tag << 60) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return h;
}

static int grow_memo(struct memo *m, size_t n_key)
{
	size_t size = m->size ? 2 * m->size : MEMO_LEAST;
	struct query_group **groups = calloc(size, sizeof(struct query_group *));

	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < m->size; i++) {
		size_t at;

		if (!m->groups[i])
			continue;
		at = hash_key(m->groups[i]->key, n_key) & (size - 1);
		while (groups[at])
			at = (at + 1) & (size - 1);
		groups[at] = m->groups[i];
	}
	free(m->groups);
	m->groups = groups;
	m->size = size;
	return 0;
}

static struct query_group *find_group(struct scan *s, const struct group_value *key, int *error)
{
	size_t n = s->q->n_keys + 1, at;
	struct memo *m = &s->memo;
	struct query_group *group;

	if (2 * (m->used + 1) > m->size) {
		*error = grow_memo(m, n);
		if (*error)
			return NULL;
	}
	at = hash_key(key, n) & (m->size - 1);
	while ((group = m->groups[at])) {
		if (!memcmp(group->key, key, n * sizeof(*key)))
			return group;
		at = (at + 1) & (m->size - 1);
	}
	group = groups_get(s->groups, key, error);
	if (group) {
		m->groups[at] = group;
		m->used++;
	}
	return group;
}

/* As a row of `spans` would give it. */
static inline struct group_value column_value(const struct slab_column *c, enum field_kind kind,
					      size_t row)
{
	if (!c->known[row])
		return (struct group_value){ 0 };
	return (struct group_value){ c->values[row], kind == FIELD_WORD ? VALUE_WORD
						     : kind == FIELD_ID ? VALUE_ID
									: VALUE_NUMBER };
}

static inline int value_of(struct scan *s, const struct query_attr *a, size_t row,
			   struct group_value *ret)
{
	if (a->field == F_NONE)
		return slab_uses_value(&s->uses, s->groups, a, row, ret);
	*ret = column_value(s->columns[a->field], a->kind, row);
	return 0;
}

static int pick(struct scan *s, struct slab_reader *r, const struct slab *slab)
{
	const int64_t *start = s->columns[F_START]->values, *class = s->columns[F_CLASS]->values;
	int e = 0;

	for (int f = 0; !e && f < F_COUNT; f++)
		if (s->columns[f] && s->first[f])
			e = slab_reader_column(r, slab, f, s->columns[f]);
	if (!e)
		e = slab_attrs_read(s->attrs, slab);
	if (e)
		return e;
	slab_uses_reset(&s->uses);
	for (size_t i = 0; i < slab->n; i++)
		s->pass[i] = i >= slab->from && start[i] >= s->from_ns && start[i] < s->to_ns &&
			     (uint64_t) class[i] < CLASSES && s->class_bits & CLASS_BIT(class[i]);
	e = slab_cond_filter(s->cond, s->columns, slab->n, s->pass);
	s->n_picked = 0;
	for (size_t i = 0; i < slab->n; i++) {
		s->picked[s->n_picked] = (uint16_t)i;
		s->n_picked += s->pass[i];
	}
	return e;
}

static int find_groups(struct scan *s)
{
	struct group_value key[QUERY_COLUMNS_MAX + 1] = { 0 };
	const int64_t *start = s->columns[F_START]->values;
	int64_t interval = (int64_t)s->q->interval_ns;
	int e = 0;

	for (size_t i = 0; i < s->n_picked; i++) {
		size_t row = s->picked[i];

		if (interval)
			key[0] = (struct group_value){ start[row] - start[row] % interval,
						       VALUE_NUMBER };
		for (size_t k = 0; !e && k < s->q->n_keys; k++)
			e = value_of(s, s->q->keys[k].attr, row, &key[k + 1]);
		s->group[i] = e ? NULL : find_group(s, key, &e);
		if (!s->group[i])
			return e;
	}
	return 0;
}

static bool is_refused(const struct scan *s, size_t row)
{
	const struct slab_column *source = s->columns[F_COST_SOURCE];

	return source->known[row] && source->values[row] == s->refused &&
	       s->columns[F_CLASS]->values[row] == CLASS_REQUEST;
}

static void count(struct scan *s)
{
	const struct slab_column *complete = s->columns[F_COMPLETENESS];
	const int64_t *start = s->columns[F_START]->values, *error = s->columns[F_ERROR]->values;

	for (size_t i = 0; i < s->n_picked; i++) {
		size_t row = s->picked[i];

		s->group[i]->count++;
		s->group[i]->errors += error[row] != 0;
		s->group[i]->partial += complete->known[row] && complete->values[row] != s->full;
		s->group[i]->refused += is_refused(s, row);
		s->totals->first_ns = MIN(s->totals->first_ns, start[row]);
	}
	s->totals->matched += s->n_picked;
}

static int add_state(struct scan *s, size_t state)
{
	const struct query_attr *a = s->groups->state_attr[state];
	const int64_t *class = s->columns[F_CLASS]->values;
	int e = 0;

	for (size_t i = 0; !e && i < s->n_picked; i++) {
		struct group_value v;

		if (!(s->rules[state].classes & CLASS_BIT(class[s->picked[i]])) ||
		    (s->rules[state].of_answer && is_refused(s, s->picked[i])))
			continue;
		e = value_of(s, a, s->picked[i], &v);
		if (!e)
			e = agg_add(s->groups, s->group[i], state, &v);
	}
	return e;
}

static int add_slab(struct scan *s, struct slab_reader *r, const struct slab *slab)
{
	int e = pick(s, r, slab);

	for (int f = 0; !e && s->n_picked && f < F_COUNT; f++)
		if (s->columns[f] && !s->first[f])
			e = slab_reader_column_at(r, slab, f, s->picked, s->n_picked,
						  s->columns[f]);
	if (!e)
		e = find_groups(s);
	if (e)
		return e;
	count(s);
	for (size_t i = 0; !e && i < s->groups->n_states; i++)
		e = add_state(s, i);
	return e;
}

/* Those that tell which spans are picked, and these. */
static int alloc_columns(struct scan *s, const bool needed[F_COUNT])
{
	s->first[F_START] = s->first[F_CLASS] = true;
	slab_cond_fields(s->cond, s->first);
	for (int f = 0; f < F_COUNT; f++) {
		if (!needed[f] && !s->first[f])
			continue;
		s->columns[f] = malloc(sizeof(*s->columns[f]));
		if (!s->columns[f])
			return -ENOMEM;
	}
	return 0;
}

static int need(struct scan *s, const struct query_attr *a, bool needed[F_COUNT])
{
	if (a->field == F_NONE)
		return slab_uses_need(&s->uses, s->attrs, a);
	needed[a->field] = true;
	return 0;
}

static int make_columns(struct scan *s)
{
	bool needed[F_COUNT] = {
		[F_ERROR] = true, [F_COMPLETENESS] = true, [F_COST_SOURCE] = true
	};

	int e = 0;

	for (size_t i = 0; !e && i < s->q->n_keys; i++)
		e = need(s, s->q->keys[i].attr, needed);
	for (size_t i = 0; !e && i < s->groups->n_states; i++)
		e = need(s, s->groups->state_attr[i], needed);
	return e ? e : alloc_columns(s, needed);
}

static void scan_release(struct scan *s)
{
	for (int f = 0; f < F_COUNT; f++)
		free(s->columns[f]);
	free(s->ids);
	slab_uses_release(&s->uses);
	slab_cond_free(s->cond);
	slab_attrs_free(s->attrs);
	free(s->memo.groups);
}

/* Slabs without the attributes that are needed are left to those who read span by span. */
static int leave_out(struct scan *s, struct slab_reader *r)
{
	int64_t sealed;
	int e = slab_attrs_sealed(s->attrs, s->from_ns, s->to_ns, &sealed);

	if (!e)
		slab_reader_stop_at(r, sealed);
	return e;
}

static int scan_all(struct scan *s, struct slab_reader *r)
{
	struct slab slab;
	int e = leave_out(s, r);

	while (!e && (e = slab_reader_next(r, &slab)) > 0) {
		e = add_slab(s, r, &slab);
		if (e)
			return e;
	}
	return e;
}

static int prepare(struct scan *s, sqlite3 *db)
{
	int e = db_get_int(db, "SELECT id FROM strings WHERE value='full'", 0, &s->full);

	if (!e)
		e = db_get_int(db, "SELECT id FROM strings WHERE value='" COST_REFUSED "'", 0,
			       &s->refused);
	if (!e)
		e = slab_attrs_new(&s->attrs, db);
	if (!e)
		e = slab_cond_new(&s->cond, db, s->attrs, s->q->where);
	return e ? e : make_columns(s);
}

static int visit_slab(struct scan *s, struct slab_reader *r, const struct slab *slab,
		      const struct slab_visitor *v)
{
	int64_t values[SLAB_VISIT_MAX];
	bool known[SLAB_VISIT_MAX] = { 0 };
	int e = pick(s, r, slab);

	if (e || !s->n_picked)
		return e;
	for (size_t i = 0; !e && i < v->n; i++)
		if (!s->first[v->fields[i]])
			e = slab_reader_column_at(r, slab, v->fields[i], s->picked, s->n_picked,
						  s->columns[v->fields[i]]);
	if (!e && s->ids)
		e = slab_reader_ids(r, slab, s->ids);
	for (size_t i = 0; !e && i < s->n_picked; i++) {
		size_t row = s->picked[i];

		for (size_t f = 0; f < v->n; f++) {
			values[f] = s->columns[v->fields[f]]->values[row];
			known[f] = s->columns[v->fields[f]]->known[row];
		}
		if (s->ids) {
			values[v->n] = s->ids->values[row];
			known[v->n] = true;
		}
		e = v->visit(v->arg, values, known);
	}
	return e;
}

static int prepare_visit(struct scan *s, sqlite3 *db, const struct slab_visitor *v)
{
	bool needed[F_COUNT] = { 0 };
	int e = slab_attrs_new(&s->attrs, db);

	if (!e)
		e = slab_cond_new(&s->cond, db, s->attrs, s->q->where);
	for (size_t i = 0; i < v->n; i++)
		needed[v->fields[i]] = true;
	if (!e && v->id) {
		s->ids = malloc(sizeof(*s->ids));
		e = s->ids ? 0 : -ENOMEM;
	}
	return e ? e : alloc_columns(s, needed);
}

static int visit_all(struct scan *s, sqlite3 *db, struct slab_reader *r,
		     const struct slab_visitor *v)
{
	struct slab slab;
	int e = prepare_visit(s, db, v);

	if (!e)
		e = leave_out(s, r);
	while (!e && (e = slab_reader_next(r, &slab)) > 0)
		e = visit_slab(s, r, &slab, v);
	return e;
}

int query_slab_each(sqlite3 *db, const struct query *q, const struct scan_range *range,
		    const struct slab_visitor *visitor, int64_t *ret_sealed, int64_t *ret_unsealed)
{
	struct slab_reader reader;
	struct scan *s;
	int e;

	*ret_sealed = *ret_unsealed = 0;
	if (!slab_cond_fits(q->where))
		return 0;
	e = slab_reader_init(&reader, db, range->from_ns, range->to_ns);
	if (e)
		return e;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->q = q;
		s->from_ns = range->from_ns;
		s->to_ns = range->to_ns;
		s->class_bits = range->classes;
		e = visit_all(s, db, &reader, visitor);
		*ret_sealed = reader.sealed;
		*ret_unsealed = reader.unsealed;
		scan_release(s);
		free(s);
	}
	slab_reader_release(&reader);
	return s ? e : -ENOMEM;
}

int query_slab_scan(sqlite3 *db, const struct query *q, const struct plan *plan,
		    const struct plan_segment *segment, const struct state_rule *rules,
		    struct query_groups *groups, struct scan_totals *totals, int64_t *ret_sealed,
		    int64_t *ret_unsealed)
{
	struct slab_reader reader;
	struct scan *s;
	int e = slab_reader_init(&reader, db, segment->from_ns, segment->to_ns);

	if (e)
		return e;
	s = calloc(1, sizeof(*s));
	if (!s) {
		slab_reader_release(&reader);
		return -ENOMEM;
	}
	s->q = q;
	s->rules = rules;
	s->groups = groups;
	s->totals = totals;
	s->from_ns = segment->from_ns;
	s->to_ns = segment->to_ns;
	s->class_bits = plan->classes;
	e = prepare(s, db);
	if (!e)
		e = scan_all(s, &reader);
	if (!e) {
		*ret_sealed = reader.sealed;
		*ret_unsealed = reader.unsealed;
	}
	scan_release(s);
	free(s);
	slab_reader_release(&reader);
	return e;
}
