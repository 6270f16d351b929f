/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include "buf.h"
#include "ledger.h"
#include "marks.h"
#include "schema.h"
#include "sums.h"
#include "upsert.h"

#include <errno.h>

#define WORDS_MAX (1u << 16)
#define RESOURCES_MAX 4096
#define SQL_MAX (64 * 1024)

struct writer {
	sqlite3 *db;
	sqlite3_stmt *insert_span, *insert_details, *find_span, *insert_word, *find_word;
	sqlite3_stmt *insert_resource, *find_resource, *pruned;
	int64_t rounds; /* of pruning: what is remembered is true of this one */
	struct upsert *upsert;
	struct ledger ledger;
	struct marks marks;
	struct table words;	/* text → number */
	struct table resources; /* (pid, start) → number */
	struct batch batch;
	/* By field, of the rows that are being written: most say what the one before did. */
	struct {
		struct slice text;
		int64_t number;
	} before[F_COUNT];
};

static int prepare_insert_span(struct writer *w)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);

	buf_add_str(&sql, "INSERT OR IGNORE INTO spans(");
	for (int f = 0; f < F_COUNT; f++)
		buf_printf(&sql, "%s,", fields[f].column);
	buf_add_str(&sql, "resource) VALUES(");
	for (int f = 0; f < F_COUNT; f++)
		buf_add_str(&sql, "?,");
	buf_add_str(&sql, "?)");
	return buf_error(&sql) ? buf_error(&sql)
			       : db_prepare(w->db, buf_slice(&sql), &w->insert_span);
}

static int prepare_all(struct writer *w)
{
	const struct {
		sqlite3_stmt **to;
		struct slice sql;
	} rest[] = {
		{ &w->insert_details, SLICE("INSERT INTO span_details VALUES(?,?,?)") },
		{ &w->find_span, SLICE("SELECT 1 FROM spans WHERE trace_id=? AND span_id=?"
				       " AND start_ns<=? AND start_ns+duration_ns>=?") },
		{ &w->insert_word, SLICE("INSERT OR IGNORE INTO strings(value) VALUES(?)") },
		{ &w->find_word, SLICE("SELECT id FROM strings WHERE value=?") },
		{ &w->insert_resource,
		  SLICE("INSERT INTO resources VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?)") },
		{ &w->find_resource, SLICE("SELECT id FROM resources WHERE pid=? AND start_ns=?"
					   " AND exe IS ?") },
		{ &w->pruned, SLICE("SELECT value FROM meta WHERE key='" META_PRUNED "'") },
	};
	int r = prepare_insert_span(w);

	for (size_t i = 0; !r && i < ARRAY_LEN(rest); i++)
		r = db_prepare(w->db, rest[i].sql, rest[i].to);
	return r;
}

