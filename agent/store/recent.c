/* SPDX-License-Identifier: Apache-2.0 */
#include "recent.h"

#include "fields.h"
#include "schema.h"

static void close_db(sqlite3 **db)
{
	sqlite3_close(*db);
}

int recent_calls(const char *path, size_t max, void (*each)(void *ctx, const uint8_t span_id[8]),
		 void *ctx)
{
	_cleanup_(close_db) sqlite3 *db = NULL;
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = schema_open_readonly(&db, path), rc = SQLITE_DONE;

	if (!r)
		r = db_prepare(db,
			       SLICE("SELECT span_id FROM (SELECT id, span_id FROM spans "
				     "WHERE cls = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id"),
			       &s);
	if (r)
		return r;
	sqlite3_bind_int(s, 1, CLASS_REQUEST);
	sqlite3_bind_int64(s, 2, (int64_t)max);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		if (sqlite3_column_bytes(s, 0) == 8)
			each(ctx, sqlite3_column_blob(s, 0));
	return rc == SQLITE_DONE ? 0 : db_errno(rc);
}
