/* SPDX-License-Identifier: Apache-2.0 */
#include "query_slab.h"

#include "cleanup.h"
#include "slab.h"
#include "slab_cond.h"

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
	struct slab_column *columns[F_COUNT]; /* NULL: not needed */
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

bool query_slab_fits(const struct query *q)
{
	if (q->source != QUERY_SPANS || !q->n_aggs || !slab_cond_fits(q->where))
		return false;
	for (size_t i = 0; i < q->n_keys; i++)
		if (!slab_has(q->keys[i].attr->field))
			return false;
	for (size_t i = 0; i < q->n_aggs; i++)
		if (q->aggs[i].attr && !slab_has(q->aggs[i].attr->field))
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
static struct group_value value_of(const struct slab_column *c, enum field_kind kind, size_t row)
{
	if (!c->known[row])
		return (struct group_value){ 0 };
	return (struct group_value){ c->values[row], kind == FIELD_WORD ? VALUE_WORD
						     : kind == FIELD_ID ? VALUE_ID
									: VALUE_NUMBER };
}

static int pick(struct scan *s, struct slab_reader *r, const struct slab *slab)
{
	const int64_t *start = s->columns[F_START]->values, *class = s->columns[F_CLASS]->values;
	int e = 0;

	for (int f = 0; !e && f < F_COUNT; f++)
		if (s->columns[f] && s->first[f])
			e = slab_reader_column(r, slab, f, s->columns[f]);
	if (e)
		return e;
	for (size_t i = 0; i < slab->n; i++)
		s->pass[i] = i >= slab->from && start[i] >= s->from_ns && start[i] < s->to_ns &&
			     (uint64_t) class[i] < CLASSES && s->class_bits & CLASS_BIT(class[i]);
	slab_cond_filter(s->cond, s->columns, slab->n, s->pass);
	s->n_picked = 0;
	for (size_t i = 0; i < slab->n; i++) {
		s->picked[s->n_picked] = (uint16_t)i;
		s->n_picked += s->pass[i];
	}
	return 0;
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
		for (size_t k = 0; k < s->q->n_keys; k++)
			key[k + 1] = value_of(s->columns[s->q->keys[k].attr->field],
					      s->q->keys[k].attr->kind, row);
		s->group[i] = find_group(s, key, &e);
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
		v = value_of(s->columns[a->field], a->kind, s->picked[i]);
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

static int make_columns(struct scan *s)
{
	bool needed[F_COUNT] = {
		[F_ERROR] = true, [F_COMPLETENESS] = true, [F_COST_SOURCE] = true
	};

	for (size_t i = 0; i < s->q->n_keys; i++)
		needed[s->q->keys[i].attr->field] = true;
	for (size_t i = 0; i < s->groups->n_states; i++)
		needed[s->groups->state_attr[i]->field] = true;
	return alloc_columns(s, needed);
}

static void scan_release(struct scan *s)
{
	for (int f = 0; f < F_COUNT; f++)
		free(s->columns[f]);
	slab_cond_free(s->cond);
	free(s->memo.groups);
}

static int scan_all(struct scan *s, struct slab_reader *r)
{
	struct slab slab;
	int e;

	while ((e = slab_reader_next(r, &slab)) > 0) {
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
		e = slab_cond_new(&s->cond, db, s->q->where);
	return e ? e : make_columns(s);
}

static int visit_slab(struct scan *s, struct slab_reader *r, const struct slab *slab,
		      const enum field_id *of, size_t n, slab_visit visit, void *arg)
{
	int64_t values[SLAB_VISIT_MAX];
	bool known[SLAB_VISIT_MAX];
	int e = pick(s, r, slab);

	for (size_t i = 0; !e && s->n_picked && i < n; i++)
		if (!s->first[of[i]])
			e = slab_reader_column_at(r, slab, of[i], s->picked, s->n_picked,
						  s->columns[of[i]]);
	for (size_t row = 0; !e && row < s->n_picked; row++) {
		for (size_t i = 0; i < n; i++) {
			values[i] = s->columns[of[i]]->values[s->picked[row]];
			known[i] = s->columns[of[i]]->known[s->picked[row]];
		}
		e = visit(arg, values, known);
	}
	return e;
}

static int visit_all(struct scan *s, sqlite3 *db, struct slab_reader *r, const enum field_id *of,
		     size_t n, slab_visit visit, void *arg)
{
	bool needed[F_COUNT] = { 0 };
	struct slab slab;
	int e = slab_cond_new(&s->cond, db, s->q->where);

	for (size_t i = 0; i < n; i++)
		needed[of[i]] = true;
	if (!e)
		e = alloc_columns(s, needed);
	while (!e && (e = slab_reader_next(r, &slab)) > 0)
		e = visit_slab(s, r, &slab, of, n, visit, arg);
	return e;
}

int query_slab_each(sqlite3 *db, const struct query *q, const struct scan_range *range,
		    const enum field_id *fields_of, size_t n, slab_visit visit, void *arg,
		    int64_t *ret_sealed, int64_t *ret_unsealed)
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
		e = visit_all(s, db, &reader, fields_of, n, visit, arg);
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
