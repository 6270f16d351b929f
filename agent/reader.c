/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include "cleanup.h"
#include "grid.h"
#include "log.h"
#include "numbers.h"
#include "schema.h"

#include <errno.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUTPUT_MAX (1024u * 1024 * 1024)
#define CELL_MAX (64 * 1024)

int reader_path(const struct options *o, char *to, size_t size)
{
	int n;

	if (!o->db_file)
		return schema_default_path(to, size);
	n = snprintf(to, size, "%s", o->db_file);
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static const char *why_not_open(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is none yet; 'gentap run --store' and 'gentap decode --db FILE' make "
		       "one";
	case -EACCES:
		return "it belongs to another user; try sudo, or name your own with --db";
	case -ESTALE:
		return "an older gentap made it; let who may write it run 'gentap status' once";
	case -EPROTO:
		return "a newer gentap made it; use that one";
	case -EBADMSG:
		return "it is no gentap database, or it is damaged";
	default:
		return strerror(-error);
	}
}

int reader_open(const struct options *o, struct query_db **ret)
{
	char path[4096];
	int r = reader_path(o, path, sizeof(path));

	if (r) {
		log_error("where is the database? Neither HOME nor --db says");
		return r;
	}
	r = query_open(ret, path);
	if (r)
		log_error("cannot open the database %s: %s", path, why_not_open(r));
	return r;
}

static int say_error(const char *option, int r, const struct query_error *e)
{
	if (r != -EINVAL) {
		log_error("query: %s", strerror(-r));
		return 2;
	}
	fprintf(stderr, "gentap: %s%s%s\n  %.*s\n  %*s", option, *option ? ": " : "", e->message,
		SLICE_FMT(e->text), (int)text_width(slice_sub(e->text, 0, e->at)), "");
	for (size_t i = 0; i < MAX(text_width(slice_sub(e->text, e->at, e->len)), 1); i++)
		fputc('^', stderr);
	fputc('\n', stderr);
	return 2;
}

int reader_set(struct query *q, const char *option, const char *value)
{
	struct query_error e = { 0 };
	char shown[40];
	int r = query_set(q, slice_from(option), slice_from(value), &e);

	snprintf(shown, sizeof(shown), "--%s", option);
	return r ? say_error(shown, r, &e) : 0;
}

int reader_add(struct query *q, const char *aggregate)
{
	struct query_error e = { 0 };
	int r = query_add_aggregate(q, slice_from(aggregate), &e);

	return r ? say_error("", r, &e) : 0;
}

int reader_set_flags(struct query *q, const struct options *o)
{
	struct query_error e = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < o->n_words; i++)
		if (strcmp(o->words[i].name, "from")) /* has been read: names depend on it */
			r = reader_set(q, o->words[i].name, o->words[i].value);
	if (!r && query_check(q, &e))
		r = say_error("", -EINVAL, &e);
	return r;
}

int reader_run(struct query_db *db, const struct query *q, struct query_result *ret)
{
	int r = query_run(db, q, ret);

	if (r == -ENOSPC)
		log_error("query: too many groups or values to hold; narrow it by --since or "
			  "--where");
	else if (r == -EINVAL)
		log_error("query: --sort: no such column");
	else if (r)
		log_error("query: %s", strerror(-r));
	return r ? 1 : 0;
}

size_t reader_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;
	uint64_t n;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && !slice_u64(slice_from(columns), &n) && n >= 20 && n < 10000)
		return n;
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
}

bool reader_colour(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

bool reader_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static int find_column(const struct query_result *r, const char *name)
{
	for (size_t i = 0; name && i < r->n_columns; i++)
		if (slice_eq(r->columns[i].name, slice_from(name)))
			return (int)i;
	return -1;
}

static double number_of(const struct query_cell *c)
{
	return c->type == QUERY_INT	 ? (double)c->integer
	       : c->type == QUERY_DOUBLE ? c->number
					 : NAN;
}

/* "~" before a cost of which a part is guessed, where the answer has both. */
static bool is_guessed(const struct query_result *r, size_t row, const char *name)
{
	static const struct {
		const char *cost, *guessed;
	} pairs[] = {
		{ "sum:cost", "sum:cost_guessed" },
		{ "sum:cost", "sum:guessed" },
		{ "avg:cost", "sum:guessed" },
		{ "cost", "cost_guessed" },
		{ "cost", "guessed" },
	};
	bool guessed = false;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		int column = strcmp(name, pairs[i].cost) ? -1 : find_column(r, pairs[i].guessed);

		guessed |= column >= 0 && number_of(query_cell(r, row, (size_t)column)) > 0;
	}
	return guessed;
}

