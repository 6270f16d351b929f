/* SPDX-License-Identifier: Apache-2.0 */
#include "facets.h"

#include "buf.h"
#include "clock.h"
#include "schema.h"
#include "upsert.h"

#include <errno.h>

#define SQL_MAX (16 * 1024)
#define COMBINATIONS_MAX 65536
/* What starts late in an hour ends, and is written, after it. */
#define LATE_NS (5 * 60 * (int64_t)NSEC_PER_SEC)

/* Columns of the table `facets`, in its order; the class is the first. */
static const enum field_id keys[] = {
	F_CLASS,   F_ERROR,	F_MODEL,   F_PROVIDER,	 F_AGENT,  F_TOOL,   F_USER,
	F_TIER,	   F_TEAM,	F_REPO,	   F_ERROR_TYPE, F_OP,	   F_FINISH, F_SERVER,
	F_SERVICE, F_NAMESPACE, F_FEATURE, F_COMM,	 F_PMODEL, F_POD,    F_HOST,
};
#define KEYS ARRAY_LEN(keys)

struct facet {
	int64_t key[KEYS]; /* numbers of words; 0: unknown */
	struct rollup sums;
};

bool facets_have(enum field_id f)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i] == f)
			return true;
	return false;
}

static void free_facet(void *value)
{
	rollup_release(&((struct facet *)value)->sums);
	free(value);
}

static struct facet *get_facet(struct table *t, const int64_t key[KEYS])
{
	struct facet *f = table_get(t, key, sizeof(f->key));

	if (f)
		return f;
	f = malloc(sizeof(*f));
	if (!f)
		return NULL;
	memcpy(f->key, key, sizeof(f->key));
	rollup_init(&f->sums);
	if (table_add(t, key, sizeof(f->key), f)) {
		free(f);
		return NULL;
	}
	return f;
}

/* "SELECT complete, keys…, measures… FROM spans" of an hour. */
static int select_spans(sqlite3 *db, int64_t hour, sqlite3_stmt **ret)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	int64_t step = gran_ns[GRAN_HOUR];

	buf_add_str(&sql, "SELECT completeness IS NULL OR completeness="
			  "(SELECT id FROM strings WHERE value='full')");
	for (size_t i = 0; i < KEYS; i++)
		buf_printf(&sql, ",%s", fields[keys[i]].column);
	for (size_t i = 0; i < n_measures; i++)
		buf_printf(&sql, ",%s", fields[measures[i]].column);
	buf_printf(&sql, " FROM spans WHERE start_ns>=%lld AND start_ns<%lld",
		   (long long)(hour * step), (long long)((hour + 1) * step));
	return buf_error(&sql) ? buf_error(&sql) : db_prepare(db, buf_slice(&sql), ret);
}

/* What rollup_add() looks at, and nothing else. */
static void read_row(sqlite3_stmt *s, struct row *r, int64_t key[KEYS])
{
	int at = 0;

	*r = (struct row){ .present = UINT64_C(1) << F_COMPLETENESS };
	r->words[F_COMPLETENESS] = sqlite3_column_int(s, at++) ? SLICE("full") : SLICE("partial");
	for (size_t i = 0; i < KEYS; i++)
		key[i] = sqlite3_column_int64(s, at++);
	r->values[F_ERROR] = key[1];
	for (size_t i = 0; i < n_measures; i++, at++) {
		if (sqlite3_column_type(s, at) == SQLITE_NULL)
			continue;
		r->values[measures[i]] = sqlite3_column_int64(s, at);
		r->present |= UINT64_C(1) << measures[i];
	}
}

/* *ret_n: how many spans there were. */
static int gather(sqlite3 *db, int64_t hour, struct table *to, int64_t *ret_n)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int64_t key[KEYS], n = 0;
	struct facet *f;
	struct row row;
	int r = select_spans(db, hour, &s), rc = SQLITE_DONE;

	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_row(s, &row, key);
		f = get_facet(to, key);
		r = f ? rollup_add(&f->sums, &row) : to->count >= to->max ? -ENOSPC : -ENOMEM;
		n++;
	}
	*ret_n = n;
	return r ? r : db_errno(rc);
}

struct writing {
	sqlite3_stmt *insert;
	int64_t hour;
};

static int write_facet(void *value, void *arg)
{
	const struct facet *f = value;
	struct writing *w = arg;
	int at = 1, r;

	sqlite3_bind_int64(w->insert, at++, w->hour);
	for (size_t i = 0; i < KEYS; i++, at++)
		if (f->key[i] || fields[keys[i]].kind != FIELD_WORD)
			sqlite3_bind_int64(w->insert, at, f->key[i]);
		else
			sqlite3_bind_null(w->insert, at);
	r = upsert_bind_sums(w->insert, at, &f->sums);
	return r ? r : db_run(w->insert);
}

