/* SPDX-License-Identifier: Apache-2.0 */
#include "slab_attrs.h"

#include "cleanup.h"
#include "json.h"
#include "table.h"

#include <errno.h>

#define NEEDED_MAX 64
#define WHOLE "" /* the name that no attribute has: the slab was looked through */
#define TEXT_MAX (1024 * 1024)
#define BYTES_MAX (2 * SLAB_VALUES_BYTES)

/* ---- Making ---- */

struct made_attr {
	struct slice name;
	struct slab_attr_maker *maker;
	bool dropped; /* one of its values was too long */
};

struct making {
	struct made_attr *attrs;
	size_t n;
	struct table by_name; /* place in attrs, plus 1 */
	struct arena arena;
	struct json json;
	struct buf text;
	bool cut; /* there were more than SLAB_NAMES_MAX */
};

static struct made_attr *attr_of(struct making *m, struct slice name)
{
	size_t at = (uintptr_t)table_get(&m->by_name, name.data, name.len);
	struct made_attr *a;

	if (at)
		return &m->attrs[at - 1];
	a = arena_push(&m->arena, &m->attrs, &m->n, sizeof(*a));
	if (!a)
		return NULL;
	a->name = arena_copy(&m->arena, name);
	if (!a->name.data || slab_attr_maker_new(&a->maker) ||
	    table_add(&m->by_name, name.data, name.len, (void *)(uintptr_t)m->n))
		return NULL;
	return a;
}

/* As SQLite reads it: with a point or an exponent, or too large, it is a real number. */
static bool read_number(struct json_val v, struct slab_value *to)
{
	struct slice raw = json_raw(v);
	bool whole = true;

	for (size_t i = 0; i < raw.len; i++)
		whole = whole && raw.data[i] != '.' && (raw.data[i] | 0x20) != 'e';
	to->type = SLAB_INT;
	if (whole && !json_i64(v, &to->integer))
		return true;
	to->type = SLAB_REAL;
	return !json_f64(v, &to->real);
}

/* False: null, which is unknown, or nothing that could be kept. */
static bool read_value(struct making *m, struct json_val v, struct slab_value *to)
{
	*to = (struct slab_value){ 0 };
	switch (json_type(v)) {
	case JSON_TRUE:
	case JSON_FALSE:
		to->type = json_type(v) == JSON_TRUE ? SLAB_TRUE : SLAB_FALSE;
		return true;
	case JSON_NUMBER:
		return read_number(v, to);
	case JSON_STRING:
		to->type = SLAB_TEXT;
		to->text = json_text(v);
		if (to->text.data)
			return true;
		buf_reset(&m->text, SLAB_VALUE_MAX);
		json_str(v, &m->text);
		to->text = m->text.len ? buf_slice(&m->text) : SLICE("");
		return true;
	case JSON_ARRAY:
	case JSON_OBJECT:
		to->type = SLAB_JSON;
		to->text = json_raw(v);
		return true;
	default:
		return false;
	}
}

/* The attributes of the span that is the slab's `row`. */
static int add_span(struct making *m, size_t row, struct slice text)
{
	int r = json_parse(&m->json, text);

	if (r)
		return r == -ENOMEM ? r : 0; /* no JSON has no attributes */
	for (struct json_val v = json_first(json_root(&m->json)); v.doc; v = json_next(v)) {
		struct slab_value value;
		struct made_attr *a;

		if (!read_value(m, v, &value))
			continue;
		if (m->n == SLAB_NAMES_MAX &&
		    !table_get(&m->by_name, json_key(v).data, json_key(v).len)) {
			m->cut = true;
			continue;
		}
		a = attr_of(m, json_key(v));
		if (!a)
			return -ENOMEM;
		r = a->dropped ? 0 : slab_attr_add(a->maker, row, &value);
		if (r && r != -EMSGSIZE)
			return r;
		a->dropped |= r == -EMSGSIZE;
	}
	return 0;
}

