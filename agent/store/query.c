/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "clock.h"
#include "query_cond.h"
#include "query_pick.h"
#include "query_run.h"
#include "query_scan.h"
#include "query_slab.h"
#include "schema.h"

#include <errno.h>

#define RESULT_MAX (256u * 1024 * 1024)

int query_open(struct query_db **ret, const char *path)
{
	struct query_db *db = calloc(1, sizeof(*db));
	int r = db ? schema_open_readonly(&db->db, path) : -ENOMEM;

	if (!r)
		r = cond_register(db->db);
	if (!r)
		r = query_pick_register(db->db);
	if (!r)
		r = db_prepare(db->db, SLICE("SELECT value FROM strings WHERE id=?"), &db->word);
	if (!r)
		r = db_prepare(db->db, SLICE("PRAGMA data_version"), &db->version);
	if (r) {
		query_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void query_close(struct query_db *db)
{
	if (!db)
		return;
	sqlite3_finalize(db->word);
	sqlite3_finalize(db->version);
	sqlite3_close(db->db);
	free(db);
}

uint64_t query_version(struct query_db *db)
{
	uint64_t v = 0;

	if (sqlite3_step(db->version) == SQLITE_ROW)
		v = (uint64_t)sqlite3_column_int64(db->version, 0);
	sqlite3_reset(db->version);
	return v;
}

int query_extent(struct query_db *db, struct query_extent *ret)
{
	struct query_extent e = { 0 };
	int64_t spans = 0;
	/* One by one, each is a look at one end of an index. */
	int r = db_get_int(db->db, "SELECT count(*) FROM spans", 0, &spans);

	if (!r)
		r = db_get_int(db->db, "SELECT min(start_ns) FROM spans", 0, &e.first_ns);
	if (!r)
		r = db_get_int(db->db, "SELECT max(start_ns) FROM spans", 0, &e.last_ns);
	if (r)
		return r;
	e.spans = (uint64_t)spans;
	*ret = e;
	return 0;
}

/* How many spans started in the range, give or take a day. */
static int count_spans(sqlite3 *db, const struct query *q, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db,
			   SLICE("SELECT sum(n) FROM rollups WHERE gran=? AND dim=0 AND bucket>=?"
				 " AND bucket<=?"),
			   &s);
	int64_t day = gran_ns[GRAN_DAY], to = q->until_ns ? (int64_t)q->until_ns / day : INT64_MAX;

	if (r)
		return r;
	sqlite3_bind_int64(s, 1, GRAN_DAY);
	sqlite3_bind_int64(s, 2, (int64_t)q->since_ns / day);
	sqlite3_bind_int64(s, 3, to);
	if (sqlite3_step(s) != SQLITE_ROW)
		return -EIO;
	*ret = sqlite3_column_int64(s, 0);
	return 0;
}

static bool has_quantile(const struct query *q)
{
	for (size_t i = 0; i < q->n_aggs; i++)
		if ((q->aggs[i].fn >= QUERY_P50 && q->aggs[i].fn <= QUERY_P99) ||
		    q->aggs[i].fn == QUERY_BELOW)
			return true;
	return false;
}

static int make_plan(sqlite3 *db, const struct query *q, struct plan *plan,
		     struct query_result *ret)
{
	int64_t spans_from, minutes_from, hours_from, spans = 0;
	unsigned int dim;
	bool fit = plan_rollups_fit(q, &dim), slabs = query_slab_fits(q), few;
	int r = schema_get_meta(db, META_SPANS_FROM, 0, &spans_from);

	if (!r)
		r = schema_get_meta(db, META_MINUTES_FROM, 0, &minutes_from);
	if (!r)
		r = schema_get_meta(db, META_HOURS_FROM, 0, &hours_from);
	if (!r && (fit || slabs))
		r = count_spans(db, q, &spans);
	if (r)
		return r;
	few = spans <= (int64_t)q->raw_max;
	if ((int64_t)q->since_ns >= spans_from && few)
		fit = false;
	plan_make(plan, q, fit, spans_from, minutes_from, hours_from);
	ret->approximate = has_quantile(q) && (plan->rollups || (slabs && !few));
	ret->rounded = plan->rounded;
	/* Only spans can tell, and not all of them are there. */
	if (q->source == QUERY_SPANS && !plan->rollups && (int64_t)q->since_ns < spans_from)
		ret->since_ns = (uint64_t)spans_from;
	return 0;
}

static double seconds_of(const struct query *q, int64_t first_ns)
{
	uint64_t since = q->since_ns ? q->since_ns : (uint64_t)first_ns;
	uint64_t until = q->until_ns ? q->until_ns : q->now_ns;

	if (q->interval_ns)
		return (double)q->interval_ns / 1e9;
	return until > since + NSEC_PER_SEC ? (double)(until - since) / 1e9 : 1;
}

static int run_aggregates(struct query_db *db, const struct query *q, struct query_result *ret)
{
	struct scan_totals totals = { .first_ns = INT64_MAX };
	struct query_groups groups;
	struct plan plan;
	int r = make_plan(db->db, q, &plan, ret);

	if (r)
		return r;
	groups_init(&groups, q, ret->approximate);
	for (size_t i = 0; !r && i < plan.n_segments; i++)
		r = scan_segment(db->db, q, &plan, &plan.segments[i], &groups, &totals);
	ret->matched = totals.matched;
	/* No span at all is an answer as well: one row of nothing. */
	if (!r && !q->n_keys && !q->interval_ns && !groups.groups.count)
		groups_get(&groups, (struct group_value[QUERY_COLUMNS_MAX + 1]){ 0 }, &r);
	if (!r)
		r = query_finish(db, q, &groups, seconds_of(q, totals.first_ns), ret);
	groups_release(&groups);
	return r;
}

int query_run(struct query_db *db, const struct query *q, struct query_result *ret)
{
	struct query_result result = { .since_ns = q->since_ns, .until_ns = q->until_ns };
	int r;

	arena_init(&result.arena, RESULT_MAX);
	/* All statements of one answer see the same state. */
	r = db_exec(db->db, "BEGIN");
	if (r)
		return r;
	r = q->n_aggs ? run_aggregates(db, q, &result) : query_list(db, q, &result);
	db_exec(db->db, "COMMIT");
	if (!r && result.arena.failed)
		r = -ENOSPC;
	if (r) {
		query_result_release(&result);
		return r;
	}
	*ret = result;
	return 0;
}

void query_result_release(struct query_result *r)
{
	arena_release(&r->arena);
}

const struct query_cell *query_cell(const struct query_result *r, size_t row, size_t column)
{
	return &r->cells[row * r->n_columns + column];
}
