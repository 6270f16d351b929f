/* SPDX-License-Identifier: Apache-2.0 */
/* report: the day, week or month so far, beside as much of the one before. */
#include "budget.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "grid.h"
#include "log.h"
#include "numbers.h"
#include "reader.h"

#include <time.h>

#define REPORT_MAX (64 * 1024 * 1024)
#define CELL_MAX (64 * 1024)

static const struct {
	const char *aggregate, *header;
} columns[] = {
	{ "count", "CALLS" },	      { "sum:input", "INPUT" },
	{ "sum:cached", "CACHED" },   { "sum:cache_write", "WRITTEN" },
	{ "sum:output", "OUTPUT" },   { "sum:reasoning", "REASON" },
	{ "sum:cost", "COST" },	      { "sum:cost_saved", "SAVED" },
	{ "sum:cost_guessed", NULL }, /* marks the cost */
};
#define COST 6 /* of `columns` */
#define GUESSED 8

struct report {
	enum budget_period period;
	int64_t from, to, before_from, before_to;
	size_t n_keys;
	uint64_t now;
	struct query_result rows, before, total, total_before;
};

static int ask(struct query_db *db, const struct report *p, const struct options *o, bool grouped,
	       bool before, struct query_result *ret)
{
	struct query q;
	int r;

	query_init(&q, p->now);
	q.since_ns = (uint64_t)(before ? p->before_from : p->from);
	q.until_ns = (uint64_t)(before ? p->before_to : p->to);
	r = reader_set(&q, "where", "span.op:gen_ai.request");
	for (size_t i = 0; !r && i < ARRAY_LEN(columns); i++)
		r = reader_add(&q, columns[i].aggregate);
	if (!r && grouped && !options_word(o, "group-by"))
		r = reader_set(&q, "group-by", "gentap.provider_model");
	for (size_t i = 0; !r && i < o->n_words; i++)
		if (grouped || strcmp(o->words[i].name, "group-by"))
			r = reader_set(&q, o->words[i].name, o->words[i].value);
	if (!r && grouped)
		r = reader_set(&q, "sort", "-sum:cost,-count");
	if (!r)
		r = reader_run(db, &q, ret);
	query_release(&q);
	return r;
}

static bool same_keys(const struct report *p, size_t a, size_t b)
{
	for (size_t i = 0; i < p->n_keys; i++) {
		const struct query_cell *x = query_cell(&p->rows, a, i);
		const struct query_cell *y = query_cell(&p->before, b, i);

		if (x->type != y->type || (x->type == QUERY_TEXT && !slice_eq(x->text, y->text)) ||
		    (x->type == QUERY_INT && x->integer != y->integer))
			return false;
	}
	return true;
}

static double number_of(const struct query_cell *c)
{
	return c->type == QUERY_INT	 ? (double)c->integer
	       : c->type == QUERY_DOUBLE ? c->number
					 : NAN;
}

/* Where the same stands in the period before; -1: nowhere. */
static ssize_t row_before(const struct report *p, size_t row)
{
	for (size_t i = 0; i < p->before.n_rows; i++)
		if (same_keys(p, row, i))
			return (ssize_t)i;
	return -1;
}

/* NAN: there was none, or it is not known. */
static double cost_before(const struct report *p, size_t row)
{
	ssize_t before = row_before(p, row);

	return before < 0 ? NAN
			  : number_of(query_cell(&p->before, (size_t)before, p->n_keys + COST));
}

static void add_change(struct buf *b, double now, double before)
{
	double change = now / before - 1;

	if (isnan(now) || isnan(before) || before <= 0) {
		buf_add_str(b, isnan(before) && !isnan(now) ? "new" : "-");
		return;
	}
	buf_add_str(b, change >= 0.0005 ? "▲ " : change <= -0.0005 ? "▼ " : "= ");
	number_add_percent(b, fabs(change));
}

static void add_date(struct buf *b, int64_t ns)
{
	time_t t = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	struct tm tm;
	char text[40];

	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	buf_add_str(b, text);
}

