/* SPDX-License-Identifier: Apache-2.0 */
#include "upsert.h"

#include <errno.h>

#define SQL_MAX (64 * 1024)

struct upsert {
	sqlite3_stmt *rollup, *run, *session;
};

/* Words that runs and sessions keep: the last that is known. */
static const enum field_id group_words[] = {
	F_AGENT,  F_CONVERSATION, F_MODEL, F_USER,	F_TIER, F_TEAM,	      F_REPO,
	F_BRANCH, F_SERVICE,	  F_COMM,  F_NAMESPACE, F_HOST, F_ERROR_TYPE,
};
/* Counters of runs and sessions, and of which member of struct group. */
static const struct {
	const char *column;
	size_t at;
	bool is_max;
} group_counts[] = {
	{ "ended", offsetof(struct group, ended), true },
	{ "error", offsetof(struct group, error), true },
	{ "calls", offsetof(struct group, calls), false },
	{ "tools", offsetof(struct group, tools), false },
	{ "errors", offsetof(struct group, errors), false },
	{ "partial", offsetof(struct group, partial), false },
	{ "refused", offsetof(struct group, refused), false },
	{ "runs", offsetof(struct group, runs), false },
};

/* hist_merge(a, b): the bytes of both together. */
static void sql_hist_merge(sqlite3_context *context, int n, sqlite3_value **args)
{
	_cleanup_(buf_cleanup) struct buf out = BUF_INIT(HISTOGRAM_BYTES_MAX);
	struct histogram h = { 0 };
	int r = 0;

	for (int i = 0; !r && i < n; i++) {
		const char *data = sqlite3_value_blob(args[i]);

		r = histogram_merge(&h,
				    (struct slice){ data, (size_t)sqlite3_value_bytes(args[i]) });
	}
	histogram_encode(&h, &out);
	histogram_release(&h);
	if (r == -ENOMEM || buf_error(&out))
		sqlite3_result_error_nomem(context);
	else if (out.len)
		sqlite3_result_blob(context, out.data, (int)out.len, SQLITE_TRANSIENT);
	else
		sqlite3_result_null(context);
}

static bool sums_only(size_t measure) /* those with columns k_ and s_ alone */
{
	return measures[measure] != F_DURATION && measures[measure] != F_TTFT;
}

void upsert_add_sums_sql(struct buf *sql, size_t keys)
{
	size_t n = keys + 13;

	buf_add_str(sql, "n,errors,partial,refused,s_duration_ns,min_duration_ns,max_duration_ns,"
			 "hist_duration_ns,k_ttft_ns,s_ttft_ns,min_ttft_ns,max_ttft_ns,"
			 "hist_ttft_ns");
	for (size_t i = 0; i < MEASURES; i++)
		if (sums_only(i)) {
			buf_printf(sql, ",k_%s,s_%s", fields[measures[i]].column,
				   fields[measures[i]].column);
			n += 2;
		}
	buf_add_str(sql, ") VALUES(?");
	while (--n)
		buf_add_str(sql, ",?");
}

static void add_rollup_sql(struct buf *sql)
{
	buf_add_str(sql, "INSERT INTO rollups(gran,dim,bucket,cls,value,");
	upsert_add_sums_sql(sql, 5);
	buf_add_str(sql,
		    ") ON CONFLICT DO UPDATE SET n=n+excluded.n, errors=errors+excluded.errors,"
		    "partial=partial+excluded.partial,refused=refused+excluded.refused,"
		    "s_duration_ns=s_duration_ns+excluded.s_duration_ns,"
		    "min_duration_ns=min(min_duration_ns,excluded.min_duration_ns),"
		    "max_duration_ns=max(max_duration_ns,excluded.max_duration_ns),"
		    "hist_duration_ns=hist_merge(hist_duration_ns,excluded.hist_duration_ns),"
		    "k_ttft_ns=k_ttft_ns+excluded.k_ttft_ns,"
		    "s_ttft_ns=s_ttft_ns+excluded.s_ttft_ns,"
		    "min_ttft_ns=min(coalesce(min_ttft_ns,excluded.min_ttft_ns),"
		    "coalesce(excluded.min_ttft_ns,min_ttft_ns)),"
		    "max_ttft_ns=max(coalesce(max_ttft_ns,excluded.max_ttft_ns),"
		    "coalesce(excluded.max_ttft_ns,max_ttft_ns)),"
		    "hist_ttft_ns=hist_merge(hist_ttft_ns,excluded.hist_ttft_ns)");
	for (size_t i = 0; i < MEASURES; i++) {
		const char *c = fields[measures[i]].column;

		if (sums_only(i))
			buf_printf(sql, ",k_%s=k_%s+excluded.k_%s,s_%s=s_%s+excluded.s_%s", c, c, c,
				   c, c, c);
	}
}

