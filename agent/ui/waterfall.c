/* SPDX-License-Identifier: Apache-2.0 */
#include "waterfall.h"

#include "cleanup.h"
#include "clock.h"
#include "numbers.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define NAME_MIN 24
#define NAME_MAX_LEN 60
#define BAR_MIN 10
#define FIGURES 42 /* columns behind the bar */

/* A row's place in the tree: an index into the rows, and its links by index + 1. */
struct node {
	size_t parent, first_child, last_child, next;
	bool drawn;
};

struct drawing {
	struct buf *to;
	const struct waterfall_row *rows;
	struct node *nodes;
	const struct waterfall_style *style;
	int name_width, bar_width;
	size_t drawn;
	uint64_t begin_ns, end_ns; /* of the trace that is being drawn */
	char prefix[WATERFALL_DEPTH_MAX * 8];
};

/* ---- The tree ------------------------------------------------------------------------------ */

static int by_time(const void *a, const void *b)
{
	const struct waterfall_row *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	/* What contains the other comes first. */
	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	return memcmp(x->id, y->id, sizeof(x->id));
}

struct by_id {
	const struct waterfall_row *row;
	size_t at;
};

static int compare_ids(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	return memcmp(x->row->id, y->row->id, sizeof(x->row->id));
}

/* Index + 1 of the row with that id, or 0. */
static size_t find(const struct by_id *sorted, size_t n, const uint8_t id[8])
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = memcmp(sorted[middle].row->id, id, 8);

		if (!c)
			return sorted[middle].at + 1;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* Would that parent make a circle? */
static bool is_below(const struct node *nodes, size_t at, size_t of)
{
	size_t steps = 0;

	for (; at; at = nodes[at - 1].parent)
		if (at == of || ++steps > WATERFALL_DEPTH_MAX)
			return true;
	return false;
}

static int link_rows(const struct waterfall_row *rows, struct node *nodes, size_t n)
{
	_cleanup_free_ struct by_id *sorted = calloc(n, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct by_id){ &rows[i], i };
	qsort(sorted, n, sizeof(*sorted), compare_ids);
	for (size_t i = 0; i < n; i++) {
		size_t parent = find(sorted, n, rows[i].parent);
		struct node *p;

		if (!parent || is_below(nodes, parent, i + 1))
			continue;
		p = &nodes[parent - 1];
		nodes[i].parent = parent;
		if (p->last_child)
			nodes[p->last_child - 1].next = i + 1;
		else
			p->first_child = i + 1;
		p->last_child = i + 1;
	}
	return 0;
}

/* ---- Drawing ------------------------------------------------------------------------------- */

static const char *colour_of(const struct waterfall_row *r)
{
	static const char *const codes[] = {
		[WATERFALL_OTHER] = "\033[38;5;245m", [WATERFALL_AGENT] = "\033[38;5;103m",
		[WATERFALL_CALL] = "\033[38;5;69m",   [WATERFALL_TOOL] = "\033[38;5;37m",
		[WATERFALL_MCP] = "\033[38;5;98m",
	};

	return r->error.data ? "\033[31m" : codes[r->kind];
}

static void set_colour(struct drawing *d, const char *code)
{
	if (d->style->colour)
		buf_add_str(d->to, code);
}

/* At most `width` columns, without control characters. How many it took. */
static int add_text(struct drawing *d, struct slice s, int width)
{
	int used = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c & 0xc0) != 0x80 && used++ >= width)
			return width;
		if (c >= 0x80 && !d->style->utf8)
			c = '?';
		buf_add_char(d->to, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
	return used;
}

static void pad(struct drawing *d, int columns)
{
	if (columns > 0)
		buf_printf(d->to, "%*s", columns, "");
}

