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

int scan_segment(sqlite3 *db, const struct query *q, const struct plan *plan,
		 const struct plan_segment *segment, struct query_groups *groups,
		 struct scan_totals *totals);

struct sql;
/* FROM … WHERE of the rows that the query is about, in [from, to). */
void scan_add_from(struct sql *s, const struct query *q, unsigned int classes, int64_t from,
		   int64_t to);
const char *scan_time_column(enum query_source source);

#endif