static int gather(struct making *m, sqlite3 *db, const struct slab *s,
		  const struct slab_column *ids)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;
	int r = db_prepare(db,
			   SLICE("SELECT id,attributes FROM span_details WHERE id>=? AND id<=?"
				 " AND attributes IS NOT NULL ORDER BY id"),
			   &q);
	int rc = SQLITE_DONE;
	size_t row = 0;

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, s->first);
	sqlite3_bind_int64(q, 2, s->last);
	while (!r && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(q, 0);

		while (row < s->n && ids->values[row] < id)
			row++;
		if (row < s->n && ids->values[row] == id)
			r = add_span(m, row, db_text(q, 1));
	}
	return r ? r : db_errno(rc);
}

static int write_attr(sqlite3_stmt *s, int64_t last, struct slice name, struct slice bytes)
{
	sqlite3_bind_int64(s, 1, last);
	db_bind_text(s, 2, name);
	db_bind_blob(s, 3, bytes.data, bytes.len);
	return db_run(s);
}

static int write_all(const struct making *m, sqlite3 *db, const struct slab *slab)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(
		db, SLICE("INSERT OR REPLACE INTO slab_attrs(last,name,data) VALUES(?,?,?)"), &s);

	for (size_t i = 0; !r && i < m->n; i++) {
		_cleanup_(buf_cleanup) struct buf bytes = BUF_INIT(BYTES_MAX);
		const struct made_attr *a = &m->attrs[i];

		if (!a->dropped)
			slab_attr_encode(a->maker, slab->n, &bytes);
		r = buf_error(&bytes);
		if (!r)
			r = write_attr(s, slab->last, a->name,
				       a->dropped ? SLICE_NONE : buf_slice(&bytes));
	}
	return r ? r : write_attr(s, slab->last, SLICE(WHOLE), m->cut ? SLICE_NONE : SLICE("1"));
}

static void making_release(struct making *m)
{
	for (size_t i = 0; i < m->n; i++)
		slab_attr_maker_free(m->attrs[i].maker);
	table_release(&m->by_name, NULL);
	arena_release(&m->arena);
	json_release(&m->json);
	buf_release(&m->text);
}

static int make(sqlite3 *db, struct slab_reader *reader, const struct slab *s)
{
	_cleanup_free_ struct slab_column *ids = malloc(sizeof(*ids));
	struct making m = { .text = BUF_INIT(TEXT_MAX) };
	int r = ids ? slab_reader_ids(reader, s, ids) : -ENOMEM;

	table_init(&m.by_name, SLAB_NAMES_MAX);
	arena_init(&m.arena, TEXT_MAX);
	json_init(&m.json);
	if (!r)
		r = gather(&m, db, s, ids);
	if (!r)
		r = write_all(&m, db, s);
	making_release(&m);
	return r;
}

/* Slabs get them one behind the other. */
static int last_made(sqlite3 *db, int64_t *ret)
{
	return db_get_int(db, "SELECT max(last) FROM slab_attrs WHERE name='" WHOLE "'", 0, ret);
}

static int make_next(sqlite3 *db, bool *ret)
{
	struct slab_reader reader;
	struct slab slab;
	int64_t made;
	int r = last_made(db, &made), e;

	if (r)
		return r;
	r = slab_reader_init(&reader, db, 0, INT64_MAX);
	if (r)
		return r;
	while ((e = slab_reader_next(&reader, &slab)) > 0 && slab.last <= made)
		;
	r = e > 0 ? make(db, &reader, &slab) : e;
	*ret = !r && e > 0;
	slab_reader_release(&reader);
	return r;
}

int slab_attrs_seal(sqlite3 *db, bool *ret)
{
	int64_t slabs = 0, made = 0;
	bool done = false;
	int r = db_get_int(db, "SELECT max(last) FROM slabs", 0, &slabs);

	*ret = false;
	if (!r)
		r = last_made(db, &made);
	if (r || slabs <= made)
		return r;
	r = db_exec(db, "BEGIN IMMEDIATE");
	if (r)
		return r;
	r = make_next(db, &done);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r)
		db_exec(db, "ROLLBACK");
	*ret = !r && done;
	return r;
}

/* ---- Reading ---- */

struct needed {
	struct slice name;
	struct slab_attr attr;
	char *bytes;
	size_t size;
};

