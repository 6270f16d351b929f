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

#endif
