/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tool follows which: of all tool calls that a question's range and conditions leave,
 * run by run in the order of their start.
 */
#ifndef STORE_QUERY_FLOW_H
#define STORE_QUERY_FLOW_H

#include "query.h"

#define FLOW_CALLS_MAX (1u << 21)

struct flow_pair {
	struct slice from, to; /* names of tools; absent: the run's start, its end */
	uint64_t count;
};

struct query_flow {
	uint64_t calls; /* that it rests on */
	bool cut;	/* there were more than FLOW_CALLS_MAX: the rest is left out */
	struct flow_pair *pairs;
	size_t n_pairs;
	struct arena arena; /* of the pairs and their names */
};

struct query_db;
/* The conditions of `q` leave no other class than tool calls. 0 or -errno. */
int query_flow(struct query_db *db, const struct query *q, struct query_flow *ret);
void query_flow_release(struct query_flow *f);

#endif
