/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query by time as lines: buckets become x, each group (or each aggregate, when there
 * are no groups) a line with one value a bucket, null where nothing is known. Stacked
 * values are the sums of a line and those before it.
 */
#include "api_impl.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define BUCKETS_MAX 4000
#define LINES_MAX 32

struct line {
	struct slice name; /* JSON text of the key */
	double *values;	   /* NAN: nothing known */
};

struct series {
	struct arena arena;
	uint64_t from, step;
	size_t n; /* buckets */
	struct line lines[LINES_MAX];
	size_t n_lines;
};

static double cell_number(const struct query_column *column, const struct query_cell *cell)
{
	double v = cell->type == QUERY_INT	? (double)cell->integer
		   : cell->type == QUERY_DOUBLE ? cell->number
						: NAN;

	return column->unit == UNIT_USD ? v / 1e12 : column->unit == UNIT_SECONDS ? v / 1e9 : v;
}

static struct line *new_line(struct series *s)
{
	struct line *l = s->n_lines < LINES_MAX ? &s->lines[s->n_lines] : NULL;

	if (!l)
		return NULL;
	l->values = arena_alloc(&s->arena, s->n * sizeof(double));
	if (!l->values)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		l->values[i] = NAN;
	s->n_lines++;
	return l;
}

/* The keys of a row, spelled in JSON: one value, or several joined by " / ". */
static struct slice row_name(struct series *s, const struct query_result *r, size_t row)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(8192), text = BUF_INIT(8192);
	const struct query_cell *only = NULL;
	size_t keys = 0;

	for (size_t i = 1; i < r->n_columns && r->columns[i].fn == QUERY_VALUE; i++) {
		const struct query_cell *cell = query_cell(r, row, i);

		buf_add_str(&text, keys++ ? " / " : "");
		only = cell;
		if (cell->type == QUERY_TEXT)
			buf_add_slice(&text, cell->text);
		else if (cell->type == QUERY_NULL)
			buf_add_str(&text, "–");
		else
			query_cell_json(&r->columns[i], cell, &text);
	}
	if (keys == 1 && only->type == QUERY_NULL)
		return arena_copy(&s->arena, SLICE("null"));
	buf_add_json(&name, buf_slice(&text));
	return arena_copy(&s->arena, buf_slice(&name));
}

static struct line *line_of(struct series *s, const struct query_result *r, size_t row)
{
	struct slice name = row_name(s, r, row);
	struct line *l;

	for (size_t i = 0; i < s->n_lines; i++)
		if (slice_eq(s->lines[i].name, name))
			return &s->lines[i];
	l = new_line(s);
	if (l)
		l->name = name;
	return l;
}

/* The lines' order is that of the answer's first rows: the largest first. */
static int fill(struct series *s, const struct query *q, const struct query_result *r)
{
	size_t first = r->n_columns - q->n_aggs;

	for (size_t i = 0; !q->n_keys && i < q->n_aggs; i++) {
		_cleanup_(buf_cleanup) struct buf name = BUF_INIT(8192);
		struct line *l = new_line(s);

		buf_add_json(&name, r->columns[first + i].name);
		if (!l)
			return -ENOSPC;
		l->name = arena_copy(&s->arena, buf_slice(&name));
	}
	for (size_t row = 0; row < r->n_rows; row++) {
		const struct query_cell *at = query_cell(r, row, 0);
		uint64_t bucket = at->type == QUERY_INT ? (uint64_t)at->integer : 0;
		size_t i = (bucket - s->from) / s->step;

		if (bucket < s->from || i >= s->n)
			continue;
		for (size_t k = 0; k < (q->n_keys ? 1 : q->n_aggs); k++) {
			struct line *l = q->n_keys ? line_of(s, r, row) : &s->lines[k];

			if (!l)
				return -ENOSPC;
			l->values[i] =
				cell_number(&r->columns[first + k], query_cell(r, row, first + k));
		}
	}
	return s->arena.failed ? -ENOMEM : 0;
}

static void write_numbers(struct buf *to, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(to, ',');
		if (isnan(values[i]))
			buf_add_str(to, "null");
		else
			buf_printf(to, "%.15g", values[i]);
	}
}

static void write_line(struct series *s, struct line *l, double *sums, struct buf *to)
{
	buf_add_str(to, "{\"name\":");
	buf_add_slice(to, l->name);
	buf_add_str(to, ",\"values\":[");
	write_numbers(to, l->values, s->n);
	if (sums) {
		for (size_t i = 0; i < s->n; i++)
			sums[i] += isnan(l->values[i]) ? 0 : l->values[i];
		buf_add_str(to, "],\"stacked\":[");
		write_numbers(to, sums, s->n);
	}
	buf_add_str(to, "]}");
}

static void write_series(struct series *s, const struct query_column *column, bool stack,
			 struct buf *to)
{
	double *sums = stack ? arena_alloc(&s->arena, s->n * sizeof(double)) : NULL;

	buf_printf(to, "{\"interval\":%llu,\"unit\":\"%s\",\"x\":[",
		   (unsigned long long)(s->step / NSEC_PER_MSEC), api_unit_name(column));
	for (size_t i = 0; i < s->n; i++)
		buf_printf(to, "%s%llu", i ? "," : "",
			   (unsigned long long)((s->from + i * s->step) / NSEC_PER_MSEC));
	buf_add_str(to, "],\"series\":[");
	for (size_t i = 0; i < s->n_lines; i++) {
		if (i)
			buf_add_char(to, ',');
		write_line(s, &s->lines[i], sums, to);
	}
	buf_add_str(to, "]");
}

int api_write_series(struct api_context *c, const struct query *q, bool stack)
{
	struct query_result result = { 0 };
	struct series s = { .step = q->interval_ns };
	uint64_t until = q->until_ns ? q->until_ns : c->now_ns;
	int r;

	if (until <= q->since_ns || (until - q->since_ns) / s.step > BUCKETS_MAX)
		return api_problem(c, 422, "That many steps are too many: take a longer interval.");
	r = query_run(c->db, q, &result);
	if (r)
		return api_failed(c, r);
	arena_init(&s.arena, 16 * 1024 * 1024);
	s.from = q->since_ns / s.step * s.step;
	s.n = (size_t)((until - s.from + s.step - 1) / s.step);
	r = fill(&s, q, &result);
	if (!r) {
		write_series(&s, &result.columns[result.n_columns - 1], stack, c->to);
		buf_printf(c->to, ",\"matched\":%llu,\"groups\":%llu}\n",
			   (unsigned long long)result.matched, (unsigned long long)result.groups);
	}
	query_result_release(&result);
	arena_release(&s.arena);
	return r ? api_failed(c, r) : 200;
}
