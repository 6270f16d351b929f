/* SPDX-License-Identifier: Apache-2.0 */
/* Spans into groups from the slabs that they stand in, column by column. */
#ifndef STORE_QUERY_SLAB_H
#define STORE_QUERY_SLAB_H

#include "query_scan.h"

/* Could slabs answer it? */
bool query_slab_fits(const struct query *q);

/* The spans of one segment that stand in slabs. *ret_sealed: what has a higher number is
 * still to be looked at; *ret_unsealed: how many numbers that are. `rules`: one for each
 * of the groups' states. */
int query_slab_scan(sqlite3 *db, const struct query *q, const struct plan *plan,
		    const struct plan_segment *segment, const struct state_rule *rules,
		    struct query_groups *groups, struct scan_totals *totals, int64_t *ret_sealed,
		    int64_t *ret_unsealed);

/* Is lent the columns of each span, in the order that it asks for. */
struct slab_visitor {
	const enum field_id *fields;
	size_t n; /* at most SLAB_VISIT_MAX - 1 */
	bool id;  /* the span's number comes behind them */
	int (*visit)(void *arg, const int64_t *values,
		     const bool *known); /* not 0: it ends there */
	void *arg;
};

#define SLAB_VISIT_MAX 8

/* Visits the spans of the range that stand in slabs and that the conditions of `q` leave;
 * none when slabs cannot tell these conditions: *ret_sealed is 0 then. */
int query_slab_each(sqlite3 *db, const struct query *q, const struct scan_range *range,
		    const struct slab_visitor *visitor, int64_t *ret_sealed, int64_t *ret_unsealed);

#endif
