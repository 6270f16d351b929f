/* SPDX-License-Identifier: Apache-2.0 */
#include "slab.h"

#include "buf.h"

#include <errno.h>

#define SQL_MAX (16 * 1024)
#define COLUMN_BYTES_MAX (SLAB_SPANS * 9 + 64)
/* A column's row in `slab_columns`: fields are numbered in files as they are in fields.h. */
#define COLUMN_KEY(last, column) ((last)*256 + (column))
#define COLUMN_RESOURCE 254 /* number of the process */
#define COLUMN_IDS 255	    /* numbers of the spans themselves */

_Static_assert((int)F_COUNT < COLUMN_RESOURCE, "each column of a slab has a number");

bool slab_has(enum field_id f)
{
	return f != F_NONE && f != F_SPAN && f != F_TRACE && f != F_PARENT;
}

/* ---- Making ---- */

/* Behind the columns of fields. */
enum { AT_RESOURCE = F_COUNT, AT_IDS, COLUMNS };

struct sealing {
	struct slab_column *columns; /* COLUMNS of them */
	size_t n;
};

static int column_number(int at)
{
	return at == AT_RESOURCE ? COLUMN_RESOURCE : at == AT_IDS ? COLUMN_IDS : at;
}

/* "SELECT id, fields… FROM spans" behind the last slab. */
static int select_spans(sqlite3 *db, int64_t sealed, size_t n, sqlite3_stmt **ret)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);

	buf_add_str(&sql, "SELECT ");
	for (int f = 0; f < F_COUNT; f++)
		buf_printf(&sql, "%s,", slab_has(f) ? fields[f].column : "NULL");
	buf_printf(&sql, "resource,id FROM spans WHERE id>%lld ORDER BY id LIMIT %zu",
		   (long long)sealed, n);
	return buf_error(&sql) ? buf_error(&sql) : db_prepare(db, buf_slice(&sql), ret);
}

/* What is not known is 0 already. */
static void read_value(sqlite3_stmt *s, int at, struct slab_column *to, size_t row)
{
	int type = sqlite3_column_type(s, at);

	if (type == SQLITE_INTEGER) {
		to->values[row] = sqlite3_column_int64(s, at);
		to->known[row] = true;
	} else if (type == SQLITE_BLOB && sqlite3_column_bytes(s, at) == sizeof(to->values[row])) {
		memcpy(&to->values[row], sqlite3_column_blob(s, at), sizeof(to->values[row]));
		to->known[row] = true;
	}
}

static int gather(sqlite3 *db, int64_t sealed, size_t n, struct sealing *to)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = select_spans(db, sealed, n, &s), rc = SQLITE_DONE;

	while (!r && to->n < n && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		for (int i = 0; i < COLUMNS; i++)
			read_value(s, i, &to->columns[i], to->n);
		to->n++;
	}
	return r ? r : db_errno(rc);
}

static int write_columns(sqlite3 *db, const struct sealing *what, int64_t last)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db, SLICE("INSERT OR REPLACE INTO slab_columns VALUES(?,?)"), &s);

	for (int i = 0; !r && i < COLUMNS; i++) {
		_cleanup_(buf_cleanup) struct buf bytes = BUF_INIT(COLUMN_BYTES_MAX);

		slab_column_encode(&what->columns[i], what->n, &bytes);
		r = buf_error(&bytes);
		if (r || !bytes.len)
			continue;
		sqlite3_bind_int64(s, 1, COLUMN_KEY(last, column_number(i)));
		db_bind_blob(s, 2, bytes.data, bytes.len);
		r = db_run(s);
	}
	return r;
}

static int write_slab(sqlite3 *db, const struct sealing *what)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	const struct slab_column *start = &what->columns[F_START], *ids = &what->columns[AT_IDS];
	int64_t least = INT64_MAX, most = INT64_MIN;
	int r = db_prepare(db, SLICE("INSERT INTO slabs VALUES(?,?,?,?,?)"), &s);

	if (r)
		return r;
	for (size_t i = 0; i < what->n; i++) {
		least = MIN(least, start->values[i]);
		most = MAX(most, start->values[i]);
	}
	sqlite3_bind_int64(s, 1, ids->values[what->n - 1]);
	sqlite3_bind_int64(s, 2, ids->values[0]);
	sqlite3_bind_int64(s, 3, (int64_t)what->n);
	sqlite3_bind_int64(s, 4, least);
	sqlite3_bind_int64(s, 5, most);
	r = db_run(s);
	return r ? r : write_columns(db, what, ids->values[what->n - 1]);
}

static int last_sealed(sqlite3 *db, int64_t *ret_sealed, int64_t *ret_since)
{
	int64_t last = 0;
	int r = db_get_int(db, "SELECT max(last) FROM slabs", 0, ret_sealed);

	if (!r)
		r = db_get_int(db, "SELECT max(id) FROM spans", 0, &last);
	*ret_since = last - *ret_sealed;
	return r;
}

static int seal(sqlite3 *db, int64_t sealed, size_t n, bool *ret)
{
	_cleanup_free_ struct slab_column *columns = calloc(COLUMNS, sizeof(*columns));
	struct sealing what = { .columns = columns };
	int r = columns ? gather(db, sealed, n, &what) : -ENOMEM;

	*ret = !r && what.n == n;
	return *ret ? write_slab(db, &what) : r;
}