static void add_group_sql(struct buf *sql, const char *table)
{
	size_t n = 6; /* the columns that are named here */

	buf_printf(sql, "INSERT INTO %s(key,trace_id,start_ns,end_ns,pid,task", table);
	for (size_t i = 0; i < ARRAY_LEN(group_words); i++, n++)
		buf_printf(sql, ",%s", fields[group_words[i]].column);
	for (size_t i = 0; i < ARRAY_LEN(group_counts); i++, n++)
		buf_printf(sql, ",%s", group_counts[i].column);
	for (size_t i = 0; i < MEASURES; i++)
		if (sums_only(i)) {
			buf_printf(sql, ",k_%s,s_%s", fields[measures[i]].column,
				   fields[measures[i]].column);
			n += 2;
		}
	buf_add_str(sql, ") VALUES(?");
	while (--n)
		buf_add_str(sql, ",?");
	buf_add_str(sql,
		    ") ON CONFLICT DO UPDATE SET trace_id=coalesce(excluded.trace_id,trace_id),"
		    "start_ns=min(start_ns,excluded.start_ns),"
		    "end_ns=max(end_ns,excluded.end_ns),pid=coalesce(excluded.pid,pid),"
		    "task=coalesce(task,excluded.task)");
	for (size_t i = 0; i < ARRAY_LEN(group_words); i++) {
		const char *c = fields[group_words[i]].column;

		buf_printf(sql, ",%s=coalesce(excluded.%s,%s)", c, c, c);
	}
	for (size_t i = 0; i < ARRAY_LEN(group_counts); i++) {
		const char *c = group_counts[i].column;

		if (group_counts[i].is_max)
			buf_printf(sql, ",%s=max(%s,excluded.%s)", c, c, c);
		else
			buf_printf(sql, ",%s=%s+excluded.%s", c, c, c);
	}
	for (size_t i = 0; i < MEASURES; i++) {
		const char *c = fields[measures[i]].column;

		if (sums_only(i))
			buf_printf(sql, ",k_%s=k_%s+excluded.k_%s,s_%s=s_%s+excluded.s_%s", c, c, c,
				   c, c, c);
	}
}

static int prepare(sqlite3 *db, const struct buf *sql, sqlite3_stmt **ret)
{
	return buf_error(sql) ? buf_error(sql) : db_prepare(db, buf_slice(sql), ret);
}

static int prepare_all(struct upsert *u, sqlite3 *db)
{
	_cleanup_(buf_cleanup) struct buf rollup = BUF_INIT(SQL_MAX);
	_cleanup_(buf_cleanup) struct buf run = BUF_INIT(SQL_MAX);
	_cleanup_(buf_cleanup) struct buf session = BUF_INIT(SQL_MAX);
	int r;

	add_rollup_sql(&rollup);
	add_group_sql(&run, "runs");
	add_group_sql(&session, "sessions");
	r = db_errno(sqlite3_create_function(db, "hist_merge", 2,
					     SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
					     sql_hist_merge, NULL, NULL));
	if (!r)
		r = prepare(db, &rollup, &u->rollup);
	if (!r)
		r = prepare(db, &run, &u->run);
	return r ? r : prepare(db, &session, &u->session);
}

