/* SPDX-License-Identifier: Apache-2.0 */
#include "retention.h"

#include "clock.h"
#include "schema.h"
#include "slab.h"
#include "sums.h"

#include <errno.h>

#define PORTION 10000 /* spans deleted in one transaction */
#define MINUTES_KEPT_NS (31 * 86400 * (int64_t)NSEC_PER_SEC)
#define HOURS_KEPT_NS (400 * 86400 * (int64_t)NSEC_PER_SEC)

/* How much of the file is in use. */
static int bytes_used(sqlite3 *db, int64_t *ret)
{
	int64_t pages, free_pages, page;
	int r = db_get_int(db, "PRAGMA page_count", 0, &pages);

	if (!r)
		r = db_get_int(db, "PRAGMA freelist_count", 0, &free_pages);
	if (!r)
		r = db_get_int(db, "PRAGMA page_size", 0, &page);
	if (!r)
		*ret = (pages - free_pages) * page;
	return r;
}

static int run_with(sqlite3 *db, const char *sql, int64_t a, int64_t b)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, slice_from(sql), &s);

	if (r)
		return r;
	sqlite3_bind_int64(s, 1, a);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, b);
	return db_run(s);
}

/* Spans are numbered as they ended, so those of a low number are the oldest. */
static int find_limit(sqlite3 *db, const char *sql, int64_t arg, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, slice_from(sql), &s), rc;

	if (r)
		return r;
	sqlite3_bind_int64(s, 1, arg);
	sqlite3_bind_int64(s, 2, PORTION);
	rc = sqlite3_step(s);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_errno(rc);
}

static int delete_up_to(sqlite3 *db, int64_t id, int64_t *ret_count)
{
	int64_t from, before;
	int r = schema_get_meta(db, META_SPANS_FROM, 0, &before);

	if (!r) {
		char sql[128];

		snprintf(sql, sizeof(sql), "SELECT max(start_ns)+1 FROM spans WHERE id<=%lld",
			 (long long)id);
		r = db_get_int(db, sql, 0, &from);
	}
	if (!r)
		r = run_with(db, "DELETE FROM span_details WHERE id<=?", id, 0);
	if (!r)
		r = run_with(db, "DELETE FROM spans WHERE id<=?", id, 0);
	if (!r)
		*ret_count = sqlite3_changes(db);
	if (!r)
		r = schema_set_meta(db, META_SPANS_FROM, MAX(from, before));
	if (!r)
		r = slab_let_go(db, id);
	if (!r)
		r = run_with(db, "DELETE FROM runs WHERE end_ns<?", MAX(from, before), 0);
	return r ? r : run_with(db, "DELETE FROM sessions WHERE end_ns<?", MAX(from, before), 0);
}

static int delete_rollups(sqlite3 *db, int64_t now)
{
	static const struct {
		enum rollup_gran gran;
		int64_t kept_ns;
		const char *from;
	} ages[] = { { GRAN_MINUTE, MINUTES_KEPT_NS, META_MINUTES_FROM },
		     { GRAN_HOUR, HOURS_KEPT_NS, META_HOURS_FROM } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
		int64_t step = gran_ns[ages[i].gran], horizon = (now - ages[i].kept_ns) / step;
		int deleted = 0;

		for (int dim = 0; !r && dim < DIMS; dim++) {
			char sql[96];

			snprintf(sql, sizeof(sql),
				 "DELETE FROM rollups WHERE gran=%d AND dim=%d AND bucket<?",
				 ages[i].gran, dim);
			r = run_with(db, sql, horizon, 0);
			deleted += r ? 0 : sqlite3_changes(db);
		}
		/* What is gone must not be taken for nothing. */
		if (!r && deleted)
			r = schema_set_meta(db, ages[i].from, horizon * step);
	}
	return r;
}

static int delete_old(sqlite3 *db, const struct store_config *c, int64_t now, int64_t *ret_count)
{
	int64_t id = 0, used;
	int r = 0;

	if (c->keep_ns)
		r = find_limit(db,
			       "SELECT max(id) FROM (SELECT id, start_ns + duration_ns AS end_ns"
			       " FROM spans ORDER BY id LIMIT ?2) WHERE end_ns < ?1",
			       now - (int64_t)c->keep_ns, &id);
	if (!r && !id && c->max_bytes) {
		r = bytes_used(db, &used);
		if (!r && used > (int64_t)c->max_bytes)
			r = find_limit(db,
				       "SELECT max(id) FROM (SELECT id FROM spans ORDER BY id"
				       " LIMIT ?2) WHERE id > ?1",
				       0, &id);
	}
	*ret_count = 0;
	if (!r && id)
		r = delete_up_to(db, id, ret_count);
	if (!r && c->keep_ns)
		r = run_with(db, "DELETE FROM connections WHERE last_ns<?",
			     now - (int64_t)c->keep_ns, 0);
	return r;
}

int retention_run(sqlite3 *db, const struct store_config *config, uint64_t now_ns,
		  uint64_t *ret_deleted)
{
	int64_t count = 0;
	int r = db_exec(db, "BEGIN IMMEDIATE");

	if (r)
		return r;
	r = delete_old(db, config, (int64_t)now_ns, &count);
	if (!r && !count)
		r = delete_rollups(db, (int64_t)now_ns);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r) {
		db_exec(db, "ROLLBACK");
		return r;
	}
	*ret_deleted = (uint64_t)count;
	if (!count)
		return db_exec(db, "PRAGMA incremental_vacuum(2000)");
	return -EAGAIN;
}
