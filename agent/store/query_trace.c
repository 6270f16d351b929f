/* SPDX-License-Identifier: Apache-2.0 */
/* Spans as they were stored, and the traces that ids name. */
#include "query_run.h"

#include "row.h"

#include <errno.h>

#define ATTRIBUTES_MAX (8 * 1024 * 1024)
#define SQL_MAX (64 * 1024)

/* Behind the fields, by number: status message, rest, and the resource's columns. */
static const char *const resource_columns[] = {
	"pid",	 "comm",   "exe",	   "cmdline",	   "cwd",
	"owner", "cgroup", "container_id", "service_name", "attributes",
};

static void add_columns(struct buf *sql)
{
	for (int f = 0; f < F_COUNT; f++)
		if (fields[f].kind == FIELD_WORD)
			buf_printf(sql, "(SELECT value FROM strings WHERE id=s.%s),",
				   fields[f].column);
		else
			buf_printf(sql, "s.%s,", fields[f].column);
	buf_add_str(sql, "d.status_message,d.attributes");
	for (size_t i = 0; i < ARRAY_LEN(resource_columns); i++)
		buf_printf(sql, ",r.%s", resource_columns[i]);
}

static int64_t int_or(sqlite3_stmt *s, int column, int64_t otherwise)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL ? otherwise
							     : sqlite3_column_int64(s, column);
}

static void copy_id(sqlite3_stmt *s, int column, uint8_t *to, size_t len)
{
	const void *from = sqlite3_column_blob(s, column);

	memset(to, 0, len);
	if (from && (size_t)sqlite3_column_bytes(s, column) == len)
		memcpy(to, from, len);
}

static void add_member(struct buf *b, const char *name, sqlite3_stmt *s, int column)
{
	buf_add_str(b, b->len > 1 ? "," : "");
	buf_add_json(b, slice_from(name));
	buf_add_char(b, ':');
	switch (sqlite3_column_type(s, column)) {
	case SQLITE_INTEGER:
		buf_printf(b, "%lld", (long long)sqlite3_column_int64(s, column));
		break;
	default:
		buf_add_json(b, db_text(s, column));
	}
}

static void add_scaled(struct buf *b, const char *name, int64_t v, double scale)
{
	buf_add_str(b, b->len > 1 ? "," : "");
	buf_add_json(b, slice_from(name));
	buf_printf(b, ":%.17g", (double)v / scale);
}

/* All that stood on the span: the columns' part first, then what is JSON as it is. */
static void add_attributes(struct buf *b, sqlite3_stmt *s)
{
	int64_t class = sqlite3_column_int64(s, F_CLASS);
	struct slice rest = db_text(s, F_COUNT + 1);

	buf_add_char(b, '{');
	for (int f = 0; f < F_COUNT; f++) {
		if (sqlite3_column_type(s, f) == SQLITE_NULL || row_derived(f, class))
			continue;
		if (fields[f].kind == FIELD_ID) {
			_cleanup_(buf_cleanup) struct buf hex = BUF_INIT(64);
			const void *bytes = sqlite3_column_blob(s, f);

			buf_add_hex(&hex, bytes, (size_t)sqlite3_column_bytes(s, f));
			buf_printf(b, "%s\"%s\":\"%s\"", b->len > 1 ? "," : "", fields[f].attr,
				   hex.data ? hex.data : "");
		} else if (fields[f].kind == FIELD_USD) {
			add_scaled(b, fields[f].attr, sqlite3_column_int64(s, f), 1e12);
		} else if (fields[f].kind == FIELD_SECONDS) {
			add_scaled(b, fields[f].attr, sqlite3_column_int64(s, f), 1e9);
		} else {
			add_member(b, fields[f].attr, s, f);
		}
	}
	if (rest.len > 2) {
		buf_add_str(b, b->len > 1 ? "," : "");
		buf_add_slice(b, slice_sub(rest, 1, rest.len - 2));
	}
	buf_add_char(b, '}');
}

static void add_resource(struct buf *b, sqlite3_stmt *s)
{
	buf_add_char(b, '{');
	for (size_t i = 0; i < ARRAY_LEN(resource_columns); i++) {
		int column = F_COUNT + 2 + (int)i;

		if (sqlite3_column_type(s, column) != SQLITE_NULL)
			add_member(b, resource_columns[i], s, column);
	}
	buf_add_char(b, '}');
}

