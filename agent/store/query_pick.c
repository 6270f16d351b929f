/* SPDX-License-Identifier: Apache-2.0 */
#include "query_pick.h"

#include "cleanup.h"
#include "query_cond.h"
#include "query_scan.h"
#include "query_slab.h"
#include "slab_cond.h"

#include <errno.h>

#define RUNS_MAX (1u << 22)
#define SPANS_MAX 100000 /* of a list, as query_list.c has it */
/* So few are looked up one by one; of more, each run is asked whether it is one. */
#define FEW_RUNS 256
#define IDS_MAX (4 * 1024 * 1024)
#define IN_ORDER_MAX 65536 /* as query_scan.c has it: so few spans are read by number */
#define POINTER "gentap runs"

struct found {
	int64_t start_ns, id;
};

struct query_pick {
	bool runs;
	/* A set of runs: 0 stands for none, which is no run's id. */
	int64_t *slots;
	size_t n_slots; /* a power of two */
	size_t n_runs;
	/* The latest spans, when there are `limit` of them and more in no order. */
	struct found *found;
	size_t n_found, limit;
	struct buf ids; /* numbers of rows as a JSON list; empty: of many runs */
};

/* ---- Runs ---- */

static int64_t *slot_of(int64_t *slots, size_t n, int64_t run)
{
	uint64_t h = (uint64_t)run * 0x9e3779b97f4a7c15u;
	size_t at = (h ^ h >> 32) & (n - 1);

	while (slots[at] && slots[at] != run)
		at = (at + 1) & (n - 1);
	return &slots[at];
}

static int grow(struct query_pick *p)
{
	size_t n = p->n_slots ? 2 * p->n_slots : 1024;
	int64_t *slots = n / 2 <= RUNS_MAX ? calloc(n, sizeof(*slots)) : NULL;

	if (!slots)
		return n / 2 > RUNS_MAX ? -ENOSPC : -ENOMEM;
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i])
			*slot_of(slots, n, p->slots[i]) = p->slots[i];
	free(p->slots);
	p->slots = slots;
	p->n_slots = n;
	return 0;
}

static int add_run(struct query_pick *p, int64_t run)
{
	int r = 2 * (p->n_runs + 1) > p->n_slots ? grow(p) : 0;
	int64_t *slot;

	if (r || !run)
		return r;
	slot = slot_of(p->slots, p->n_slots, run);
	p->n_runs += !*slot;
	*slot = run;
	return 0;
}

/* ---- Spans ---- */

static int by_start(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->start_ns < y->start_ns) - (x->start_ns > y->start_ns);
}

/* Leaves the latest `limit`. */
static void cut_found(struct query_pick *p)
{
	qsort(p->found, p->n_found, sizeof(*p->found), by_start);
	p->n_found = MIN(p->n_found, p->limit);
}

static int add_span(struct query_pick *p, int64_t start_ns, int64_t id)
{
	if (!p->found) {
		p->found = calloc(2 * p->limit, sizeof(*p->found));
		if (!p->found)
			return -ENOMEM;
	}
	if (p->n_found == 2 * p->limit)
		cut_found(p);
	p->found[p->n_found++] = (struct found){ start_ns, id };
	return 0;
}

static int write_ids(struct query_pick *p)
{
	if (p->n_found > p->limit)
		cut_found(p);
	buf_add_char(&p->ids, '[');
	for (size_t i = 0; i < p->n_found; i++)
		buf_printf(&p->ids, "%s%lld", i ? "," : "", (long long)p->found[i].id);
	buf_add_char(&p->ids, ']');
	return buf_error(&p->ids);
}

/* The rows of the runs that were found. */
static int write_runs(struct query_pick *p, sqlite3 *db)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, SLICE("SELECT rowid FROM runs WHERE key=?"), &s);

	buf_add_char(&p->ids, '[');
	for (size_t i = 0; !r && i < p->n_slots; i++) {
		int rc;

		if (!p->slots[i])
			continue;
		db_bind_blob(s, 1, &p->slots[i], sizeof(p->slots[i]));
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			buf_printf(&p->ids, "%s%lld", p->ids.len > 1 ? "," : "",
				   (long long)sqlite3_column_int64(s, 0));
		r = db_errno(rc);
		sqlite3_reset(s);
	}
	buf_add_char(&p->ids, ']');
	return r ? r : buf_error(&p->ids);
}

/* ---- Both ---- */

/* start, run, number */
static int visit(void *arg, const int64_t *values, const bool *known)
{
	struct query_pick *p = arg;

	if (!p->runs)
		return add_span(p, values[0], values[2]);
	return known[1] ? add_run(p, values[1]) : 0;
}

