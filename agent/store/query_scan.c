/* SPDX-License-Identifier: Apache-2.0 */
#include "query_scan.h"

#include "query_cond.h"
#include "query_pick.h"
#include "query_slab.h"
#include "slab.h"

#include <errno.h>

#define REFUSED_SQL                                                                                \
	"s.cls=1 AND s.cost_source=(SELECT id FROM strings WHERE value='" COST_REFUSED "')"

/* So few numbers are looked through one by one, whatever the range. */
#define IN_ORDER_MAX (8 * SLAB_SPANS)

static const struct {
	const char *table, *time, *class, *error, *partial;
} sources[] = {
	[QUERY_SPANS] = { "spans", "s.start_ns", "s.cls", "s.error",
			  "s.completeness<>(SELECT id FROM strings WHERE value='full')" },
	[QUERY_RUNS] = { "runs", "s.start_ns", "0", "s.error", "s.partial>0" },
	[QUERY_SESSIONS] = { "sessions", "s.end_ns", "0", "s.error", "s.partial>0" },
	[QUERY_CONNECTIONS] = { "connections", "s.last_ns", "0", "0", "s.bytes_partial>0" },
};

const char *scan_time_column(enum query_source source)
{
	return sources[source].time;
}

static void add_classes(struct sql *s, unsigned int classes)
{
	bool first = true;

	if (classes == CLASS_ALL)
		return;
	buf_add_str(&s->text, " AND s.cls IN (");
	for (int c = 0; c < CLASSES; c++)
		if (classes & CLASS_BIT(c)) {
			buf_printf(&s->text, "%s%d", first ? "" : ",", c);
			first = false;
		}
	buf_add_char(&s->text, ')');
}

/* Runs that have a span which fits: looked for run by run, so that the latest few are
 * found at once. `key` is the run's, since spans have no such column; `s` is the span. */
static void add_having(struct sql *s, const struct query_cond *having)
{
	buf_add_str(&s->text, " AND EXISTS (SELECT 1 FROM spans s");
	if (cond_needs_details(having))
		buf_add_str(&s->text, " LEFT JOIN span_details d ON d.id=s.id");
	buf_add_str(&s->text, " WHERE s.run_id=key");
	add_classes(s, cond_classes(having));
	buf_add_str(&s->text, " AND ");
	sql_add_cond(s, having);
	buf_add_char(&s->text, ')');
}

void scan_add_from(struct sql *s, const struct query *q, const struct scan_range *range)
{
	int64_t from = range->from_ns, to = range->to_ns;
	bool picked = s->pick && q->source == QUERY_SPANS;

	buf_printf(&s->text, " FROM %s s%s", sources[q->source].table,
		   range->in_order ? " NOT INDEXED" : "");
	if (s->needs_details || (cond_needs_details(q->where) && !picked))
		buf_add_str(&s->text, " LEFT JOIN span_details d ON d.id=s.id");
	buf_add_str(&s->text, " WHERE 1");
	if (range->above) {
		buf_add_str(&s->text, " AND s.id>");
		sql_add_int(s, range->above);
	}
	if (from > 0) {
		buf_printf(&s->text, " AND %s>=", sources[q->source].time);
		sql_add_int(s, from);
	}
	if (to < PLAN_OPEN_NS) {
		buf_printf(&s->text, " AND %s<", sources[q->source].time);
		sql_add_int(s, to);
	}
	if (q->source == QUERY_SPANS)
		add_classes(s, range->classes);
	if (q->where && !picked) {
		buf_add_str(&s->text, " AND ");
		sql_add_cond(s, q->where);
	}
	if (s->pick)
		query_pick_add(s, s->pick);
	else if (q->having)
		add_having(s, q->having);
}

/* One column of a row as part of a group's name. By its value: one call into the statement, not
 * one for each thing that is asked of it (which would matter if another thread had it, too). */
static int read_value(sqlite3_stmt *s, int column, const struct query_attr *a,
		      struct query_groups *g, struct group_value *ret)
{
	sqlite3_value *v = sqlite3_column_value(s, column);
	double real;

