/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dashboards: JSON files of one folder, one a dashboard, NAME.json:
 *
 *   {"title":"Spend","widgets":[{"title":"By model","kind":"stacked","query":"sum:cost …",
 *     "x":0,"y":0,"w":6,"h":4}]}
 *
 * x and w count of 12 columns, y and h rows; `query` is the line of `gentap query`, or of kind
 * `part` a piece of a page (web/src/pages/pieces.js): Overview, Models and Tools are made of them.
 * Those that come with the program are there as well, until a file of the same name hides them.
 */
#ifndef UI_BOARDS_H
#define UI_BOARDS_H

#include "buf.h"

#define BOARD_MAX (128 * 1024)
#define BOARD_WIDGETS_MAX 64

/* a-z, 0-9 and '-', 1 to 64 of them. */
bool board_name_ok(struct slice name);
/* NULL: a dashboard; else what is wrong with it. Static. */
const char *board_problem(struct slice text);

/* In an open folder (-1: none, only what comes with the program). */
int board_read(int dir_fd, struct slice name, struct buf *to);	   /* 0, -ENOENT, … */
int board_write(int dir_fd, struct slice name, struct slice text); /* whole or not at all */
int board_remove(int dir_fd, struct slice name);
/* Calls each(ctx, name, own) for every one; own: a file of the folder. 0 or -errno. */
int board_each(int dir_fd, void (*each)(void *ctx, struct slice name, bool own), void *ctx);

#endif