int upsert_new(struct upsert **ret, sqlite3 *db)
{
	struct upsert *u = calloc(1, sizeof(*u));
	int r = u ? prepare_all(u, db) : -ENOMEM;

	if (r) {
		upsert_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void upsert_free(struct upsert *u)
{
	if (!u)
		return;
	sqlite3_finalize(u->rollup);
	sqlite3_finalize(u->run);
	sqlite3_finalize(u->session);
	free(u);
}

static int bind_sums(sqlite3_stmt *s, int at, const struct sums *sums)
{
	for (size_t i = 0; i < MEASURES; i++) {
		if (!sums_only(i))
			continue;
		sqlite3_bind_int64(s, at++, sums->known[i]);
		sqlite3_bind_int64(s, at++, sums->sum[i]);
	}
	return at;
}

static void bind_or_null(sqlite3_stmt *s, int at, int64_t v, bool there)
{
	if (there)
		sqlite3_bind_int64(s, at, v);
	else
		sqlite3_bind_null(s, at);
}

int upsert_bind_sums(sqlite3_stmt *s, int at, const struct rollup *u)
{
	_cleanup_(buf_cleanup) struct buf duration = BUF_INIT(HISTOGRAM_BYTES_MAX);
	_cleanup_(buf_cleanup) struct buf ttft = BUF_INIT(HISTOGRAM_BYTES_MAX);
	int64_t known = u->sums.known[measure_index(F_TTFT)];
	const int64_t head[] = { u->n,
				 u->errors,
				 u->partial,
				 u->refused,
				 u->sums.sum[measure_index(F_DURATION)],
				 u->min_duration,
				 u->max_duration };

	histogram_encode(&u->duration, &duration);
	histogram_encode(&u->ttft, &ttft);
	if (buf_error(&duration) || buf_error(&ttft))
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		sqlite3_bind_int64(s, at++, head[i]);
	sqlite3_bind_blob(s, at++, duration.data, (int)duration.len, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, at++, known);
	sqlite3_bind_int64(s, at++, u->sums.sum[measure_index(F_TTFT)]);
	bind_or_null(s, at++, u->min_ttft, known);
	bind_or_null(s, at++, u->max_ttft, known);
	sqlite3_bind_blob(s, at++, ttft.data, (int)ttft.len, SQLITE_TRANSIENT);
	bind_sums(s, at, &u->sums);
	return 0;
}

static int write_rollup(void *value, void *arg)
{
	const struct rollup *u = value;
	sqlite3_stmt *s = ((struct upsert *)arg)->rollup;
	const int64_t key[] = { u->key.gran, u->key.dim, u->key.bucket, u->key.class,
				u->key.value };
	int r;

	for (size_t i = 0; i < ARRAY_LEN(key); i++)
		sqlite3_bind_int64(s, (int)i + 1, key[i]);
	r = upsert_bind_sums(s, ARRAY_LEN(key) + 1, u);
	return r ? r : db_run(s);
}

static int write_group(sqlite3_stmt *s, const struct group *g)
{
	int at = 2;

	db_bind_blob(s, at++, g->has_trace ? g->trace_id : NULL, sizeof(g->trace_id));
	sqlite3_bind_int64(s, at++, g->start_ns);
	sqlite3_bind_int64(s, at++, g->end_ns);
	bind_or_null(s, at++, g->pid, g->pid);
	db_bind_text(s, at++, *g->task ? slice_from(g->task) : SLICE_NONE);
	for (size_t i = 0; i < ARRAY_LEN(group_words); i++)
		bind_or_null(s, at++, g->words[group_words[i]], g->words[group_words[i]]);
	for (size_t i = 0; i < ARRAY_LEN(group_counts); i++)
		sqlite3_bind_int64(s, at++,
				   *(const int64_t *)((const char *)g + group_counts[i].at));
	bind_sums(s, at, &g->sums);
	return db_run(s);
}

static int write_run(void *value, void *arg)
{
	sqlite3_stmt *s = ((struct upsert *)arg)->run;
	const struct group *g = value;

	db_bind_blob(s, 1, g->key, sizeof(g->key));
	return write_group(s, g);
}

static int write_session(void *value, void *arg)
{
	sqlite3_stmt *s = ((struct upsert *)arg)->session;
	const struct group *g = value;
	int64_t key;

	memcpy(&key, g->key, sizeof(key));
	sqlite3_bind_int64(s, 1, key);
	return write_group(s, g);
}

int upsert_batch(struct upsert *u, struct batch *b)
{
	int r = table_each(&b->rollups, write_rollup, u);

	if (!r)
		r = table_each(&b->runs, write_run, u);
	return r ? r : table_each(&b->sessions, write_session, u);
}
