/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "buf.h"
#include "fields.h"
#include "schema_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define SQL_MAX (256 * 1024)
#define BUSY_MS 2000

/* What brings a file from the version before to this one, in order; [0] makes version 1. */
static const char *const migrations[SCHEMA_VERSION] = {
	SCHEMA_SQL_1, SCHEMA_SQL_2, SCHEMA_SQL_3, SCHEMA_SQL_4,
	SCHEMA_SQL_5, SCHEMA_SQL_6, SCHEMA_SQL_7,
};

int schema_default_path(char *to, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const char *service = getenv("STATE_DIRECTORY"); /* systemd's, of one directory */
	int n;

	if (service && *service == '/')
		n = snprintf(to, size, "%s/gentap.db", service);
	else if (!geteuid())
		n = snprintf(to, size, "/var/lib/gentap/gentap.db");
	else if (state && *state == '/')
		n = snprintf(to, size, "%s/gentap/gentap.db", state);
	else if (home && *home == '/')
		n = snprintf(to, size, "%s/.local/state/gentap/gentap.db", home);
	else
		return -ENOENT;
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Those that are missing on the way to the file, for their owner only. */
static int make_folders(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

/* SQLite would make it readable for everybody whom umask lets; WAL and SHM take over the
 * mode of the file. */
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Is this column of fields.h there? A file may be older than it is. 0, 1 or -errno. */
static int has_column(sqlite3 *db, const char *column)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	int64_t there = 0;
	int r;

	buf_printf(&sql, "SELECT count(*) FROM pragma_table_info('spans') WHERE name='%s'", column);
	r = buf_error(&sql) ? buf_error(&sql) : db_get_int(db, sql.data, 0, &there);
	return r ? r : there > 0;
}

static int add_columns(sqlite3 *db)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	int r;

	for (int i = 0; i < F_COUNT; i++) {
		r = has_column(db, fields[i].column);
		if (r < 0)
			return r;
		if (r)
			continue;
		buf_reset(&sql, SQL_MAX);
		buf_printf(&sql, "ALTER TABLE spans ADD COLUMN %s %s", fields[i].column,
			   fields[i].kind == FIELD_ID ? "BLOB" : "INTEGER");
		r = buf_error(&sql) ? buf_error(&sql) : db_exec(db, sql.data);
		if (r)
			return r;
	}
	return 0;
}

static int migrate_from(sqlite3 *db, int64_t version)
{
	char pragma[64];
	int r = 0;

	for (; !r && version < SCHEMA_VERSION; version++)
		r = db_exec(db, migrations[version]);
	if (!r)
		r = add_columns(db);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", SCHEMA_VERSION);
	return r ? r : db_exec(db, pragma);
}

static int migrate(sqlite3 *db)
{
	int64_t version;
	int r = db_exec(db, "BEGIN IMMEDIATE");

	if (r)
		return r;
	r = db_get_int(db, "PRAGMA user_version", 0, &version);
	if (!r && version > SCHEMA_VERSION)
		r = -EPROTO;
	if (!r)
		r = migrate_from(db, version);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r)
		db_exec(db, "ROLLBACK");
	return r;
}

int schema_open(sqlite3 **ret, const char *path)
{
	sqlite3 *db = NULL;
	int r = make_folders(path);

	if (!r)
		r = make_file(path);
	if (!r)
		r = db_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
					     NULL));
	if (!r) {
		sqlite3_busy_timeout(db, BUSY_MS);
		/* auto_vacuum counts only before the first table is made. */
		r = db_exec(db, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
				"PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
				"PRAGMA cache_size=-24576; PRAGMA wal_autocheckpoint=8192;"
				"PRAGMA journal_size_limit=67108864");
	}
	if (!r)
		r = migrate(db);
	if (r) {
		sqlite3_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

/* -ESTALE: older; -EPROTO: newer. */
static int check_version(sqlite3 *db)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	_cleanup_stmt_ sqlite3_stmt *all = NULL;
	int64_t version;
	int r = db_get_int(db, "PRAGMA user_version", 0, &version);

	if (r || version != SCHEMA_VERSION)
		return r ? r : version < SCHEMA_VERSION ? -ESTALE : -EPROTO;
	buf_add_str(&sql, "SELECT ");
	for (int i = 0; i < F_COUNT; i++)
		buf_printf(&sql, "%s%s", i ? "," : "", fields[i].column);
	buf_add_str(&sql, " FROM spans");
	if (buf_error(&sql))
		return buf_error(&sql);
	r = db_prepare(db, buf_slice(&sql), &all);
	return r == -EINVAL ? -ESTALE : r; /* no such column */
}

static int open_readonly(sqlite3 **ret, const char *path)
{
	sqlite3 *db = NULL;
	int r = access(path, R_OK) ? -errno : 0;

	if (!r)
		r = db_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
					     NULL));
	if (!r) {
		sqlite3_busy_timeout(db, BUSY_MS);
		r = db_exec(db, "PRAGMA query_only=1; PRAGMA temp_store=MEMORY;"
				"PRAGMA mmap_size=4294967296; PRAGMA cache_size=-8192");
	}
	if (!r)
		r = check_version(db);
	if (r) {
		sqlite3_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

int schema_open_readonly(sqlite3 **ret, const char *path)
{
	int r = open_readonly(ret, path);
	sqlite3 *writable;

	if (r != -ESTALE)
		return r;
	if (access(path, W_OK) || schema_open(&writable, path))
		return -ESTALE;
	sqlite3_close(writable);
	return open_readonly(ret, path);
}

int schema_get_meta(sqlite3 *db, const char *key, int64_t fallback, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, SLICE("SELECT value FROM meta WHERE key=?"), &s), rc;

	if (r)
		return r;
	db_bind_text(s, 1, slice_from(key));
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_errno(rc);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : fallback;
	return 0;
}

int schema_set_meta(sqlite3 *db, const char *key, int64_t value)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, SLICE("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)"), &s);

	if (r)
		return r;
	db_bind_text(s, 1, slice_from(key));
	sqlite3_bind_int64(s, 2, value);
	return db_run(s);
}
