/* SPDX-License-Identifier: Apache-2.0 */
#include "prune.h"

#include "cleanup.h"
#include "fields.h"
#include "schema.h"
#include "slab.h"

#include <errno.h>

#define NUMBERS_MAX (INT64_C(1) << 28) /* of a table: 32 MiB of marks */

struct prune {
	sqlite3 *db;
	uint8_t *words, *resources; /* a bit for each number */
	int64_t most_word, most_resource;
};

static int alloc_marks(sqlite3 *db, const char *sql, int64_t *ret_most, uint8_t **ret)
{
	int r = db_get_int(db, sql, 0, ret_most);

	if (r)
		return r;
	if (*ret_most < 0 || *ret_most >= NUMBERS_MAX)
		return -E2BIG;
	*ret = calloc(1, (size_t)*ret_most / 8 + 1);
	return *ret ? 0 : -ENOMEM;
}

static void mark(uint8_t *marks, int64_t most, int64_t number)
{
	if (number > 0 && number <= most)
		marks[number / 8] |= (uint8_t)(1u << number % 8);
}

static bool is_marked(const uint8_t *marks, int64_t number)
{
	return marks[number / 8] >> number % 8 & 1;
}

/* What a column of a table of spans, runs or sessions holds. */
enum holds { HOLDS_NOTHING, HOLDS_WORD, HOLDS_RESOURCE };

static enum holds column_holds(const char *column)
{
	if (!strcmp(column, "resource"))
		return HOLDS_RESOURCE;
	for (int f = 0; f < F_COUNT; f++)
		if (fields[f].kind == FIELD_WORD && !strcmp(column, fields[f].column))
			return HOLDS_WORD;
	return HOLDS_NOTHING;
}

/* All that the rows of a query hold, by the names of its columns. */
static int mark_rows(struct prune *p, const char *sql, int64_t from, int64_t to)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	enum holds holds[F_COUNT + 32] = { 0 };
	int r = db_prepare(p->db, slice_from(sql), &s), rc = SQLITE_DONE, n;

	if (r)
		return r;
	n = MIN(sqlite3_column_count(s), (int)ARRAY_LEN(holds));
	if (n < sqlite3_column_count(s))
		return -E2BIG;
	for (int i = 0; i < n; i++)
		holds[i] = column_holds(sqlite3_column_name(s, i));
	sqlite3_bind_int64(s, 1, from);
	sqlite3_bind_int64(s, 2, to);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		for (int i = 0; i < n; i++) {
			if (holds[i] == HOLDS_WORD)
				mark(p->words, p->most_word, sqlite3_column_int64(s, i));
			else if (holds[i] == HOLDS_RESOURCE)
				mark(p->resources, p->most_resource, sqlite3_column_int64(s, i));
		}
	return db_errno(rc);
}

static void mark_column(const struct slab_column *c, const struct slab *s, uint8_t *marks,
			int64_t most)
{
	for (size_t i = s->from; i < s->n; i++)
		if (c->known[i])
			mark(marks, most, c->values[i]);
}

static int mark_slab(struct prune *p, struct slab_reader *reader, const struct slab *s,
		     struct slab_column *c)
{
	int r = 0;

	for (int f = 0; !r && f < F_COUNT; f++) {
		if (fields[f].kind != FIELD_WORD)
			continue;
		r = slab_reader_column(reader, s, f, c);
		if (!r)
			mark_column(c, s, p->words, p->most_word);
	}
	if (r)
		return r;
	r = slab_reader_resources(reader, s, c);
	if (r > 0)
		mark_column(c, s, p->resources, p->most_resource);
	/* Slabs of before did not have them. */
	return r ? MIN(r, 0)
		 : mark_rows(p, "SELECT resource FROM spans WHERE id>=?1 AND id<=?2", s->first,
			     s->last);
}

static int mark_slabs(struct prune *p, int64_t *ret_sealed)
{
	_cleanup_free_ struct slab_column *column = malloc(sizeof(*column));
	struct slab_reader reader;
	struct slab slab;
	int r = column ? slab_reader_init(&reader, p->db, INT64_MIN, INT64_MAX) : -ENOMEM;

	if (r)
		return r;
	*ret_sealed = reader.sealed;
	while ((r = slab_reader_next(&reader, &slab)) > 0) {
		r = mark_slab(p, &reader, &slab, column);
		if (r)
			break;
	}
	slab_reader_release(&reader);
	return r;
}

static int mark_all(struct prune *p)
{
	int64_t sealed = 0;
	int r = alloc_marks(p->db, "SELECT max(id) FROM strings", &p->most_word, &p->words);

	if (!r)
		r = alloc_marks(p->db, "SELECT max(id) FROM resources", &p->most_resource,
				&p->resources);
	if (!r)
		r = mark_slabs(p, &sealed);
	if (!r)
		r = mark_rows(p, "SELECT * FROM spans WHERE id>?1 AND id<=?2", sealed, INT64_MAX);
	if (!r)
		r = mark_rows(p, "SELECT * FROM runs", 0, 0);
	if (!r)
		r = mark_rows(p, "SELECT * FROM sessions", 0, 0);
	return r ? r
		 : mark_rows(p, "SELECT DISTINCT value AS model FROM rollups WHERE dim>0", 0, 0);
}

static int delete_unmarked(sqlite3 *db, const char *sql, const uint8_t *marks, int64_t most,
			   uint64_t *deleted)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, slice_from(sql), &s);

	for (int64_t i = 1; !r && i <= most; i++) {
		if (is_marked(marks, i))
			continue;
		sqlite3_bind_int64(s, 1, i);
		r = db_run(s);
		*deleted += r ? 0 : (uint64_t)sqlite3_changes(db);
	}
	return r;
}

static int prune(struct prune *p, uint64_t *ret_deleted)
{
	int64_t rounds = 0;
	int r = mark_all(p);

	if (!r)
		r = delete_unmarked(p->db, "DELETE FROM strings WHERE id=?", p->words, p->most_word,
				    ret_deleted);
	if (!r)
		r = delete_unmarked(p->db, "DELETE FROM resources WHERE id=?", p->resources,
				    p->most_resource, ret_deleted);
	if (!r && *ret_deleted)
		r = schema_get_meta(p->db, META_PRUNED, 0, &rounds);
	return r || !*ret_deleted ? r : schema_set_meta(p->db, META_PRUNED, rounds + 1);
}

int prune_run(sqlite3 *db, uint64_t *ret_deleted)
{
	struct prune p = { .db = db };
	uint64_t deleted = 0;
	int r = db_exec(db, "BEGIN IMMEDIATE");

	if (r)
		return r;
	r = prune(&p, &deleted);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r)
		db_exec(db, "ROLLBACK");
	free(p.words);
	free(p.resources);
	if (!r)
		*ret_deleted = deleted;
	return r;
}
