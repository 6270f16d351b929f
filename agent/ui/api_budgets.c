/* SPDX-License-Identifier: Apache-2.0 */
/* /budgets: each limit, what is spent of it in the period that now is in, where it leads. */
#include "api_impl.h"

#include "budget.h"
#include "cleanup.h"
#include "query_run.h"

#include <inttypes.h>
#include <math.h>

static void write_budget(struct api_context *c, const struct budget *b, bool first)
{
	static const char *const levels[] = { "fine", "warn", "alert" };
	struct budget_state s = { 0 };
	int r = budget_check(c->db, b, c->now_ns, &s);
	double length;

	buf_add_str(c->to, first ? "{\"name\":" : ",{\"name\":");
	buf_add_json(c->to, b->name);
	buf_printf(c->to, ",\"period\":\"%s\",\"limit\":%.12g,\"warn\":%g,\"alert\":%g",
		   budget_period_name(b->period), (double)b->limit_pd / 1e12, b->warn, b->alert);
	if (b->where.len) {
		buf_add_str(c->to, ",\"scope\":");
		buf_add_json(c->to, b->where);
	}
	if (r) {
		buf_add_str(c->to, ",\"problem\":\"its condition cannot be read\"}");
		return;
	}
	length = (double)(s.to_ns - s.from_ns);
	buf_printf(c->to,
		   ",\"spent\":%.12g,\"unknown\":%" PRIu64 ",\"level\":\"%s\",\"elapsed\":%.4f",
		   (double)s.spent_pd / 1e12, s.unknown, levels[s.level],
		   length > 0 ? ((double)c->now_ns - (double)s.from_ns) / length : 1.0);
	if (isnan(s.forecast_pd))
		buf_add_str(c->to, ",\"forecast\":null}");
	else
		buf_printf(c->to, ",\"forecast\":%.12g}", s.forecast_pd / 1e12);
}

/* By the connection that is open: this process may open no file any more. */
static int read_budget(sqlite3_stmt *s, struct budget *b)
{
	*b = (struct budget){
		.name = db_text(s, 0),
		.where = db_text(s, 1),
		.limit_pd = sqlite3_column_int64(s, 3),
		.warn = sqlite3_column_double(s, 4),
		.alert = sqlite3_column_double(s, 5),
	};
	return budget_period_find(db_text(s, 2), &b->period);
}

int api_budgets(struct api_context *c)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(c->db->db,
			   SLICE("SELECT name,scope,period,limit_pd,warn,alert FROM budgets "
				 "ORDER BY name"),
			   &s),
	    rc = SQLITE_DONE;
	bool first = true;

	if (r)
		return api_failed(c, r);
	buf_add_str(c->to, "{\"budgets\":[");
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct budget b;

		if (read_budget(s, &b))
			continue;
		write_budget(c, &b, first);
		first = false;
	}
	if (rc != SQLITE_DONE)
		return api_failed(c, db_errno(rc));
	buf_add_str(c->to, "]}\n");
	return 200;
}