static void add_view_cell(struct grid *g, const struct query_result *r, size_t row,
			  const struct view_column *v, int column, uint64_t now_ns)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(CELL_MAX);
	const struct query_cell *cell = query_cell(r, row, (size_t)column);
	int per = find_column(r, v->per);
	double ratio;

	if (per < 0) {
		buf_add_str(&text, is_guessed(r, row, v->name) ? "~" : "");
		number_add_cell(&text, &r->columns[column], cell, now_ns);
	} else {
		ratio = number_of(cell) / number_of(query_cell(r, row, (size_t)per));
		if (isfinite(ratio))
			number_add_percent(&text, ratio);
		else
			buf_add_char(&text, '-');
	}
	grid_add(g, text.data ? buf_slice(&text) : SLICE(""));
}

static bool is_number(const struct query_column *c)
{
	return c->fn > QUERY_BUCKET || (c->unit != UNIT_NONE && c->unit != UNIT_TIME);
}

void reader_add_table(const struct query_result *r, const struct view_column *view, size_t n_view,
		      size_t width, bool wide, bool colour, uint64_t now_ns, struct buf *b)
{
	struct view_column shown[GRID_COLUMNS_MAX];
	int columns[GRID_COLUMNS_MAX];
	size_t n = 0;
	struct grid g;

	grid_init(&g);
	for (size_t i = 0; i < n_view && n < GRID_COLUMNS_MAX; i++) {
		columns[n] = find_column(r, view[i].name);
		if (columns[n] < 0 || (view[i].wide && !wide))
			continue;
		shown[n] = view[i];
		grid_add_column(&g,
				&(struct grid_column){
					.header = slice_from(view[i].header),
					.right = view[i].per || is_number(&r->columns[columns[n]]),
					.drop = view[i].drop,
					.max_width = wide ? 0 : view[i].max_width,
				});
		n++;
	}
	for (size_t row = 0; row < r->n_rows; row++)
		for (size_t i = 0; i < n; i++)
			add_view_cell(&g, r, row, &shown[i], columns[i], now_ns);
	grid_print(&g, &(struct grid_style){ .width = width, .colour = colour }, b);
	grid_release(&g);
}

static void print_grid(const struct query_result *r, const struct options *o,
		       const struct view_column *view, size_t n_view, uint64_t now_ns,
		       struct buf *b)
{
	bool wide = o->output == OUTPUT_WIDE;

	reader_add_table(r, view, n_view, wide ? 0 : reader_width(), wide, reader_colour(), now_ns,
			 b);
}

static void print_all_columns(const struct query_result *r, const struct options *o,
			      uint64_t now_ns, struct buf *b)
{
	struct view_column view[GRID_COLUMNS_MAX];
	size_t n = MIN(r->n_columns, GRID_COLUMNS_MAX);

	for (size_t i = 0; i < n; i++)
		view[i] = (struct view_column){
			.header = r->columns[i].name.data, /* the arena ends it with NUL */
			.name = r->columns[i].name.data,
			.drop = (unsigned int)i,
		};
	print_grid(r, o, view, n, now_ns, b);
}

void reader_add_csv_text(struct buf *b, struct slice text)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			buf_add_char(b, '"');
		buf_add_char(b, text.data[i]);
	}
	buf_add_char(b, '"');
}

void reader_add_csv(struct buf *b, const struct query_column *c, const struct query_cell *cell)
{
	if (cell->type == QUERY_TEXT)
		reader_add_csv_text(b, cell->text);
	else if (cell->type != QUERY_NULL)
		query_cell_json(c, cell, b);
}

static void print_csv(const struct query_result *r, struct buf *b)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		buf_add_str(b, i ? "," : "");
		buf_add_slice(b, r->columns[i].name);
	}
	buf_add_str(b, "\r\n");
	for (size_t row = 0; row < r->n_rows; row++) {
		for (size_t i = 0; i < r->n_columns; i++) {
			buf_add_str(b, i ? "," : "");
			reader_add_csv(b, &r->columns[i], query_cell(r, row, i));
		}
		buf_add_str(b, "\r\n");
	}
}

int reader_print(const struct query_result *r, const struct options *o,
		 const struct view_column *view, size_t n_view, uint64_t now_ns)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(OUTPUT_MAX);

	switch (o->output) {
	case OUTPUT_JSON:
		query_result_json(r, &b);
		buf_add_char(&b, '\n');
		break;
	case OUTPUT_JSONL:
		for (size_t i = 0; i < r->n_rows; i++) {
			query_row_json(r, i, &b);
			buf_add_char(&b, '\n');
		}
		break;
	case OUTPUT_CSV:
		print_csv(r, &b);
		break;
	default:
		if (view)
			print_grid(r, o, view, n_view, now_ns, &b);
		else
			print_all_columns(r, o, now_ns, &b);
	}
	if (buf_error(&b) || (b.len && fwrite(b.data, 1, b.len, stdout) != b.len) ||
	    fflush(stdout)) {
		log_error("output: cannot write: %s", strerror(errno ? errno : ENOMEM));
		return 1;
	}
	return 0;
}
