/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `gentap top` shows: figures of now in three lines, and one table at a time. It reads
 * the database like any other command; the screen (top_screen.c) draws what is here.
 */
#ifndef TOP_H
#define TOP_H

#include "tables.h"

#define TOP_TABS 6
#define TOP_HEAD_LINES 3

extern const struct top_tab {
	const char *name;
	enum command command;
} top_tabs[TOP_TABS];

struct top {
	const struct options *options;
	struct query_db *db;
	size_t tab;
	size_t range; /* of top_ranges */
	char filter[256];
	size_t sort; /* column of the view that it is sorted by; SIZE_MAX: as it comes */
	bool falling;
	uint64_t now_ns;
	struct query_result result; /* of the tab */
	bool has_result;
	char head[TOP_HEAD_LINES][256];
	char problem[256]; /* why there is nothing new; empty: all is well */
};

extern const char *const top_ranges[];
extern const size_t n_top_ranges;

int top_init(struct top *t, const struct options *o); /* 0, or -errno after saying why */
void top_release(struct top *t);
/* Asks again. What fails is in `problem`; the result of before stays. */
void top_refresh(struct top *t);
/* The table as text, at most `width` columns; the first line is the header. */
void top_add_table(struct top *t, size_t width, struct buf *b);

/* Draws until the user ends it. The exit status. */
int top_screen(struct top *t, uint64_t delay_ms);

#endif