int writer_new(struct writer **ret, const char *path)
{
	struct writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	table_init(&w->words, WORDS_MAX);
	table_init(&w->resources, RESOURCES_MAX);
	batch_init(&w->batch);
	r = schema_open(&w->db, path);
	if (!r)
		r = prepare_all(w);
	if (!r)
		r = upsert_new(&w->upsert, w->db);
	if (!r)
		r = ledger_prepare(&w->ledger, w->db);
	if (!r)
		r = marks_prepare(&w->marks, w->db);
	if (r) {
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	batch_reset(&w->batch);
	table_release(&w->words, NULL);
	table_release(&w->resources, NULL);
	upsert_free(w->upsert);
	ledger_release(&w->ledger);
	marks_release(&w->marks);
	sqlite3_finalize(w->insert_span);
	sqlite3_finalize(w->insert_details);
	sqlite3_finalize(w->find_span);
	sqlite3_finalize(w->insert_word);
	sqlite3_finalize(w->find_word);
	sqlite3_finalize(w->insert_resource);
	sqlite3_finalize(w->find_resource);
	sqlite3_finalize(w->pruned);
	sqlite3_close(w->db);
	free(w);
}

sqlite3 *writer_db(struct writer *w)
{
	return w->db;
}

static void remember(struct table *t, const void *key, size_t len, int64_t number)
{
	if (t->count >= t->max)
		table_take_oldest(t);
	/* Without memory it is looked up again. */
	table_add(t, key, len, (void *)(intptr_t)number);
}

/* The first column of the first row; 0 when there is none. */
static int find(sqlite3_stmt *s, int64_t *ret)
{
	int rc = sqlite3_step(s);

	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_errno(rc);
}

static int word_number(struct writer *w, struct slice word, int64_t *ret)
{
	int64_t known = (intptr_t)table_get(&w->words, word.data, word.len);
	int r;

	if (known) {
		*ret = known;
		return 0;
	}
	db_bind_text(w->find_word, 1, word);
	r = find(w->find_word, &known);
	if (!r && !known) {
		db_bind_text(w->insert_word, 1, word);
		r = db_run(w->insert_word);
		known = sqlite3_last_insert_rowid(w->db);
	}
	if (r)
		return r;
	remember(&w->words, word.data, word.len, known);
	*ret = known;
	return 0;
}

static int resource_number(struct writer *w, const struct row_resource *p, int64_t *ret)
{
	const struct slice texts[] = { p->comm,		p->exe,		 p->cmdline,
				       p->cwd,		p->owner,	 p->cgroup,
				       p->container_id, p->service_name, p->attributes };
	const struct {
		uint64_t start_ns, pid, exe;
	} key = { p->start_ns, p->pid, slice_hash(SLICE_HASH, p->exe) };
	int64_t known = (intptr_t)table_get(&w->resources, &key, sizeof(key));
	int r;

	*ret = known;
	if (known || !p->pid)
		return 0;
	sqlite3_bind_int64(w->find_resource, 1, p->pid);
	sqlite3_bind_int64(w->find_resource, 2, (int64_t)p->start_ns);
	db_bind_text(w->find_resource, 3, p->exe);
	r = find(w->find_resource, &known);
	if (!r && !known) {
		sqlite3_bind_int64(w->insert_resource, 1, p->pid);
		sqlite3_bind_int64(w->insert_resource, 2, (int64_t)p->start_ns);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			db_bind_text(w->insert_resource, 3 + (int)i, texts[i]);
		r = db_run(w->insert_resource);
		known = sqlite3_last_insert_rowid(w->db);
	}
	if (r)
		return r;
	remember(&w->resources, &key, sizeof(key), known);
	*ret = known;
	return 0;
}

static int number_words(struct writer *w, const struct row *r, int64_t words[F_COUNT])
{
	int e = 0;

	for (int f = 0; !e && f < F_COUNT; f++) {
		if (fields[f].kind != FIELD_WORD || !row_has(r, f))
			continue;
		if (!w->before[f].text.data || !slice_eq(w->before[f].text, r->words[f])) {
			e = word_number(w, r->words[f], &w->before[f].number);
			w->before[f].text = e ? SLICE_NONE : r->words[f];
		}
		words[f] = w->before[f].number;
	}
	return e;
}

static void bind_span(sqlite3_stmt *s, const struct row *r, const int64_t words[F_COUNT],
		      int64_t resource)
{
	sqlite3_clear_bindings(s);
	for (uint64_t rest = r->present; rest; rest &= rest - 1) {
		int f = __builtin_ctzll(rest);

		if (fields[f].kind == FIELD_WORD)
			sqlite3_bind_int64(s, f + 1, words[f]);
		else if (fields[f].kind == FIELD_ID)
			db_bind_blob(s, f + 1, r->words[f].data, r->words[f].len);
		else
			sqlite3_bind_int64(s, f + 1, r->values[f]);
	}
	if (resource)
		sqlite3_bind_int64(s, F_COUNT + 1, resource);
}

static int write_details(struct writer *w, const struct row *r)
{
	if (!r->rest.data && !r->status_message.data)
		return 0;
	sqlite3_bind_int64(w->insert_details, 1, sqlite3_last_insert_rowid(w->db));
	db_bind_text(w->insert_details, 2, r->status_message);
	db_bind_text(w->insert_details, 3, r->rest);
	return db_run(w->insert_details);
}

/* Its ids stand there already. At another time they are another call's: an answer that was
 * given out again, by a cache, after the agent was started anew and had forgotten to whom it
 * gave the ids that follow from it. That one is kept, by a span id that follows from both. */
static int insert_repeated(struct writer *w, const struct row *r, bool *ret_inserted)
{
	struct slice start = { (const char *)&r->values[F_START], sizeof(r->values[F_START]) };
	uint64_t own = slice_hash(slice_hash(SLICE_HASH, r->words[F_SPAN]), start);
	int64_t same = 0;
	int e;

	db_bind_blob(w->find_span, 1, r->words[F_TRACE].data, r->words[F_TRACE].len);
	db_bind_blob(w->find_span, 2, r->words[F_SPAN].data, r->words[F_SPAN].len);
	sqlite3_bind_int64(w->find_span, 3, r->values[F_START] + r->values[F_DURATION]);
	sqlite3_bind_int64(w->find_span, 4, r->values[F_START]);
	e = find(w->find_span, &same);
	if (e || same)
		return e;
	db_bind_blob(w->insert_span, F_SPAN + 1, &own, sizeof(own));
	e = db_run(w->insert_span);
	*ret_inserted = !e && sqlite3_changes(w->db);
	return e;
}

static int insert_span(struct writer *w, const struct row *r, const int64_t words[F_COUNT],
		       int64_t resource, bool *ret_inserted)
{
	int e;

	bind_span(w->insert_span, r, words, resource);
	e = db_run(w->insert_span);
	*ret_inserted = !e && sqlite3_changes(w->db);
	return e || *ret_inserted ? e : insert_repeated(w, r, ret_inserted);
}

static int write_row(struct writer *w, const struct row *r, uint64_t *duplicates)
{
	bool inserted = false;
	int64_t words[F_COUNT] = { 0 }, resource = 0;
	int e = number_words(w, r, words);

	if (!e)
		e = resource_number(w, &r->resource, &resource);
	if (e)
		return e;
	e = insert_span(w, r, words, resource, &inserted);
	if (e)
		return e;
	if (!inserted) {
		++*duplicates;
		return 0;
	}
	e = write_details(w, r);
	if (!e)
		e = marks_add(&w->marks, r);
	return e ? e : batch_add(&w->batch, r, words);
}

/* Numbers that are remembered may be void. */
static void forget(struct writer *w)
{
	table_release(&w->words, NULL);
	table_release(&w->resources, NULL);
}

/* Somebody, this process or another, may have taken numbers back since. */
static int check_numbers(struct writer *w)
{
	int64_t rounds;
	int r = find(w->pruned, &rounds);

	if (!r && rounds != w->rounds) {
		forget(w);
		w->rounds = rounds;
	}
	return r;
}

int writer_write(struct writer *w, const struct row *rows, uint64_t *ret_duplicates)
{
	uint64_t duplicates = 0;
	int r = db_exec(w->db, "BEGIN IMMEDIATE");

	memset(w->before, 0, sizeof(w->before));
	if (!r)
		r = check_numbers(w);
	for (const struct row *row = rows; !r && row; row = row->next)
		r = row->connection ? ledger_write(&w->ledger, row->connection)
				    : write_row(w, row, &duplicates);
	if (!r)
		r = batch_add_days(&w->batch);
	if (!r)
		r = upsert_batch(w->upsert, &w->batch);
	if (!r)
		r = db_exec(w->db, "COMMIT");
	batch_reset(&w->batch);
	if (r) {
		db_exec(w->db, "ROLLBACK");
		forget(w); /* numbers given out in it */
		marks_reset(&w->marks);
		return r;
	}
	*ret_duplicates = duplicates;
	return 0;
}