	*ret = (struct group_value){ 0 };
	switch (sqlite3_value_type(v)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_INTEGER:
		ret->integer = sqlite3_value_int64(v);
		ret->tag = a->kind == FIELD_WORD ? VALUE_WORD : VALUE_NUMBER;
		return 0;
	case SQLITE_FLOAT:
		real = sqlite3_value_double(v);
		memcpy(&ret->integer, &real, sizeof(real));
		ret->tag = VALUE_REAL;
		return 0;
	case SQLITE_BLOB:
		ret->tag = VALUE_BYTES;
		if (sqlite3_value_bytes(v) != sizeof(ret->integer))
			break;
		ret->tag = VALUE_ID;
		memcpy(&ret->integer, sqlite3_value_blob(v), sizeof(ret->integer));
		return 0;
	default:
		ret->tag = VALUE_TEXT;
	}
	ret->integer = groups_text(
		g, (struct slice){ sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v) });
	return ret->integer < 0 ? -ENOMEM : 0;
}

struct reader {
	const struct query *q;
	struct query_groups *groups;
	struct scan_totals *totals;
	struct state_rule rules[QUERY_COLUMNS_MAX]; /* of each state */
};

static void init_reader(struct reader *r, const struct plan *plan)
{
	bool spans = r->q->source == QUERY_SPANS;

	for (size_t i = 0; i < r->groups->n_states; i++) {
		const struct query_attr *a = r->groups->state_attr[i];

		r->rules[i].classes = spans ? plan_classes(plan, a) : CLASS_ALL;
		r->rules[i].of_answer = spans && measure_of_answer(a->field);
	}
}

static struct group_value bucket_value(const struct query *q, int64_t start_ns)
{
	int64_t interval = (int64_t)q->interval_ns;

	if (!interval)
		return (struct group_value){ 0 };
	return (struct group_value){ start_ns - start_ns % interval, VALUE_NUMBER };
}

/* A sum of a run or session, and behind it how many of its calls told it. */
static int read_sum(struct reader *r, sqlite3_stmt *s, int column, int64_t of, size_t state,
		    struct query_group *group, struct group_value *ret)
{
	int64_t known = sqlite3_column_int64(s, column + 1);

	*ret = (struct group_value){ 0 };
	if (known <= 0)
		return 0;
	group->states[state].bounds += known < of;
	return read_value(s, column, r->groups->state_attr[state], r->groups, ret);
}

/* class, error, start, partial, refused (of runs and sessions: calls that were not), keys,
 * aggregates */
static int add_row(struct reader *r, sqlite3_stmt *s)
{
	struct group_value key[QUERY_COLUMNS_MAX + 1];
	unsigned int class = CLASS_BIT(sqlite3_column_int(s, 0));
	int64_t start = sqlite3_column_int64(s, 2);
	int64_t fifth = sqlite3_column_int64(s, 4);
	bool spans = r->q->source == QUERY_SPANS, refused = spans && fifth;
	const struct query *q = r->q;
	struct query_group *group;
	int column = 5, e = 0;

	key[0] = bucket_value(q, start);
	for (size_t i = 0; !e && i < q->n_keys; i++)
		e = read_value(s, column++, q->keys[i].attr, r->groups, &key[i + 1]);
	group = e ? NULL : groups_get(r->groups, key, &e);
	if (!group)
		return e;
	group->count++;
	group->errors += sqlite3_column_int(s, 1) != 0;
	group->partial += sqlite3_column_int(s, 3) != 0;
	group->refused += refused;
	r->totals->matched++;
	r->totals->first_ns = MIN(r->totals->first_ns, start);
	for (size_t i = 0; !e && i < r->groups->n_states;
	     column += r->groups->state_attr[i]->known_sql ? 2 : 1, i++) {
		const struct query_attr *a = r->groups->state_attr[i];
		struct group_value v;

		if (!(r->rules[i].classes & class) || (refused && r->rules[i].of_answer))
			continue;
		e = a->known_sql ? read_sum(r, s, column, fifth, i, group, &v)
				 : read_value(s, column, a, r->groups, &v);
		if (!e)
			e = agg_add(r->groups, group, i, &v);
	}
	return e;
}