int slab_seal(sqlite3 *db, size_t n, bool *ret)
{
	int64_t sealed = 0, since = 0;
	bool done = false;
	int r = last_sealed(db, &sealed, &since);

	*ret = false;
	if (r || since < (int64_t)n)
		return r;
	r = db_exec(db, "BEGIN IMMEDIATE");
	if (r)
		return r;
	r = last_sealed(db, &sealed, &since); /* another process may have been quicker */
	if (!r)
		r = seal(db, sealed, n, &done);
	if (!r)
		r = db_exec(db, "COMMIT");
	if (r)
		db_exec(db, "ROLLBACK");
	*ret = !r && done;
	return r;
}

int slab_let_go(sqlite3 *db, int64_t id)
{
	static const struct slice sql[] = {
		SLICE("DELETE FROM slab_columns WHERE key<=(SELECT max(last) FROM slabs"
		      " WHERE last<=?)*256+255"),
		SLICE("DELETE FROM slab_attrs WHERE last<=?"),
		SLICE("DELETE FROM slabs WHERE last<=?"),
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_LEN(sql); i++) {
		_cleanup_stmt_ sqlite3_stmt *s = NULL;

		r = db_prepare(db, sql[i], &s);
		if (r)
			break;
		sqlite3_bind_int64(s, 1, id);
		r = db_run(s);
	}
	return r;
}

/* ---- Reading ---- */

int slab_reader_init(struct slab_reader *r, sqlite3 *db, int64_t from_ns, int64_t to_ns)
{
	int e;

	*r = (struct slab_reader){ 0 };
	e = last_sealed(db, &r->sealed, &r->unsealed);
	if (!e)
		e = db_get_int(db, "SELECT min(id) FROM spans", 0, &r->first_id);
	if (!e)
		e = db_prepare(db,
			       SLICE("SELECT last,first,n,from_ns,to_ns FROM slabs"
				     " WHERE to_ns>=?1 AND from_ns<?2 AND last<=?3 ORDER BY last"),
			       &r->slabs);
	if (!e)
		e = db_prepare(db, SLICE("SELECT data FROM slab_columns WHERE key=?"), &r->column);
	if (e) {
		slab_reader_release(r);
		return e;
	}
	sqlite3_bind_int64(r->slabs, 1, from_ns);
	sqlite3_bind_int64(r->slabs, 2, to_ns);
	sqlite3_bind_int64(r->slabs, 3, INT64_MAX);
	return 0;
}

void slab_reader_stop_at(struct slab_reader *r, int64_t sealed)
{
	if (sealed >= r->sealed)
		return;
	r->unsealed += r->sealed - sealed;
	r->sealed = sealed;
	sqlite3_bind_int64(r->slabs, 3, sealed);
}

void slab_reader_release(struct slab_reader *r)
{
	sqlite3_finalize(r->slabs);
	sqlite3_finalize(r->column);
	*r = (struct slab_reader){ 0 };
}

/* Lent until the next one; nothing: nothing of it is known. */
static int read_bytes(struct slab_reader *r, const struct slab *s, int column, struct slice *ret)
{
	int rc;

	sqlite3_reset(r->column);
	sqlite3_bind_int64(r->column, 1, COLUMN_KEY(s->last, column));
	rc = sqlite3_step(r->column);
	*ret = SLICE_NONE;
	if (rc == SQLITE_ROW)
		*ret = (struct slice){ sqlite3_column_blob(r->column, 0),
				       (size_t)sqlite3_column_bytes(r->column, 0) };
	return db_errno(rc);
}

static int read_column(struct slab_reader *r, const struct slab *s, int column,
		       struct slab_column *to)
{
	struct slice bytes;
	int e = read_bytes(r, s, column, &bytes);

	return e ? e : slab_column_decode(bytes, s->n, to);
}

int slab_reader_ids(struct slab_reader *r, const struct slab *s, struct slab_column *to)
{
	return read_column(r, s, COLUMN_IDS, to);
}

/* Some of its spans may be gone already: those of low numbers. */
static int find_first(struct slab_reader *r, struct slab *s)
{
	_cleanup_free_ struct slab_column *ids = malloc(sizeof(*ids));
	int e = ids ? slab_reader_ids(r, s, ids) : -ENOMEM;

	while (!e && s->from < s->n && ids->values[s->from] < r->first_id)
		s->from++;
	return e;
}

int slab_reader_next(struct slab_reader *r, struct slab *ret)
{
	int rc = sqlite3_step(r->slabs), e = 0;

	if (rc != SQLITE_ROW)
		return db_errno(rc);
	*ret = (struct slab){
		.first = sqlite3_column_int64(r->slabs, 1),
		.last = sqlite3_column_int64(r->slabs, 0),
		.n = (size_t)sqlite3_column_int64(r->slabs, 2),
		.first_ns = sqlite3_column_int64(r->slabs, 3),
		.last_ns = sqlite3_column_int64(r->slabs, 4),
	};
	if (!ret->n || ret->n > SLAB_SPANS)
		return -EBADMSG;
	if (ret->first < r->first_id)
		e = find_first(r, ret);
	return e ? e : 1;
}

int slab_reader_column(struct slab_reader *r, const struct slab *s, enum field_id f,
		       struct slab_column *to)
{
	return read_column(r, s, (int)f, to);
}

int slab_reader_resources(struct slab_reader *r, const struct slab *s, struct slab_column *to)
{
	struct slice bytes;
	int e = read_bytes(r, s, COLUMN_RESOURCE, &bytes);

	if (!e)
		e = slab_column_decode(bytes, s->n, to);
	return e ? e : bytes.len > 0;
}

int slab_reader_column_at(struct slab_reader *r, const struct slab *s, enum field_id f,
			  const uint16_t *at, size_t n_at, struct slab_column *to)
{
	struct slice bytes;
	int e = read_bytes(r, s, (int)f, &bytes);

	return e ? e : slab_column_decode_at(bytes, s->n, at, n_at, to);
}