static void add_title(const struct report *p, struct buf *b)
{
	add_date(b, p->from);
	buf_add_str(b, " to ");
	add_date(b, p->to);
	buf_add_str(b, ", beside ");
	add_date(b, p->before_from);
	buf_add_str(b, " to ");
	add_date(b, p->before_to);
	buf_add_str(b, "; estimated at list price");
}

/* One line of cells, given to `add`. */
typedef void (*cell_fn)(void *ctx, struct slice cell);

static void each_cell(const struct report *p, const struct query_result *r, size_t row, bool total,
		      double before, cell_fn add, void *ctx)
{
	_cleanup_(buf_cleanup) struct buf t = BUF_INIT(CELL_MAX);
	size_t keys = total ? 0 : p->n_keys;

	for (size_t i = 0; total && i < p->n_keys; i++)
		add(ctx, i ? SLICE("") : SLICE("total"));
	for (size_t i = 0; i < keys + GUESSED; i++) {
		buf_reset(&t, CELL_MAX);
		if (i == keys + COST && number_of(query_cell(r, row, keys + GUESSED)) > 0)
			buf_add_char(&t, '~');
		number_add_cell(&t, &r->columns[i], query_cell(r, row, i), p->now);
		add(ctx, t.len ? buf_slice(&t) : SLICE(""));
	}
	buf_reset(&t, CELL_MAX);
	add_change(&t, number_of(query_cell(r, row, keys + COST)), before);
	add(ctx, buf_slice(&t));
}

static void each_row(const struct report *p, cell_fn add, void *ctx, void (*end)(void *ctx))
{
	for (size_t i = 0; i < p->rows.n_rows; i++) {
		each_cell(p, &p->rows, i, false, cost_before(p, i), add, ctx);
		end(ctx);
	}
	each_cell(p, &p->total, 0, true, number_of(query_cell(&p->total_before, 0, COST)), add,
		  ctx);
	end(ctx);
}

static void add_to_grid(void *ctx, struct slice cell)
{
	grid_add(ctx, cell);
}

static void end_nothing(void *ctx)
{
	(void)ctx;
}

static void add_table(const struct report *p, struct buf *b)
{
	struct grid g;

	grid_init(&g);
	for (size_t i = 0; i < p->n_keys; i++)
		grid_add_column(&g, &(struct grid_column){ .header = p->rows.columns[i].name,
							   .max_width = 40 });
	for (size_t i = 0; i < GUESSED; i++)
		grid_add_column(&g,
				&(struct grid_column){ .header = slice_from(columns[i].header),
						       .right = true,
						       .drop = i == COST ? 0 : (unsigned int)i });
	grid_add_column(&g, &(struct grid_column){ .header = SLICE("CHANGE"), .right = true });
	each_row(p, add_to_grid, &g, end_nothing);
	add_title(p, b);
	buf_add_str(b, "\n\n");
	grid_print(&g, &(struct grid_style){ .width = reader_width(), .colour = reader_colour() },
		   b);
	grid_release(&g);
}

static void add_markdown_cell(void *ctx, struct slice cell)
{
	struct buf *b = ctx;

	buf_add_str(b, "| ");
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.data[i] == '|')
			buf_add_char(b, '\\');
		buf_add_char(b, cell.data[i] == '\n' ? ' ' : cell.data[i]);
	}
	buf_add_char(b, ' ');
}

static void end_markdown(void *ctx)
{
	buf_add_str(ctx, "|\n");
}

static void add_markdown(const struct report *p, struct buf *b)
{
	add_title(p, b);
	buf_add_str(b, "\n\n");
	for (size_t i = 0; i < p->n_keys; i++)
		add_markdown_cell(b, p->rows.columns[i].name);
	for (size_t i = 0; i < GUESSED; i++)
		add_markdown_cell(b, slice_from(columns[i].header));
	buf_add_str(b, "| CHANGE |\n");
	for (size_t i = 0; i < p->n_keys; i++)
		buf_add_str(b, "|---");
	for (size_t i = 0; i <= GUESSED; i++)
		buf_add_str(b, "|--:");
	end_markdown(b);
	each_row(p, add_markdown_cell, b, end_markdown);
}

