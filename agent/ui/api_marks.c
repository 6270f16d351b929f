/* SPDX-License-Identifier: Apache-2.0 */
/* /marks: what changed within the range (prices, versions of agents), for the charts. */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"
#include "query_run.h"

#include <inttypes.h>

#define SHOWN_MAX 200 /* the latest */

static void write_mark(sqlite3_stmt *s, bool first, struct buf *to)
{
	static const char *const names[] = { "kind", "subject", "before", "after" };

	buf_printf(to, "%s{\"at\":%" PRId64, first ? "" : ",",
		   (int64_t)sqlite3_column_int64(s, 4) / (int64_t)NSEC_PER_MSEC);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_printf(to, ",\"%s\":", names[i]);
		buf_add_json(to, db_text(s, (int)i));
	}
	buf_add_char(to, '}');
}

int api_marks(struct api_context *c)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r, rc = SQLITE_DONE, status;
	bool first = true;
	struct query q;

	query_init(&q, c->now_ns);
	status = api_range(c, &q);
	if (status) {
		query_release(&q);
		return status;
	}
	/* The first value of a subject is no change. */
	r = db_prepare(c->db->db,
		       SLICE("SELECT kind,subject,before,after,time_ns FROM marks WHERE"
			     " before IS NOT NULL AND time_ns>=?1 AND time_ns<?2"
			     " ORDER BY time_ns DESC LIMIT ?3"),
		       &s);
	if (!r) {
		sqlite3_bind_int64(s, 1, (int64_t)q.since_ns);
		sqlite3_bind_int64(s, 2, q.until_ns ? (int64_t)q.until_ns : INT64_MAX);
		sqlite3_bind_int(s, 3, SHOWN_MAX);
		buf_add_str(c->to, "{\"marks\":[");
		while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
			write_mark(s, first, c->to);
			first = false;
		}
		buf_add_str(c->to, "]}\n");
		r = rc == SQLITE_DONE ? 0 : db_errno(rc);
	}
	query_release(&q);
	return r ? api_failed(c, r) : 200;
}