static int add_rows(struct query_pick *p, sqlite3 *db, const struct query *q,
		    const struct scan_range *range)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r, rc = SQLITE_DONE;
	struct sql sql;

	sql_init(&sql);
	buf_add_str(&sql.text, "SELECT s.start_ns,s.run_id,s.id");
	scan_add_from(&sql, q, range);
	r = sql_prepare(&sql, db, &s);
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t values[] = { sqlite3_column_int64(s, 0), 0, sqlite3_column_int64(s, 2) };
		bool known[] = { true, sqlite3_column_bytes(s, 1) == sizeof(values[1]), true };

		if (known[1])
			memcpy(&values[1], sqlite3_column_blob(s, 1), sizeof(values[1]));
		r = visit(p, values, known);
	}
	sql_release(&sql);
	return r ? r : db_errno(rc);
}

/* False: nothing stands in slabs that would tell. */
static int gather(struct query_pick *p, sqlite3 *db, const struct query *q, bool *ret)
{
	static const enum field_id columns[] = { F_START, F_RUN };
	struct slab_visitor visitor = {
		.fields = columns, .n = ARRAY_LEN(columns), .id = true, .visit = visit, .arg = p
	};
	struct query spans = *q;
	struct scan_range range = { .from_ns = (int64_t)q->since_ns, .to_ns = PLAN_OPEN_NS };
	int64_t unsealed = 0;
	int r;

	spans.source = QUERY_SPANS;
	spans.where = p->runs ? q->having : q->where;
	spans.having = NULL;
	range.classes = cond_classes(spans.where);
	/* A run that began in the range may go on behind it. */
	if (!p->runs && q->until_ns)
		range.to_ns = (int64_t)q->until_ns;
	r = query_slab_each(db, &spans, &range, &visitor, &range.above, &unsealed);
	*ret = range.above > 0;
	if (r || !*ret)
		return r;
	range.in_order = unsealed < IN_ORDER_MAX;
	r = add_rows(p, db, &spans, &range);
	if (r || (p->runs && p->n_runs > FEW_RUNS))
		return r;
	return p->runs ? write_runs(p, db) : write_ids(p);
}

static bool is_helped(const struct query *q)
{
	if (q->source == QUERY_RUNS)
		return q->having && slab_cond_fits(q->having);
	return q->source == QUERY_SPANS && !q->n_aggs && !q->n_sorts && q->where &&
	       cond_needs_details(q->where) && slab_cond_fits(q->where);
}

int query_pick_new(struct query_pick **ret, sqlite3 *db, const struct query *q)
{
	struct query_pick *p;
	bool found = false;
	int r;

	*ret = NULL;
	if (!is_helped(q))
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->runs = q->source == QUERY_RUNS;
	p->limit = q->limit && q->limit < SPANS_MAX ? q->limit : SPANS_MAX;
	p->ids = BUF_INIT(IDS_MAX);
	r = gather(p, db, q, &found);
	if (!r && found)
		*ret = TAKE(p);
	query_pick_free(p);
	return r;
}

void query_pick_free(struct query_pick *p)
{
	if (!p)
		return;
	free(p->slots);
	free(p->found);
	buf_release(&p->ids);
	free(p);
}

void query_pick_add(struct sql *s, const struct query_pick *p)
{
	if (p->ids.len) {
		buf_add_str(&s->text, " AND s.rowid IN (SELECT value FROM json_each(");
		sql_add_text(s, buf_slice(&p->ids));
		buf_add_str(&s->text, "))");
	} else {
		buf_add_str(&s->text, " AND run_picked(");
		sql_add_pointer(s, p, POINTER);
		buf_add_str(&s->text, ",key)");
	}
}

static void run_picked(sqlite3_context *context, int n, sqlite3_value **args)
{
	const struct query_pick *p = sqlite3_value_pointer(args[0], POINTER);
	const void *key = sqlite3_value_blob(args[1]);
	int64_t run;

	(void)n;
	if (!p || !p->n_runs || sqlite3_value_bytes(args[1]) != sizeof(run)) {
		sqlite3_result_int(context, 0);
		return;
	}
	memcpy(&run, key, sizeof(run));
	sqlite3_result_int(context, run && *slot_of(p->slots, p->n_slots, run) == run);
}

int query_pick_register(sqlite3 *db)
{
	return db_errno(sqlite3_create_function(db, "run_picked", 2, SQLITE_UTF8, NULL, run_picked,
						NULL, NULL));
}
