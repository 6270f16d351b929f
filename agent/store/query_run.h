/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of running a query share. */
#ifndef STORE_QUERY_RUN_H
#define STORE_QUERY_RUN_H

#include "db.h"
#include "query_group.h"

struct query_db {
	sqlite3 *db;
	sqlite3_stmt *word; /* text of a number */
	sqlite3_stmt *version;
};

/* Copied into the arena; absent when there is no such word or no memory. */
struct slice query_word(struct query_db *db, struct arena *arena, int64_t number);
/* A cell of one group value. */
struct query_cell query_key_cell(struct query_db *db, struct arena *arena,
				 const struct query_groups *g, const struct query_attr *a,
				 const struct group_value *v);
/* Hex of bytes. */
struct slice query_hex(struct arena *arena, struct slice bytes);
/* <0, 0, >0; unknown is after everything. */
int query_compare(const struct query_cell *a, const struct query_cell *b);

/* The groups as rows of *ret: named, sorted, cut. */
int query_finish(struct query_db *db, const struct query *q, struct query_groups *g, double seconds,
		 struct query_result *ret);
/* A list: one row for each row of the table. */
int query_list(struct query_db *db, const struct query *q, struct query_result *ret);

#endif
