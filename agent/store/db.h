/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite with this house's conventions: 0 or -errno, statements that finalise
 * themselves, parameters by position. One connection belongs to one thread.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "cleanup.h"
#include "slice.h"

#include <sqlite3.h>

/* What a result code says in errno's words. */
int db_errno(int rc);
int db_exec(sqlite3 *db, const char *sql);
int db_prepare(sqlite3 *db, struct slice sql, sqlite3_stmt **ret);
/* One row's first column as a number; `fallback` when there is no row. */
int db_get_int(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret);
/* Runs it to its end and resets it: 0 or -errno. */
int db_run(sqlite3_stmt *s);

void db_bind_text(sqlite3_stmt *s, int at, struct slice text); /* absent: NULL; lends */
void db_bind_blob(sqlite3_stmt *s, int at, const void *data, size_t len);
/* Lent until the next step. NULL gives the absent slice. */
struct slice db_text(sqlite3_stmt *s, int column);

static inline void db_stmt_cleanup(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}
#define _cleanup_stmt_ _cleanup_(db_stmt_cleanup)

#endif