struct slab_attrs {
	sqlite3 *db;
	sqlite3_stmt *find;
	struct needed *list[NEEDED_MAX];
	size_t n;
};

/* $."name" */
static struct slice name_of(struct slice json_path)
{
	return json_path.len > 4 ? slice_sub(json_path, 3, json_path.len - 4) : SLICE_NONE;
}

bool slab_attrs_have(struct slice json_path)
{
	return name_of(json_path).data;
}

int slab_attrs_new(struct slab_attrs **ret, sqlite3 *db)
{
	struct slab_attrs *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->db = db;
	r = db_prepare(db, SLICE("SELECT data FROM slab_attrs WHERE name=? AND last=?"), &a->find);
	if (r) {
		slab_attrs_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void slab_attrs_free(struct slab_attrs *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		slab_attr_release(&a->list[i]->attr);
		free(a->list[i]->bytes);
		free(a->list[i]);
	}
	sqlite3_finalize(a->find);
	free(a);
}

struct slab_attr *slab_attrs_need(struct slab_attrs *a, struct slice json_path)
{
	struct slice name = name_of(json_path);
	struct needed *n;

	for (size_t i = 0; i < a->n; i++)
		if (slice_eq(a->list[i]->name, name))
			return &a->list[i]->attr;
	n = a->n < NEEDED_MAX ? calloc(1, sizeof(*n)) : NULL;
	if (!n)
		return NULL;
	n->name = name;
	a->list[a->n++] = n;
	return &n->attr;
}

/* Is one of these not there as a whole, in a slab of the range? */
static int find_gap(struct slab_attrs *a, int64_t from_ns, int64_t to_ns, bool *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(a->db,
			   SLICE("SELECT 1 FROM slab_attrs a JOIN slabs s ON s.last=a.last"
				 " WHERE a.name IN ('" WHOLE "',?1) AND a.data IS NULL"
				 " AND s.to_ns>=?2 AND s.from_ns<?3 LIMIT 1"),
			   &s);

	*ret = false;
	for (size_t i = 0; !r && !*ret && i < a->n; i++) {
		int rc;

		db_bind_text(s, 1, a->list[i]->name);
		sqlite3_bind_int64(s, 2, from_ns);
		sqlite3_bind_int64(s, 3, to_ns);
		rc = sqlite3_step(s);
		*ret = rc == SQLITE_ROW;
		r = db_errno(rc);
		sqlite3_reset(s);
	}
	return r;
}

int slab_attrs_sealed(struct slab_attrs *a, int64_t from_ns, int64_t to_ns, int64_t *ret)
{
	bool gap = false;
	int r;

	*ret = INT64_MAX;
	if (!a->n)
		return 0;
	r = find_gap(a, from_ns, to_ns, &gap);
	if (!r && gap)
		*ret = 0;
	return r || gap ? r : last_made(a->db, ret);
}

/* A copy: another one is read by the same statement. */
static int read_one(struct slab_attrs *a, struct needed *n, const struct slab *s)
{
	struct slice bytes = SLICE_NONE;
	int rc, r = 0;

	sqlite3_reset(a->find);
	db_bind_text(a->find, 1, n->name);
	sqlite3_bind_int64(a->find, 2, s->last);
	rc = sqlite3_step(a->find);
	if (rc == SQLITE_ROW) {
		const char *data = sqlite3_column_blob(a->find, 0);
		size_t len = (size_t)sqlite3_column_bytes(a->find, 0);

		if (len > n->size) {
			free(n->bytes);
			n->bytes = malloc(len);
			n->size = n->bytes ? len : 0;
		}
		if (len && !n->bytes)
			return -ENOMEM;
		if (len)
			memcpy(n->bytes, data, len);
		bytes = (struct slice){ n->bytes, len };
	} else {
		r = db_errno(rc);
	}
	return r ? r : slab_attr_decode(bytes, s->n, &n->attr);
}

int slab_attrs_read(struct slab_attrs *a, const struct slab *s)
{
	int r = 0;

	for (size_t i = 0; !r && i < a->n; i++)
		r = read_one(a, a->list[i], s);
	return r;
}