static int each_row(sqlite3 *db, struct sql *sql, struct reader *r,
		    int (*add)(struct reader *r, sqlite3_stmt *s))
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int e = sql_prepare(sql, db, &s), rc = SQLITE_DONE;

	while (!e && (rc = sqlite3_step(s)) == SQLITE_ROW)
		e = add(r, s);
	return e ? e : db_errno(rc);
}

/* What stands in slabs is read from there, and the spans above them one by one. */
static int scan_raw(sqlite3 *db, const struct plan *plan, const struct plan_segment *segment,
		    struct reader *r)
{
	struct scan_range range = { segment->from_ns, segment->to_ns, plan->classes, 0, false };
	const struct query *q = r->q;
	int64_t unsealed = 0;
	bool partial = false, refused = false;
	const char *of = NULL;
	struct query_pick *pick = NULL;
	struct sql sql;
	int e;

	if (query_slab_fits(q)) {
		e = query_slab_scan(db, q, plan, segment, r->rules, r->groups, r->totals,
				    &range.above, &unsealed);
		if (e)
			return e;
		range.in_order = range.above && unsealed < IN_ORDER_MAX;
	}
	for (size_t i = 0; i < q->n_aggs; i++) {
		partial |= q->aggs[i].fn == QUERY_PARTIAL;
		refused |= q->source == QUERY_SPANS && q->aggs[i].fn == QUERY_REFUSED;
	}
	for (size_t i = 0; i < r->groups->n_states; i++) {
		refused |= r->rules[i].of_answer;
		of = r->groups->state_attr[i]->of_sql ? r->groups->state_attr[i]->of_sql : of;
	}
	sql_init(&sql);
	buf_printf(&sql.text, "SELECT %s,%s,%s,%s,%s", sources[q->source].class,
		   sources[q->source].error, sources[q->source].time,
		   partial ? sources[q->source].partial : "0",
		   refused ? REFUSED_SQL
		   : of	   ? of
			   : "0");
	for (size_t i = 0; i < q->n_keys; i++) {
		buf_add_char(&sql.text, ',');
		sql_add_attr(&sql, q->keys[i].attr);
	}
	for (size_t i = 0; i < r->groups->n_states; i++) {
		const struct query_attr *a = r->groups->state_attr[i];

		buf_add_char(&sql.text, ',');
		if (a->known_sql)
			buf_printf(&sql.text, "%s,%s", a->sum_sql, a->known_sql);
		else
			sql_add_attr(&sql, a);
	}
	e = query_pick_new(&pick, db, q);
	sql.pick = pick;
	scan_add_from(&sql, q, &range);
	if (!e)
		e = each_row(db, &sql, r, add_row);
	sql_release(&sql);
	query_pick_free(pick);
	return e;
}

/* The bucket's start stands in column 1; behind the errors, how many are partial, refused. */
static void count_spans(struct reader *r, sqlite3_stmt *s, struct query_group *group, int64_t n,
			int errors)
{
	group->count += (uint64_t)n;
	group->errors += (uint64_t)sqlite3_column_int64(s, errors);
	group->partial += (uint64_t)sqlite3_column_int64(s, errors + 1);
	group->refused += (uint64_t)sqlite3_column_int64(s, errors + 2);
	r->totals->matched += (uint64_t)n;
	r->totals->first_ns = MIN(r->totals->first_ns, sqlite3_column_int64(s, 1));
}

static int add_sums(struct reader *r, sqlite3_stmt *s, struct query_group *group, int64_t class,
		    int64_t n, int64_t refused, int column)
{
	int e = 0;

	for (size_t i = 0; !e && i < r->groups->n_states; i++, column += 5)
		if (r->rules[i].classes & CLASS_BIT(class))
			e = agg_add_sums(
				group, i,
				&(struct agg_sums){
					.of = (uint64_t)(n - r->rules[i].of_answer * refused),
					.known = (uint64_t)sqlite3_column_int64(s, column),
					.sum = sqlite3_column_int64(s, column + 1),
					.min = sqlite3_column_int64(s, column + 2),
					.max = sqlite3_column_int64(s, column + 3),
					.histogram = { sqlite3_column_blob(s, column + 4),
						       (size_t)sqlite3_column_bytes(s,
										    column + 4) },
				});
	return e;
}