static int write_facets(sqlite3 *db, int64_t hour, const struct table *facets)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r;

	buf_add_str(&sql, "INSERT INTO facets(bucket,");
	for (size_t i = 0; i < KEYS; i++)
		buf_printf(&sql, "%s,", fields[keys[i]].column);
	upsert_add_sums_sql(&sql, 1 + KEYS);
	buf_add_char(&sql, ')');
	r = buf_error(&sql) ? buf_error(&sql) : db_prepare(db, buf_slice(&sql), &s);
	return r ? r : table_each(facets, write_facet, &(struct writing){ s, hour });
}

static int run(sqlite3 *db, const char *text, int64_t hour, int64_t n, bool kept)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, slice_from(text), &s);

	if (r)
		return r;
	sqlite3_bind_int64(s, 1, hour);
	if (sqlite3_bind_parameter_count(s) > 1) {
		sqlite3_bind_int64(s, 2, n);
		sqlite3_bind_int(s, 3, kept);
	}
	return db_run(s);
}

/* `spans`: how many the hour's roll-ups count. */
static int make_hour(sqlite3 *db, int64_t hour, int64_t spans, int64_t worth)
{
	struct table facets;
	int64_t n = 0;
	bool kept;
	int r;

	table_init(&facets, COMBINATIONS_MAX);
	r = gather(db, hour, &facets, &n);
	kept = !r && n == spans && (int64_t)facets.count * worth <= n;
	if (!r || r == -ENOSPC) /* too many combinations are no error */
		r = run(db, "DELETE FROM facets WHERE bucket=?", hour, 0, false);
	if (!r && kept)
		r = write_facets(db, hour, &facets);
	if (!r)
		r = run(db, "INSERT OR REPLACE INTO facet_hours VALUES(?,?,?)", hour, spans, kept);
	table_release(&facets, free_facet);
	return r;
}

/* *ret_hour: -1 when there is none. */
static int find_void(sqlite3 *db, int64_t *ret_hour, int64_t *ret_spans)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int64_t spans_from = 0, newest = 0, step = gran_ns[GRAN_HOUR];
	int r = schema_get_meta(db, META_SPANS_FROM, 0, &spans_from), rc;

	if (!r)
		r = db_get_int(db, "SELECT max(start_ns) FROM spans", 0, &newest);
	if (!r)
		r = db_prepare(db,
			       SLICE("SELECT r.bucket,sum(r.n) FROM rollups r LEFT JOIN facet_hours"
				     " f ON f.bucket=r.bucket WHERE r.gran=1 AND r.dim=0"
				     " AND r.bucket>=?1 AND r.bucket<?2 GROUP BY r.bucket"
				     " HAVING sum(r.n) IS NOT max(f.n) LIMIT 1"),
			       &s);
	if (r)
		return r;
	/* Of the hour that retention stands in, some spans are gone; the last still grows. */
	sqlite3_bind_int64(s, 1, (spans_from + step - 1) / step);
	sqlite3_bind_int64(s, 2, (newest - LATE_NS) / step);
	rc = sqlite3_step(s);
	*ret_hour = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	*ret_spans = rc == SQLITE_ROW ? sqlite3_column_int64(s, 1) : 0;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_errno(rc);
}

int facets_update(sqlite3 *db, int64_t worth, bool *ret)
{
	int64_t hour = -1, spans = 0;
	int r = db_exec(db, "BEGIN IMMEDIATE");

	if (r)
		return r;
	r = find_void(db, &hour, &spans);
	if (!r && hour >= 0)
		r = make_hour(db, hour, spans, worth);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r) {
		db_exec(db, "ROLLBACK");
		return r;
	}
	*ret = hour >= 0;
	return 0;
}

int facets_find(sqlite3 *db, int64_t from_ns, int64_t to_ns, struct plan_hours *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int64_t step = gran_ns[GRAN_HOUR];
	int r = db_prepare(db,
			   SLICE("SELECT f.bucket FROM facet_hours f WHERE f.kept"
				 " AND f.bucket>=?1 AND f.bucket<?2 AND f.n=(SELECT sum(n) FROM"
				 " rollups WHERE gran=1 AND dim=0 AND bucket=f.bucket)"
				 " ORDER BY f.bucket"),
			   &s);
	int rc = SQLITE_DONE;

	ret->n = 0;
	if (r)
		return r;
	sqlite3_bind_int64(s, 1, from_ns / step + (from_ns % step > 0));
	sqlite3_bind_int64(s, 2, to_ns / step);
	while (ret->n < PLAN_HOURS_MAX && (rc = sqlite3_step(s)) == SQLITE_ROW)
		ret->hours[ret->n++] = sqlite3_column_int64(s, 0);
	return db_errno(rc);
}
