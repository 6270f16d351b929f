/* SPDX-License-Identifier: Apache-2.0 */
#include "query_cond.h"
#include "query_pick.h"
#include "query_run.h"
#include "query_scan.h"

#include <errno.h>

#define LIST_MAX 100000 /* rows, when the query names no limit */

static const char *const default_fields[] = {
	[QUERY_SPANS] = "time,span.op,span.name,gen_ai.agent.name,model,input,output,cost,duration,"
			"error.type,trace_id,span_id",
	[QUERY_RUNS] = "start,agent,model,user,repo,duration,calls,tools,errors,total,cost,ended,"
		       "error,run,trace_id",
	[QUERY_SESSIONS] =
		"end,session,agent,user,repo,duration,runs,calls,tools,errors,total,cost",
	[QUERY_CONNECTIONS] =
		"last,process,endpoint,state,reason,remedy,calls,decoded,partial,opaque",
};

/* A word as its text: lists are short, and sorted by what is seen. */
static void add_outer(struct sql *s, const struct query_attr *a)
{
	if (a->kind == FIELD_WORD && !a->text) {
		buf_add_str(&s->text, "(SELECT value FROM strings WHERE id=");
		sql_add_attr(s, a);
		buf_add_char(&s->text, ')');
	} else {
		sql_add_attr(s, a);
	}
}

static int add_order(struct sql *s, const struct query *q, struct arena *arena)
{
	buf_add_str(&s->text, " ORDER BY ");
	for (size_t i = 0; i < q->n_sorts; i++) {
		const struct query_attr *a = query_attr_new(arena, q->source, q->sorts[i].name);

		if (!a)
			return arena->failed ? -ENOMEM : -EINVAL;
		add_outer(s, a);
		buf_printf(&s->text, "%s NULLS LAST,", q->sorts[i].descending ? " DESC" : "");
	}
	buf_printf(&s->text, "%s DESC LIMIT ", scan_time_column(q->source));
	sql_add_int(s, q->limit && q->limit < LIST_MAX ? (int64_t)q->limit : LIST_MAX);
	return 0;
}

static struct query_cell read_cell(sqlite3_stmt *s, int column, const struct query_attr *a,
				   struct arena *arena)
{
	struct query_cell cell = { .type = QUERY_TEXT };
	struct slice bytes;

	switch (sqlite3_column_type(s, column)) {
	case SQLITE_NULL:
		cell.type = QUERY_NULL;
		return cell;
	case SQLITE_INTEGER:
		cell.integer = sqlite3_column_int64(s, column);
		cell.type = QUERY_INT;
		if (a->kind == FIELD_CLASS || a->kind == FIELD_BOOL) {
			bool yes = cell.integer;

			cell.type = QUERY_TEXT;
			cell.text = a->kind == FIELD_BOOL ? (yes ? SLICE("true") : SLICE("false"))
							  : slice_from(span_class_name(
								    (enum span_class)cell.integer));
		}
		return cell;
	case SQLITE_FLOAT:
		cell.type = QUERY_DOUBLE;
		cell.number = sqlite3_column_double(s, column);
		return cell;
	default:
		bytes.data = sqlite3_column_blob(s, column);
		bytes.len = (size_t)sqlite3_column_bytes(s, column);
		if (!bytes.data)
			bytes.data = "";
		cell.text =
			a->kind == FIELD_ID ? query_hex(arena, bytes) : arena_copy(arena, bytes);
		if (!cell.text.data)
			cell.type = QUERY_NULL;
		return cell;
	}
}

static int read_row(sqlite3_stmt *s, const struct query_column *columns, size_t n,
		    struct query_result *ret)
{
	int at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct query_attr *a = columns[i].attr;
		size_t count = ret->n_rows * n + i;
		struct query_cell *cell =
			arena_push(&ret->arena, &ret->cells, &count, sizeof(*cell));

		if (!cell)
			return -ENOSPC;
		*cell = read_cell(s, at++, a, &ret->arena);
		cell->known = cell->type != QUERY_NULL;
		cell->unknown = !cell->known;
		if (a->known_sql) {
			int64_t known = sqlite3_column_int64(s, at++);

			cell->known = (uint64_t)known;
			cell->unknown = (uint64_t)MAX(sqlite3_column_int64(s, at) - known, 0);
			at++;
		}
	}
	ret->n_rows++;
	return 0;
}

static int build(struct sql *sql, const struct query *q, const struct query_column *columns,
		 size_t n, struct arena *arena)
{
	buf_add_str(&sql->text, "SELECT ");
	for (size_t i = 0; i < n; i++) {
		const struct query_attr *a = columns[i].attr;

		buf_add_str(&sql->text, i ? "," : "");
		add_outer(sql, a);
		if (a->known_sql)
			buf_printf(&sql->text, ",%s,%s", a->known_sql, a->of_sql);
	}
	for (size_t i = 0; i < q->n_sorts; i++) {
		const struct query_attr *a = query_attr_new(arena, q->source, q->sorts[i].name);

		sql->needs_details |= a && a->json_path.data;
	}
	scan_add_from(sql, q,
		      &(struct scan_range){
			      .from_ns = (int64_t)q->since_ns,
			      .to_ns = q->until_ns ? (int64_t)q->until_ns : INT64_MAX,
			      .classes = cond_classes(q->where),
		      });
	return add_order(sql, q, arena);
}

int query_list(struct query_db *db, const struct query *q, struct query_result *ret)
{
	_cleanup_stmt_ sqlite3_stmt *s = NULL;
	struct query with_default = { 0 };
	const struct query *columns = q;
	struct query_pick *pick = NULL;
	struct query_error unused;
	struct sql sql;
	int r = query_pick_new(&pick, db->db, q), rc = SQLITE_DONE;

	if (!r && !q->n_keys) {
		query_init(&with_default, q->now_ns);
		with_default.source = q->source;
		r = query_set(&with_default, SLICE("fields"), slice_from(default_fields[q->source]),
			      &unused);
		columns = &with_default;
	}
	sql_init(&sql);
	sql.pick = pick;
	if (!r)
		r = build(&sql, q, columns->keys, columns->n_keys, &sql.arena);
	if (!r)
		r = sql_prepare(&sql, db->db, &s);
	while (!r && (rc = sqlite3_step(s)) == SQLITE_ROW)
		r = read_row(s, columns->keys, columns->n_keys, ret);
	ret->n_columns = columns->n_keys;
	ret->columns = arena_alloc(&ret->arena, ret->n_columns * sizeof(*ret->columns) + 1);
	for (size_t i = 0; ret->columns && i < ret->n_columns; i++) {
		ret->columns[i] = columns->keys[i];
		ret->columns[i].name = arena_copy(&ret->arena, columns->keys[i].name);
		ret->columns[i].attr = NULL;
	}
	ret->matched = ret->groups = ret->n_rows;
	sql_release(&sql);
	query_release(&with_default);
	sqlite3_finalize(TAKE(s)); /* what it reads goes */
	query_pick_free(pick);
	return r ? r : db_errno(rc);
}