static int emit(sqlite3_stmt *s, query_span_fn fn, void *ctx)
{
	_cleanup_(buf_cleanup) struct buf attributes = BUF_INIT(ATTRIBUTES_MAX);
	_cleanup_(buf_cleanup) struct buf resource = BUF_INIT(ATTRIBUTES_MAX);
	struct query_span span = {
		.start_ns = (uint64_t)sqlite3_column_int64(s, F_START),
		.kind = sqlite3_column_int(s, F_KIND),
		.class = (enum span_class)sqlite3_column_int(s, F_CLASS),
		.error = sqlite3_column_int(s, F_ERROR),
		.input = int_or(s, F_INPUT, -1),
		.output = int_or(s, F_OUTPUT, -1),
		.cached = int_or(s, F_CACHED, -1),
		.cache_write = int_or(s, F_CACHE_WRITE, -1),
		.reasoning = int_or(s, F_REASONING, -1),
		.cost_pd = int_or(s, F_COST, -1),
		.ttft_ns = int_or(s, F_TTFT, -1),
	};

	add_attributes(&attributes, s);
	add_resource(&resource, s);
	if (buf_error(&attributes) || buf_error(&resource))
		return -ENOMEM;
	span.end_ns = span.start_ns + (uint64_t)sqlite3_column_int64(s, F_DURATION);
	copy_id(s, F_TRACE, span.trace_id, sizeof(span.trace_id));
	copy_id(s, F_SPAN, span.span_id, sizeof(span.span_id));
	copy_id(s, F_PARENT, span.parent_id, sizeof(span.parent_id));
	copy_id(s, F_RUN, span.run_id, sizeof(span.run_id));
	span.name = db_text(s, F_NAME);
	span.op = db_text(s, F_OP);
	span.model = db_text(s, F_MODEL);
	span.provider = db_text(s, F_PROVIDER);
	span.agent = db_text(s, F_AGENT);
	span.tool = db_text(s, F_TOOL);
	span.error_type = db_text(s, F_ERROR_TYPE);
	span.completeness = db_text(s, F_COMPLETENESS);
	span.cost_source = db_text(s, F_COST_SOURCE);
	span.finish = db_text(s, F_FINISH);
	span.inferred = db_text(s, F_INFERRED);
	span.status_message = db_text(s, F_COUNT);
	span.attributes = buf_slice(&attributes);
	span.resource = buf_slice(&resource);
	fn(ctx, &span);
	return 0;
}

int query_trace(struct query_db *db, const uint8_t trace_id[16], query_span_fn fn, void *ctx)
{
	_cleanup_(buf_cleanup) struct buf sql = BUF_INIT(SQL_MAX);
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r, rc, n = 0;

	buf_add_str(&sql, "SELECT ");
	add_columns(&sql);
	buf_add_str(&sql, " FROM spans s LEFT JOIN span_details d ON d.id=s.id"
			  " LEFT JOIN resources r ON r.id=s.resource"
			  " WHERE s.trace_id=? ORDER BY s.start_ns, s.id");
	r = buf_error(&sql) ? buf_error(&sql) : db_prepare(db->db, buf_slice(&sql), &s);
	if (r)
		return r;
	db_bind_blob(s, 1, trace_id, 16);
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		r = emit(s, fn, ctx);
		n++;
	}
	return r ? r : rc == SQLITE_DONE ? n : db_errno(rc);
}

/* The first trace of `sql`, whose two parameters bound an id; two of them: -ENOTUNIQ. */
static int find_between(struct query_db *db, const char *sql, const uint8_t *low,
			const uint8_t *high, size_t len, uint8_t ret[16])
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db->db, slice_from(sql), &s);

	if (r)
		return r;
	db_bind_blob(s, 1, low, len);
	db_bind_blob(s, 2, high, len);
	if (sqlite3_step(s) != SQLITE_ROW)
		return -ENOENT;
	copy_id(s, 0, ret, 16);
	return sqlite3_step(s) == SQLITE_ROW ? -ENOTUNIQ : 0;
}

static int find_last(struct query_db *db, uint8_t ret[16])
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	int r = db_prepare(db->db, SLICE("SELECT trace_id FROM spans ORDER BY id DESC LIMIT 1"),
			   &s);

	if (r)
		return r;
	if (sqlite3_step(s) != SQLITE_ROW)
		return -ENOENT;
	copy_id(s, 0, ret, 16);
	return 0;
}

/* The lowest and the highest id that begin with these digits. */
static int id_bounds(struct slice id, uint8_t low[16], uint8_t high[16])
{
	if (id.len < 4 || id.len > 32)
		return -EINVAL;
	memset(low, 0, 16);
	memset(high, 0xff, 16);
	for (size_t i = 0; i < id.len; i++) {
		char c = id.data[i];
		int v = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;
		unsigned int shift = i % 2 ? 0 : 4;

		if (v < 0)
			return -EINVAL;
		low[i / 2] |= (uint8_t)(v << shift);
		high[i / 2] =
			(uint8_t)((high[i / 2] & ~(0xfu << shift)) | (unsigned int)v << shift);
	}
	return 0;
}

int query_find_trace(struct query_db *db, struct slice id, uint8_t ret_trace_id[16])
{
	uint8_t low[16], high[16];
	int r;

	if (slice_eq(id, SLICE("last")))
		return find_last(db, ret_trace_id);
	r = id_bounds(id, low, high);
	if (!r)
		r = find_between(
			db,
			"SELECT DISTINCT trace_id FROM spans WHERE trace_id BETWEEN ? AND ?"
			" LIMIT 2",
			low, high, 16, ret_trace_id);
	if (r == -ENOENT && id.len <= 16)
		r = find_between(db,
				 "SELECT DISTINCT trace_id FROM runs WHERE key BETWEEN ? AND ?"
				 " LIMIT 2",
				 low, high, 8, ret_trace_id);
	if (r == -ENOENT && id.len == 16)
		r = find_between(db,
				 "SELECT DISTINCT trace_id FROM spans WHERE span_id BETWEEN ? AND ?"
				 " LIMIT 2",
				 low, high, 8, ret_trace_id);
	return r;
}
