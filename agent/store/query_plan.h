/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From where a query is answered: spans, or roll-ups with spans for the odd minutes at
 * both ends. Whole days come from days, what is left of hours from hours, and so on, so that the
 * answer is exact to the nanosecond as long as the spans are there. Pure.
 */
#ifndef STORE_QUERY_PLAN_H
#define STORE_QUERY_PLAN_H

#include "query.h"
#include "sums.h"

#define PLAN_SEGMENTS_MAX 64
#define PLAN_RAW (-1)
/* An end that is this far away is none. */
#define PLAN_OPEN_NS (INT64_MAX - 2 * 86400 * INT64_C(1000000000))

struct plan_segment {
	int gran; /* PLAN_RAW or enum rollup_gran */
	int64_t from_ns, to_ns;
};

struct plan {
	unsigned int classes; /* of spans that can fit */
	bool rollups;
	unsigned int dim; /* of the roll-ups */
	bool rounded;
	struct plan_segment segments[PLAN_SEGMENTS_MAX];
	size_t n_segments;
};

/* Could roll-ups answer it at all? */
bool plan_rollups_fit(const struct query *q, unsigned int *ret_dim);
/* `spans_from`: what started earlier may be gone. `minutes_from`, `hours_from`: the same
 * for these roll-ups. */
void plan_make(struct plan *p, const struct query *q, bool rollups, int64_t spans_from,
	       int64_t minutes_from, int64_t hours_from);
/* Spans of which classes count for this attribute: usage is told by requests, and again by
 * the run that they belong to. */
unsigned int plan_classes(const struct plan *p, const struct query_attr *a);

#endif
