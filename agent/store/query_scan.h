/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the database into groups. */
#ifndef STORE_QUERY_SCAN_H
#define STORE_QUERY_SCAN_H

#include "db.h"
#include "query_group.h"
#include "query_plan.h"

struct scan_totals {
	uint64_t matched; /* spans */
	int64_t first_ns; /* start of the first; INT64_MAX: none */
};

/* Which spans tell the attribute of one of the groups' states, or could. */
struct state_rule {
	unsigned int classes;
	bool of_answer; /* a refused call has none */
};

int scan_segment(sqlite3 *db, const struct query *q, const struct plan *plan,
		 const struct plan_segment *segment, struct query_groups *groups,
		 struct scan_totals *totals);

/* Rows in [from, to), spans of these classes and above this number. */
struct scan_range {
	int64_t from_ns, to_ns;
	unsigned int classes;
	int64_t above; /* 0: all */
	bool in_order; /* by number rather than by an index of time */
};

struct sql;
/* FROM … WHERE of the rows that the query is about. */
void scan_add_from(struct sql *s, const struct query *q, const struct scan_range *range);
const char *scan_time_column(enum query_source source);

#endif