static void add_bar(struct drawing *d, const struct waterfall_row *r)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	double scale = d->end_ns > d->begin_ns
			       ? (double)d->bar_width / (double)(d->end_ns - d->begin_ns)
			       : 0;
	double from = (double)(r->start_ns - d->begin_ns) * scale;
	double to = (double)(r->end_ns - d->begin_ns) * scale;
	double token = r->first_token_ns > r->start_ns
			       ? (double)(r->first_token_ns - d->begin_ns) * scale
			       : from;
	bool utf8 = d->style->utf8, call = r->kind == WATERFALL_CALL;
	int first = MIN((int)from, d->bar_width - 1), last = MIN((int)to, d->bar_width),
	    used = first;
	int rest = (int)((to - (double)last) * 8);

	pad(d, first);
	set_colour(d, colour_of(r));
	for (int i = first; i < last; i++, used++) {
		if (r->inferred.data && !call)
			buf_add_str(d->to, utf8 ? "┄" : "-");
		else if (call && (double)i + 0.5 < token)
			buf_add_str(d->to, utf8 ? "▒" : ".");
		else
			buf_add_str(d->to, call ? (utf8 ? "▓" : "=") : (utf8 ? "█" : "#"));
	}
	/* What is shorter than a cell is still there. */
	if (used < d->bar_width && (rest > 0 || used == first)) {
		buf_add_str(d->to, utf8 ? eighths[MAX(rest, 1)] : "|");
		used++;
	}
	set_colour(d, "\033[0m");
	pad(d, d->bar_width - used);
}

static void add_right(struct drawing *d, const struct buf *text, int width)
{
	int columns = 0;

	for (size_t i = 0; i < text->len; i++)
		columns += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	pad(d, width - columns);
	buf_add_slice(d->to, buf_slice(text));
}

static void add_duration(struct buf *to, uint64_t ns, bool utf8)
{
	if (utf8 || ns >= NSEC_PER_MSEC)
		number_add_duration(to, (double)ns);
	else
		buf_printf(to, "%.0f us", (double)ns / 1e3);
}

static void add_figures(struct drawing *d, const struct waterfall_row *r)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(256);

	add_duration(&text, r->end_ns - r->start_ns, d->style->utf8);
	add_right(d, &text, 10);
	buf_reset(&text, 256);
	if (r->input >= 0)
		number_add_count(&text, (double)r->input);
	if (r->output >= 0) {
		buf_add_str(&text, d->style->utf8 ? "→" : ">");
		number_add_count(&text, (double)r->output);
	}
	add_right(d, &text, 15);
	buf_reset(&text, 256);
	if (!isnan(r->cost)) {
		buf_add_str(&text, r->cost_is_bound ? (d->style->utf8 ? "≥" : ">=") : "");
		number_add_money(&text, r->cost * 1e12);
	}
	add_right(d, &text, 10);
}

static void add_notes(struct drawing *d, const struct waterfall_row *r)
{
	if (r->error.data) {
		set_colour(d, "\033[31m");
		buf_add_str(d->to, d->style->utf8 ? "  ✗ " : "  x ");
		add_text(d, r->error, 30);
		set_colour(d, "\033[0m");
	}
	if (!r->inferred.data && !r->partial)
		return;
	set_colour(d, "\033[33m");
	if (r->inferred.data) {
		buf_add_str(d->to, d->style->utf8 ? "  ┄ " : "  ~ ");
		add_text(d, r->inferred, 30);
	}
	buf_add_str(d->to, r->partial ? "  (partial)" : "");
	set_colour(d, "\033[0m");
}

static void add_row(struct drawing *d, size_t at)
{
	const struct waterfall_row *r = &d->rows[at];
	int used = add_text(d, slice_from(d->prefix), d->name_width);

	set_colour(d, colour_of(r));
	used += add_text(d, r->name, d->name_width - used);
	set_colour(d, "\033[0m");
	pad(d, d->name_width - used + 2);
	add_bar(d, r);
	add_figures(d, r);
	while (d->to->len && d->to->data[d->to->len - 1] == ' ')
		d->to->len--;
	add_notes(d, r);
	buf_add_char(d->to, '\n');
}

