/* SPDX-License-Identifier: Apache-2.0 */
/* From groups to rows. */
#include "query_run.h"

#include "query_attr.h"

#include <errno.h>

struct slice query_word(struct query_db *db, struct arena *arena, int64_t number)
{
	struct slice text = SLICE_NONE;

	sqlite3_bind_int64(db->word, 1, number);
	if (sqlite3_step(db->word) == SQLITE_ROW)
		text = arena_copy(arena, db_text(db->word, 0));
	sqlite3_reset(db->word);
	return text;
}

struct slice query_hex(struct arena *arena, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(arena, 2 * bytes.len + 1);

	for (size_t i = 0; text && i < bytes.len; i++) {
		text[2 * i] = digits[(unsigned char)bytes.data[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)bytes.data[i] & 15];
	}
	return (struct slice){ text, text ? 2 * bytes.len : 0 };
}

static struct query_cell text_cell(struct slice text)
{
	return (struct query_cell){ .type = text.data ? QUERY_TEXT : QUERY_NULL, .text = text };
}

struct query_cell query_key_cell(struct query_db *db, struct arena *arena,
				 const struct query_groups *g, const struct query_attr *a,
				 const struct group_value *v)
{
	struct query_cell cell = { .type = QUERY_INT, .integer = v->integer };

	switch (v->tag) {
	case VALUE_NULL:
		return (struct query_cell){ 0 };
	case VALUE_WORD:
		return text_cell(query_word(db, arena, v->integer));
	case VALUE_TEXT:
		return text_cell(arena_copy(arena, g->text_list[v->integer]));
	case VALUE_BYTES:
		return text_cell(query_hex(arena, g->text_list[v->integer]));
	case VALUE_ID:
		return text_cell(query_hex(
			arena, (struct slice){ (const char *)&v->integer, sizeof(v->integer) }));
	case VALUE_REAL:
		cell.type = QUERY_DOUBLE;
		memcpy(&cell.number, &v->integer, sizeof(cell.number));
		return cell;
	default:
		if (a && a->kind == FIELD_CLASS)
			return text_cell(slice_from(span_class_name((enum span_class)v->integer)));
		if (a && a->kind == FIELD_BOOL)
			return text_cell(v->integer ? SLICE("true") : SLICE("false"));
		return cell;
	}
}

static double number_of(const struct query_cell *c)
{
	return c->type == QUERY_INT ? (double)c->integer : c->number;
}

