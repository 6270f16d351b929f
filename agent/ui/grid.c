/* SPDX-License-Identifier: Apache-2.0 */
#include "grid.h"

#include "cleanup.h"
#include "numbers.h"

#define GRID_MAX (256u * 1024 * 1024)
#define GAP 2
#define CUT_MIN 8 /* a text is not cut below this */

void grid_init(struct grid *g)
{
	*g = (struct grid){ 0 };
	arena_init(&g->arena, GRID_MAX);
}

void grid_release(struct grid *g)
{
	arena_release(&g->arena);
}

void grid_add_column(struct grid *g, const struct grid_column *c)
{
	if (g->n_columns < GRID_COLUMNS_MAX)
		g->columns[g->n_columns++] = *c;
}

void grid_add(struct grid *g, struct slice cell)
{
	struct slice *to = arena_push(&g->arena, &g->cells, &g->n_cells, sizeof(*to));

	if (to)
		*to = arena_copy(&g->arena, cell.data ? cell : SLICE(""));
}

struct layout {
	size_t width[GRID_COLUMNS_MAX];
	bool shown[GRID_COLUMNS_MAX];
};

static void measure(const struct grid *g, struct layout *l)
{
	for (size_t c = 0; c < g->n_columns; c++) {
		size_t width = 0;

		for (size_t i = c; i < g->n_cells; i += g->n_columns)
			width = MAX(width, text_width(g->cells[i]));
		if (g->columns[c].max_width)
			width = MIN(width, g->columns[c].max_width);
		l->width[c] = MAX(width, text_width(g->columns[c].header));
		l->shown[c] = true;
	}
}

static size_t line_width(const struct grid *g, const struct layout *l)
{
	size_t width = 0;

	for (size_t c = 0; c < g->n_columns; c++)
		if (l->shown[c])
			width += l->width[c] + (width ? GAP : 0);
	return width;
}

/* The column to go next; -1: all that are left stay. */
static int to_drop(const struct grid *g, const struct layout *l)
{
	int found = -1;

	for (size_t c = 0; c < g->n_columns; c++)
		if (l->shown[c] && g->columns[c].drop &&
		    (found < 0 || g->columns[c].drop >= g->columns[found].drop))
			found = (int)c;
	return found;
}

static int to_cut(const struct grid *g, const struct layout *l)
{
	int found = -1;

	for (size_t c = 0; c < g->n_columns; c++)
		if (l->shown[c] && !g->columns[c].right && l->width[c] > CUT_MIN &&
		    (found < 0 || l->width[c] > l->width[found]))
			found = (int)c;
	return found;
}

static void fit(const struct grid *g, struct layout *l, size_t width)
{
	while (line_width(g, l) > width) {
		int c = to_drop(g, l);

		/* A long text is shortened somewhat before a column goes. */
		int text = to_cut(g, l);

		if (text >= 0 && l->width[text] > 24) {
			l->width[text]--;
		} else if (c >= 0) {
			l->shown[c] = false;
		} else if (text >= 0) {
			l->width[text]--;
		} else {
			return;
		}
	}
}

static void add_line(const struct grid *g, const struct layout *l, const struct slice *cells,
		     struct buf *b)
{
	bool first = true;

	for (size_t c = 0; c < g->n_columns; c++) {
		if (!l->shown[c])
			continue;
		if (!first)
			buf_add_str(b, "  ");
		first = false;
		text_add_padded(b, cells ? cells[c] : g->columns[c].header, l->width[c],
				g->columns[c].right);
	}
	while (b->len && b->data[b->len - 1] == ' ')
		b->len--;
}

void grid_print(const struct grid *g, const struct grid_style *style, struct buf *b)
{
	struct layout l;

	if (!g->n_columns)
		return;
	measure(g, &l);
	if (style->width)
		fit(g, &l, style->width);
	buf_add_str(b, style->colour ? "\033[1m" : "");
	add_line(g, &l, NULL, b);
	buf_add_str(b, style->colour ? "\033[0m\n" : "\n");
	for (size_t i = 0; i + g->n_columns <= g->n_cells; i += g->n_columns) {
		add_line(g, &l, g->cells + i, b);
		buf_add_char(b, '\n');
	}
}