static void add_json(const struct report *p, struct buf *b)
{
	buf_printf(b,
		   "{\"from_ns\":%lld,\"to_ns\":%lld,\"before_from_ns\":%lld,\"before_to_ns\":%lld",
		   (long long)p->from, (long long)p->to, (long long)p->before_from,
		   (long long)p->before_to);
	buf_add_str(b, ",\"period\":");
	query_result_json(&p->rows, b);
	buf_add_str(b, ",\"before\":");
	query_result_json(&p->before, b);
	buf_add_str(b, ",\"total\":");
	query_row_json(&p->total, 0, b);
	buf_add_str(b, ",\"total_before\":");
	query_row_json(&p->total_before, 0, b);
	buf_add_str(b, "}\n");
}

/* The rows, each with its cost in the period before; no row of totals, which who adds them up would
 * count twice. */
static void add_csv(const struct report *p, struct buf *b)
{
	for (size_t i = 0; i < p->rows.n_columns; i++) {
		buf_add_slice(b, p->rows.columns[i].name);
		buf_add_char(b, ',');
	}
	buf_add_str(b, "before:sum:cost\r\n");
	for (size_t row = 0; row < p->rows.n_rows; row++) {
		ssize_t before = row_before(p, row);

		for (size_t i = 0; i < p->rows.n_columns; i++) {
			reader_add_csv(b, &p->rows.columns[i], query_cell(&p->rows, row, i));
			buf_add_char(b, ',');
		}
		if (before >= 0)
			reader_add_csv(b, &p->before.columns[p->n_keys + COST],
				       query_cell(&p->before, (size_t)before, p->n_keys + COST));
		buf_add_str(b, "\r\n");
	}
}

static int print(const struct report *p, const struct options *o)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(REPORT_MAX);

	if (o->output == OUTPUT_JSONL)
		return reader_print(&p->rows, o, NULL, 0, p->now);
	if (o->output == OUTPUT_JSON)
		add_json(p, &b);
	else if (o->output == OUTPUT_CSV)
		add_csv(p, &b);
	else if (o->output == OUTPUT_MARKDOWN)
		add_markdown(p, &b);
	else
		add_table(p, &b);
	return buf_error(&b) || fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout);
}

int cmd_report(const struct options *o)
{
	static const char *const names[] = { "daily", "weekly", "monthly" };
	struct report p = { .now = clock_wall_ns() };
	struct query_db *db = NULL;
	int64_t end;
	size_t which = 0;
	int status;

	while (which < ARRAY_LEN(names) && strcmp(o->args[0], names[which]))
		which++;
	if (which == ARRAY_LEN(names)) {
		fprintf(stderr, "gentap: report: daily, weekly or monthly\n");
		return 2;
	}
	p.period = (enum budget_period)which;
	budget_range(p.period, p.now, 0, &p.from, &end);
	budget_range(p.period, p.now, 1, &p.before_from, &end);
	p.to = (int64_t)p.now;
	p.before_to = MIN(p.before_from + (p.to - p.from), end);
	status = reader_open(o, &db) ? 1 : 0;
	if (!status)
		status = ask(db, &p, o, true, false, &p.rows);
	if (!status)
		status = ask(db, &p, o, true, true, &p.before);
	if (!status)
		status = ask(db, &p, o, false, false, &p.total);
	if (!status)
		status = ask(db, &p, o, false, true, &p.total_before);
	if (!status) {
		p.n_keys = p.rows.n_columns - ARRAY_LEN(columns);
		status = print(&p, o);
	}
	query_result_release(&p.rows);
	query_result_release(&p.before);
	query_result_release(&p.total);
	query_result_release(&p.total_before);
	query_close(db);
	return status;
}