int query_compare(const struct query_cell *a, const struct query_cell *b)
{
	double x, y;
	int r;

	if (a->type == QUERY_NULL || b->type == QUERY_NULL)
		return (a->type == QUERY_NULL) - (b->type == QUERY_NULL);
	if ((a->type == QUERY_TEXT) != (b->type == QUERY_TEXT))
		return a->type == QUERY_TEXT ? 1 : -1;
	if (a->type == QUERY_TEXT) {
		r = memcmp(a->text.data, b->text.data, MIN(a->text.len, b->text.len));
		return r ? r : (a->text.len > b->text.len) - (a->text.len < b->text.len);
	}
	if (a->type == QUERY_INT && b->type == QUERY_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	x = number_of(a);
	y = number_of(b);
	return (x > y) - (x < y);
}

/* A row that is being sorted. */
struct line {
	struct query_group *group;
	struct query_cell *cells;
};

struct finish {
	struct query_db *db;
	const struct query *q;
	struct query_groups *g;
	double seconds;
	struct query_result *ret;
	size_t sort_columns[QUERY_SORTS_MAX];
	bool descending[QUERY_SORTS_MAX];
	size_t n_sorts;
	struct line *lines;
	size_t n_lines;
};

static bool names_column(const struct query *q, const struct query_column *c, struct slice name)
{
	struct slice rest = name, fn = slice_cut(&rest, ':'), own = c->name, own_fn;

	(void)q;
	if (slice_eq(c->name, name))
		return true;
	/* The same under another name of the attribute. */
	own_fn = c->fn == QUERY_VALUE ? SLICE("") : slice_cut(&own, ':');
	if (c->fn == QUERY_VALUE)
		rest = name;
	else if (!slice_eq(fn, own_fn))
		return false;
	return c->attr && c->attr->field != F_NONE && field_find(rest) == c->attr->field;
}

/* Among keys and aggregates, counted from the first key; -1: none. */
static int find_column(const struct query *q, struct slice name)
{
	for (size_t i = 0; i < q->n_keys; i++)
		if (names_column(q, &q->keys[i], name))
			return (int)i;
	for (size_t i = 0; i < q->n_aggs; i++)
		if (names_column(q, &q->aggs[i], name))
			return (int)(q->n_keys + i);
	return -1;
}

int query_check(const struct query *q, struct query_error *error)
{
	if (!q->n_aggs && !q->n_keys && !q->n_sorts && !q->interval_ns)
		return 0;
	if (!q->n_aggs && q->interval_ns) {
		*error = (struct query_error){ .text = SLICE("--interval"), .len = 10 };
		snprintf(error->message, sizeof(error->message),
			 "--interval needs an aggregate: count, sum:ATTRIBUTE, …");
		return -EINVAL;
	}
	for (size_t i = 0; q->n_aggs && i < q->n_sorts; i++) {
		struct slice name = q->sorts[i].name;

		if (find_column(q, name) >= 0 || (q->interval_ns && slice_eq(name, SLICE("time"))))
			continue;
		*error = (struct query_error){ .text = name, .len = name.len };
		snprintf(error->message, sizeof(error->message),
			 "--sort: '%.*s' is none of the columns", SLICE_FMT(name));
		return -EINVAL;
	}
	return 0;
}

static void find_sorts(struct finish *f)
{
	for (size_t i = 0; i < f->q->n_sorts; i++) {
		int column = find_column(f->q, f->q->sorts[i].name);

		if (column < 0)
			continue;
		f->sort_columns[f->n_sorts] = (size_t)column;
		f->descending[f->n_sorts++] = f->q->sorts[i].descending;
	}
	if (!f->n_sorts && f->q->n_aggs) {
		f->sort_columns[0] = f->q->n_keys;
		f->descending[0] = true;
		f->n_sorts = 1;
	}
}

static int compare_lines(const void *a, const void *b, void *arg)
{
	const struct line *x = a, *y = b;
	const struct finish *f = arg;
	int r = 0;

	for (size_t i = 0; !r && i < f->n_sorts; i++) {
		const struct query_cell *p = &x->cells[f->sort_columns[i]];
		const struct query_cell *q = &y->cells[f->sort_columns[i]];

		r = query_compare(p, q);
		/* What is unknown stays at the end either way. */
		if (f->descending[i] && p->type != QUERY_NULL && q->type != QUERY_NULL)
			r = -r;
	}
	for (size_t i = 0; !r && i < f->q->n_keys; i++)
		r = query_compare(&x->cells[i], &y->cells[i]);
	return r;
}

static int add_line(void *value, void *arg)
{
	struct query_group *group = value;
	struct finish *f = arg;
	const struct query *q = f->q;
	struct line *line = &f->lines[f->n_lines];

	line->group = group;
	line->cells = arena_alloc(&f->ret->arena, (q->n_keys + q->n_aggs) * sizeof(*line->cells));
	if (!line->cells)
		return -ENOSPC;
	for (size_t i = 0; i < q->n_keys; i++)
		line->cells[i] = query_key_cell(f->db, &f->ret->arena, f->g, q->keys[i].attr,
						&group->key[i + 1]);
	for (size_t i = 0; i < q->n_aggs; i++)
		line->cells[q->n_keys + i] = group_cell(f->g, group, i, f->seconds);
	f->n_lines++;
	return 0;
}

static int make_lines(struct finish *f, struct query_groups *from)
{
	int r;

	f->n_lines = 0;
	f->lines = calloc(from->groups.count + 1, sizeof(*f->lines));
	if (!f->lines)
		return -ENOMEM;
	r = table_each(&from->groups, add_line, f);
	if (!r)
		qsort_r(f->lines, f->n_lines, sizeof(*f->lines), compare_lines, f);
	return r;
}

static int set_columns(struct finish *f, size_t n_rows)
{
	const struct query *q = f->q;
	bool series = q->interval_ns;
	struct query_result *ret = f->ret;

	ret->n_columns = series + q->n_keys + q->n_aggs;
	ret->columns = arena_alloc(&ret->arena, ret->n_columns * sizeof(*ret->columns));
	ret->cells = arena_alloc(&ret->arena, (n_rows * ret->n_columns + 1) * sizeof(*ret->cells));
	if (!ret->columns || !ret->cells)
		return -ENOSPC;
	if (series)
		ret->columns[0] = (struct query_column){ .name = SLICE("time"),
							 .fn = QUERY_BUCKET,
							 .unit = UNIT_TIME };
	memcpy(ret->columns + series, q->keys, q->n_keys * sizeof(*q->keys));
	memcpy(ret->columns + series + q->n_keys, q->aggs, q->n_aggs * sizeof(*q->aggs));
	for (size_t i = 0; i < ret->n_columns; i++) {
		/* The query's memory is not the result's. */
		ret->columns[i].name = arena_copy(&ret->arena, ret->columns[i].name);
		ret->columns[i].attr = NULL;
	}
	ret->n_rows = n_rows;
	return 0;
}

static int finish_table(struct finish *f)
{
	size_t n, width = f->q->n_keys + f->q->n_aggs;
	int r = make_lines(f, f->g);

	if (r)
		return r;
	n = f->q->limit && f->q->limit < f->n_lines ? f->q->limit : f->n_lines;
	f->ret->groups = f->n_lines;
	r = set_columns(f, n);
	for (size_t i = 0; !r && i < n; i++)
		memcpy(f->ret->cells + i * width, f->lines[i].cells,
		       width * sizeof(*f->ret->cells));
	return r;
}

/* Each line of a series as a whole, to know which are the largest. */
static int merge_series(void *value, void *arg)
{
	struct query_groups *series = arg;
	const struct query_group *group = value;
	struct group_value key[QUERY_COLUMNS_MAX + 1];
	struct query_group *whole;
	int r = 0;

	memcpy(key, group->key, sizeof(key));
	key[0] = (struct group_value){ 0 };
	whole = groups_get(series, key, &r);
	return whole ? group_merge(series, whole, group) : r;
}

static int set_rank(void *value, void *arg)
{
	struct query_group *group = value;
	struct query_groups *series = arg;
	struct group_value key[QUERY_COLUMNS_MAX + 1];
	struct query_group *whole;
	int r = 0;

	memcpy(key, group->key, sizeof(key));
	key[0] = (struct group_value){ 0 };
	whole = groups_get(series, key, &r);
	if (whole)
		group->rank = whole->rank;
	return r;
}

static int rank_series(struct finish *f)
{
	struct query_groups series;
	int r;

	groups_init(&series, f->q, f->g->approximate);
	r = table_each(&f->g->groups, merge_series, &series);
	if (!r)
		r = make_lines(f, &series);
	f->ret->groups = f->n_lines;
	for (size_t i = 0; !r && i < f->n_lines; i++)
		f->lines[i].group->rank = i;
	free(TAKE(f->lines));
	if (!r)
		r = table_each(&f->g->groups, set_rank, &series);
	groups_release(&series);
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct query_group *x = ((const struct line *)a)->group;
	const struct query_group *y = ((const struct line *)b)->group;

	if (x->key[0].integer != y->key[0].integer)
		return x->key[0].integer < y->key[0].integer ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Everything of one bucket beyond the limit, in the first of them. */
static int fold(struct finish *f)
{
	const struct query *q = f->q;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; !r && i < f->n_lines; i++) {
		struct line *last = kept ? &f->lines[kept - 1] : NULL;

		if (!q->limit || f->lines[i].group->rank < q->limit) {
			f->lines[kept++] = f->lines[i];
		} else if (q->fold_other && last && last->group->rank >= q->limit &&
			   last->group->key[0].integer == f->lines[i].group->key[0].integer) {
			r = group_merge(f->g, last->group, f->lines[i].group);
		} else if (q->fold_other) {
			f->lines[kept++] = f->lines[i];
		}
	}
	f->n_lines = kept;
	return r;
}

static void fill_series_row(struct finish *f, size_t row)
{
	const struct query *q = f->q;
	struct line *line = &f->lines[row];
	bool other = q->limit && line->group->rank >= q->limit;
	struct query_cell *to = f->ret->cells + row * f->ret->n_columns;

	to[0] = (struct query_cell){ .type = QUERY_INT, .integer = line->group->key[0].integer };
	memcpy(to + 1, line->cells, q->n_keys * sizeof(*to));
	for (size_t i = 0; other && i < q->n_keys; i++)
		to[1 + i] = text_cell(i ? SLICE("") : SLICE("other"));
	for (size_t i = 0; i < q->n_aggs; i++) {
		to[1 + q->n_keys + i] = group_cell(f->g, line->group, i, f->seconds);
		/* Values of several groups are not counted apart after folding. */
		if (other && q->aggs[i].fn == QUERY_UNIQ)
			to[1 + q->n_keys + i].type = QUERY_NULL;
	}
}

static int finish_series(struct finish *f)
{
	int r = rank_series(f);

	if (!r)
		r = make_lines(f, f->g);
	if (r)
		return r;
	qsort(f->lines, f->n_lines, sizeof(*f->lines), by_time);
	r = fold(f);
	if (!r)
		r = set_columns(f, f->n_lines);
	for (size_t i = 0; !r && i < f->n_lines; i++)
		fill_series_row(f, i);
	return r;
}

int query_finish(struct query_db *db, const struct query *q, struct query_groups *g, double seconds,
		 struct query_result *ret)
{
	struct finish f = { .db = db, .q = q, .g = g, .seconds = seconds, .ret = ret };
	int r;

	find_sorts(&f);
	r = q->interval_ns ? finish_series(&f) : finish_table(&f);
	free(f.lines);
	return r;
}
