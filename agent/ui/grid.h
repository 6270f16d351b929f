/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for a terminal. Lines never wrap: when they would, columns go, those of the
 * highest `drop` first, and then texts are cut. Pure.
 */
#ifndef UI_GRID_H
#define UI_GRID_H

#include "arena.h"
#include "buf.h"

#define GRID_COLUMNS_MAX 40

struct grid_column {
	struct slice header;
	bool right;	   /* numbers */
	unsigned int drop; /* 0: stays as long as there is room for anything */
	size_t max_width;  /* longer texts are cut; 0: as they are */
};

struct grid {
	struct arena arena;
	struct grid_column columns[GRID_COLUMNS_MAX];
	size_t n_columns;
	struct slice *cells; /* row by row */
	size_t n_cells;
};

void grid_init(struct grid *g);
void grid_release(struct grid *g);
void grid_add_column(struct grid *g, const struct grid_column *c);
void grid_add(struct grid *g, struct slice cell); /* copied; row by row */

struct grid_style {
	size_t width; /* of the terminal; 0: as wide as it gets */
	bool colour;  /* the header in bold */
};
void grid_print(const struct grid *g, const struct grid_style *style, struct buf *b);

#endif
