/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands that read the database share: opening it, putting a query together
 * from flags, printing an answer. All say on stderr what is wrong.
 */
#ifndef READER_H
#define READER_H

#include "options.h"
#include "query.h"

#include <stdio.h>

/* The path that --db or the default names; -errno. */
int reader_path(const struct options *o, char *to, size_t size);
int reader_open(const struct options *o, struct query_db **ret);

/* Reads flags of these names into the query; 0, or 2 (usage) after saying what is wrong. */
int reader_set_flags(struct query *q, const struct options *o);
int reader_set(struct query *q, const char *option, const char *value);
int reader_add(struct query *q, const char *aggregate);
/* 0, or 1 after saying what went wrong. */
int reader_run(struct query_db *db, const struct query *q, struct query_result *ret);

/* A column of a printed table: one of the answer's, or the quotient of two. */
struct view_column {
	const char *header;
	const char *name;  /* of the answer's column */
	const char *per;   /* divided by this one; NULL */
	unsigned int drop; /* see grid.h */
	bool wide;	   /* only with -o wide */
	size_t max_width;
};
/* As the options say: a table, JSON, JSON lines, CSV. `view` NULL: all columns. 0 or 1. */
int reader_print(const struct query_result *r, const struct options *o,
		 const struct view_column *view, size_t n_view, uint64_t now_ns);
/* The table alone, at most `width` columns wide (0: as wide as it gets). */
void reader_add_table(const struct query_result *r, const struct view_column *view, size_t n_view,
		      size_t width, bool wide, bool colour, uint64_t now_ns, struct buf *b);
/* As RFC 4180 has them; what is not known is empty. */
void reader_add_csv(struct buf *b, const struct query_column *c, const struct query_cell *cell);
void reader_add_csv_text(struct buf *b, struct slice text);
/* Columns of the terminal that standard output is; 0: it is none. */
size_t reader_width(void);
bool reader_colour(void);
bool reader_utf8(void);

#endif