/* The row and what is below it; the prefix holds the lines of the tree to its left. */
static void draw(struct drawing *d, size_t at, size_t depth)
{
	size_t len = strlen(d->prefix), stem = len;
	const char *branch = d->style->utf8 ? "├ " : "|- ", *end = d->style->utf8 ? "└ " : "`- ";
	const char *pass = d->style->utf8 ? "│ " : "|  ", *gone = d->style->utf8 ? "  " : "   ";

	d->nodes[at].drawn = true;
	d->drawn++;
	add_row(d, at);
	if (depth + 1 >= WATERFALL_DEPTH_MAX)
		return;
	/* Below this row its own branch goes on, or does not. */
	if (depth) {
		stem = len - strlen(d->nodes[at].next ? branch : end);
		snprintf(d->prefix + stem, sizeof(d->prefix) - stem, "%s",
			 d->nodes[at].next ? pass : gone);
	}
	for (size_t child = d->nodes[at].first_child; child; child = d->nodes[child - 1].next) {
		size_t here = strlen(d->prefix);

		snprintf(d->prefix + here, sizeof(d->prefix) - here, "%s",
			 d->nodes[child - 1].next ? branch : end);
		draw(d, child - 1, depth + 1);
		d->prefix[here] = '\0';
	}
	if (depth)
		snprintf(d->prefix + stem, sizeof(d->prefix) - stem, "%s",
			 d->nodes[at].next ? branch : end);
}

static int name_columns(const struct drawing *d, size_t n)
{
	int most = NAME_MIN;

	for (size_t i = 0; i < n; i++) {
		int columns = 0;
		size_t steps = 0;

		for (size_t k = 0; k < d->rows[i].name.len; k++)
			columns += ((unsigned char)d->rows[i].name.data[k] & 0xc0) != 0x80;
		for (size_t p = d->nodes[i].parent; p && steps < WATERFALL_DEPTH_MAX;
		     p = d->nodes[p - 1].parent, steps++)
			columns += d->style->utf8 ? 2 : 3;
		most = MAX(most, columns);
	}
	return MIN(most, NAME_MAX_LEN);
}

/* One trace: all roots that have its id, on one scale. */
static void draw_trace(struct drawing *d, size_t first, size_t n)
{
	const uint8_t *trace = d->rows[first].trace_id;

	d->begin_ns = d->rows[first].start_ns;
	d->end_ns = 0;
	for (size_t i = first; i < n; i++)
		if (!memcmp(d->rows[i].trace_id, trace, 16)) {
			d->begin_ns = MIN(d->begin_ns, d->rows[i].start_ns);
			d->end_ns = MAX(d->end_ns, d->rows[i].end_ns);
		}
	for (size_t i = first; i < n; i++)
		if (!d->nodes[i].parent && !d->nodes[i].drawn &&
		    !memcmp(d->rows[i].trace_id, trace, 16))
			draw(d, i, 0);
}

int waterfall_print(struct buf *to, struct waterfall_row *rows, size_t n,
		    const struct waterfall_style *style)
{
	size_t left_out = n > WATERFALL_ROWS_MAX ? n - WATERFALL_ROWS_MAX : 0;
	_cleanup_free_ struct node *nodes = NULL;
	struct drawing d = { .to = to, .rows = rows, .style = style };
	int r;

	n -= left_out;
	if (!n)
		return 0;
	qsort(rows, n, sizeof(*rows), by_time);
	nodes = calloc(n, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	r = link_rows(rows, nodes, n);
	if (r)
		return r;
	d.nodes = nodes;
	d.name_width = name_columns(&d, n);
	d.bar_width =
		MAX((style->width ? style->width : 100) - d.name_width - 2 - FIGURES, BAR_MIN);
	for (size_t i = 0; i < n; i++)
		if (!nodes[i].parent && !nodes[i].drawn)
			draw_trace(&d, i, n);
	/* Too many, or too deep. */
	left_out += n - d.drawn;
	if (left_out)
		buf_printf(to, "%s and %zu spans more\n", style->utf8 ? "…" : "...", left_out);
	return buf_error(to);
}