/* class, bucket's start, value, n, errors, partial, refused, and five columns for each
 * aggregate */
static int add_rollup(struct reader *r, sqlite3_stmt *s)
{
	struct group_value key[QUERY_COLUMNS_MAX + 1] = { 0 };
	int64_t class = sqlite3_column_int64(s, 0), start = sqlite3_column_int64(s, 1);
	int64_t value = sqlite3_column_int64(s, 2), n = sqlite3_column_int64(s, 3);
	const struct query *q = r->q;
	struct query_group *group;
	int column = 7, e = 0;

	key[0] = bucket_value(q, start);
	for (size_t i = 0; i < q->n_keys; i++)
		if (q->keys[i].attr->field == F_CLASS)
			key[i + 1] = (struct group_value){ class, VALUE_NUMBER };
		else if (value)
			key[i + 1] = (struct group_value){ value, VALUE_WORD };
	group = groups_get(r->groups, key, &e);
	if (!group)
		return e;
	count_spans(r, s, group, n, 4);
	return add_sums(r, s, group, class, n, sqlite3_column_int64(s, 6), column);
}

static void add_agg_columns(struct sql *sql, enum field_id f, bool values)
{
	const char *c = fields[f].column, *h = values ? "s.hist_" : "NULL AS h_";

	if (f == F_DURATION)
		buf_printf(&sql->text, ",s.n,s.s_%s,s.min_%s,s.max_%s,%s%s", c, c, c, h, c);
	else if (f == F_TTFT)
		buf_printf(&sql->text, ",s.k_%s,s.s_%s,s.min_%s,s.max_%s,%s%s", c, c, c, c, h, c);
	else
		buf_printf(&sql->text, ",s.k_%s,s.s_%s,0,0,NULL", c, c);
}

/* Of the sums of that many nanoseconds each: those of the segment that the question is about. */
static void add_buckets(struct sql *sql, const struct query *q, const struct plan *plan,
			const struct plan_segment *segment, int64_t step)
{
	buf_add_str(&sql->text, "s.bucket>=");
	sql_add_int(sql, segment->from_ns / step);
	buf_add_str(&sql->text, " AND s.bucket<");
	sql_add_int(sql, segment->to_ns / step);
	add_classes(sql, plan->classes);
	if (q->where) {
		buf_add_str(&sql->text, " AND ");
		sql_add_cond(sql, q->where);
	}
}

static int scan_rollups(sqlite3 *db, const struct plan *plan, const struct plan_segment *segment,
			struct reader *r)
{
	int64_t step = gran_ns[segment->gran];
	struct sql sql;
	int e;

	sql_init(&sql);
	sql.on_rollups = true;
	buf_printf(&sql.text, "SELECT s.cls,s.bucket*%lld,s.value,s.n,s.errors,s.partial,s.refused",
		   (long long)step);
	for (size_t i = 0; i < r->groups->n_states; i++)
		add_agg_columns(&sql, r->groups->state_attr[i]->field, r->groups->wants_values[i]);
	buf_printf(&sql.text, " FROM rollups s WHERE s.gran=%d AND s.dim=%u AND ", segment->gran,
		   plan->dim);
	add_buckets(&sql, r->q, plan, segment, step);
	e = each_row(db, &sql, r, add_rollup);
	sql_release(&sql);
	return e;
}

int scan_segment(sqlite3 *db, const struct query *q, const struct plan *plan,
		 const struct plan_segment *segment, struct query_groups *groups,
		 struct scan_totals *totals)
{
	struct reader r = { .q = q, .groups = groups, .totals = totals };

	init_reader(&r, plan);
	return segment->gran == PLAN_RAW ? scan_raw(db, plan, segment, &r)
					 : scan_rollups(db, plan, segment, &r);
}
