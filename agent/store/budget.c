/* SPDX-License-Identifier: Apache-2.0 */
#include "budget.h"

#include "cleanup.h"
#include "clock.h"
#include "schema.h"

#include <errno.h>
#include <time.h>

static const char *const period_names[] = {
	[BUDGET_DAY] = "day",
	[BUDGET_WEEK] = "week",
	[BUDGET_MONTH] = "month",
};

const char *budget_period_name(enum budget_period p)
{
	return period_names[p];
}

int budget_period_find(struct slice name, enum budget_period *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(period_names); i++)
		if (slice_eq(name, slice_from(period_names[i]))) {
			*ret = (enum budget_period)i;
			return 0;
		}
	return -EINVAL;
}

/* Midnight of a day that may lie outside of its month, as mktime has it: summer time and
 * the lengths of months are its business. */
static int64_t midnight(struct tm tm)
{
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * (int64_t)NSEC_PER_SEC;
}

void budget_range(enum budget_period p, uint64_t at_ns, int back, int64_t *ret_from_ns,
		  int64_t *ret_to_ns)
{
	time_t t = (time_t)(at_ns / NSEC_PER_SEC);
	struct tm from, to;

	localtime_r(&t, &from);
	if (p == BUDGET_DAY)
		from.tm_mday -= back;
	else if (p == BUDGET_WEEK)
		from.tm_mday -= (from.tm_wday + 6) % 7 + 7 * back;
	else
		from.tm_mon -= back;
	if (p == BUDGET_MONTH)
		from.tm_mday = 1;
	to = from;
	to.tm_mday += p == BUDGET_DAY ? 1 : p == BUDGET_WEEK ? 7 : 0;
	to.tm_mon += p == BUDGET_MONTH;
	*ret_from_ns = midnight(from);
	*ret_to_ns = midnight(to);
}

static int with_db(const char *path, sqlite3 **db, const char *sql, sqlite3_stmt **s)
{
	int r = schema_open(db, path);

	return r ? r : db_prepare(*db, slice_from(sql), s);
}

static void close_db(sqlite3 **db)
{
	sqlite3_close(*db);
}

int budget_set(const char *path, const struct budget *b)
{
	_cleanup_(close_db) sqlite3 *db = NULL;
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = with_db(
		path, &db,
		"INSERT OR REPLACE INTO budgets(name,scope,period,limit_pd,warn,alert,command,"
		"webhook) VALUES(?,?,?,?,?,?,?,?)",
		&s);

	if (r)
		return r;
	db_bind_text(s, 1, b->name);
	db_bind_text(s, 2, b->where);
	db_bind_text(s, 3, slice_from(period_names[b->period]));
	sqlite3_bind_int64(s, 4, b->limit_pd);
	sqlite3_bind_double(s, 5, b->warn);
	sqlite3_bind_double(s, 6, b->alert);
	db_bind_text(s, 7, b->command);
	db_bind_text(s, 8, b->webhook);
	return db_run(s);
}

int budget_delete(const char *path, struct slice name)
{
	_cleanup_(close_db) sqlite3 *db = NULL;
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = with_db(path, &db, "DELETE FROM budgets WHERE name=?", &s);

	if (r)
		return r;
	db_bind_text(s, 1, name);
	r = db_run(s);
	return r ? r : sqlite3_changes(db) ? 0 : -ENOENT;
}

int budget_set_fired(const char *path, const struct budget *b)
{
	_cleanup_(close_db) sqlite3 *db = NULL;
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = with_db(path, &db, "UPDATE budgets SET fired_period=?, fired_level=? WHERE name=?",
			&s);

	if (r)
		return r;
	sqlite3_bind_int64(s, 1, b->fired_period);
	sqlite3_bind_int64(s, 2, b->fired_level);
	db_bind_text(s, 3, b->name);
	return db_run(s);
}

static int read_budget(sqlite3_stmt *s, struct arena *arena, struct budget *b)
{
	b->name = arena_copy(arena, db_text(s, 0));
	b->where = arena_copy(arena, db_text(s, 1));
	b->limit_pd = sqlite3_column_int64(s, 3);
	b->warn = sqlite3_column_double(s, 4);
	b->alert = sqlite3_column_double(s, 5);
	b->command = arena_copy(arena, db_text(s, 6));
	b->webhook = arena_copy(arena, db_text(s, 7));
	b->fired_period = sqlite3_column_int64(s, 8);
	b->fired_level = (enum budget_level)sqlite3_column_int(s, 9);
	return budget_period_find(db_text(s, 2), &b->period);
}

int budget_list(const char *path, struct arena *arena, struct budget **ret, size_t *ret_n)
{
	_cleanup_(close_db) sqlite3 *db = NULL;
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	struct budget *list = NULL, *b;
	size_t n = 0;
	int r = schema_open_readonly(&db, path), rc = SQLITE_DONE;

	if (!r)
		r = db_prepare(db,
			       SLICE("SELECT name,scope,period,limit_pd,warn,alert,command,webhook,"
				     "fired_period,fired_level FROM budgets ORDER BY name"),
			       &s);
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		b = arena_push(arena, &list, &n, sizeof(*b));
		r = b ? read_budget(s, arena, b) : -ENOMEM;
	}
	if (r || rc != SQLITE_DONE || arena->failed)
		return r ? r : rc != SQLITE_DONE ? db_errno(rc) : -ENOMEM;
	*ret = list;
	*ret_n = n;
	return 0;
}

int budget_check(struct query_db *db, const struct budget *b, uint64_t now_ns,
		 struct budget_state *ret)
{
	struct budget_state state = { 0 };
	struct query_result result = { 0 };
	struct query_error error;
	const struct query_cell *cell;
	struct query q;
	double passed;
	int r;

	budget_range(b->period, now_ns, 0, &state.from_ns, &state.to_ns);
	query_init(&q, now_ns);
	q.since_ns = (uint64_t)state.from_ns;
	q.until_ns = (uint64_t)state.to_ns;
	r = query_add_aggregate(&q, SLICE("sum:gentap.cost.total"), &error);
	if (!r)
		r = query_set(&q, SLICE("where"), SLICE("span.op:gen_ai.request"), &error);
	if (!r && b->where.len)
		r = query_set(&q, SLICE("where"), b->where, &error);
	if (!r)
		r = query_run(db, &q, &result);
	if (!r) {
		cell = query_cell(&result, 0, 0);
		state.spent_pd = cell->type == QUERY_INT ? cell->integer : 0;
		state.unknown = cell->unknown;
		passed = (double)((int64_t)now_ns - state.from_ns) /
			 (double)(state.to_ns - state.from_ns);
		/* The first percent of a period foretells nothing. */
		state.forecast_pd = passed > 0.01 ? (double)state.spent_pd / passed : NAN;
		state.level =
			(double)state.spent_pd >= b->alert * (double)b->limit_pd  ? BUDGET_ALERT
			: (double)state.spent_pd >= b->warn * (double)b->limit_pd ? BUDGET_WARN
										  : BUDGET_FINE;
		*ret = state;
	}
	query_result_release(&result);
	query_release(&q);
	return r;
}
