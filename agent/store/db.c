/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

#include <errno.h>

int db_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	case SQLITE_INTERRUPT:
		return -EINTR;
	case SQLITE_IOERR:
		return -EIO;
	default:
		return -EINVAL;
	}
}

int db_exec(sqlite3 *db, const char *sql)
{
	return db_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int db_prepare(sqlite3 *db, struct slice sql, sqlite3_stmt **ret)
{
	return db_errno(sqlite3_prepare_v3(db, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
					   ret, NULL));
}

int db_get_int(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, slice_from(sql), &s), rc;

	if (r)
		return r;
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_errno(rc);
	*ret = rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL
		       ? sqlite3_column_int64(s, 0)
		       : fallback;
	return 0;
}

int db_run(sqlite3_stmt *s)
{
	int rc;

	do
		rc = sqlite3_step(s);
	while (rc == SQLITE_ROW);
	sqlite3_reset(s);
	return db_errno(rc);
}

void db_bind_text(sqlite3_stmt *s, int at, struct slice text)
{
	if (text.data)
		sqlite3_bind_text(s, at, text.data, (int)text.len, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, at);
}

void db_bind_blob(sqlite3_stmt *s, int at, const void *data, size_t len)
{
	if (data)
		sqlite3_bind_blob(s, at, data, (int)len, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, at);
}

struct slice db_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return (struct slice){ text, text ? (size_t)sqlite3_column_bytes(s, column) : 0 };
}
