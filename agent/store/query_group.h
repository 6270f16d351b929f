/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups and what adds up in them: fed row by row from spans and sum by sum from
 * roll-ups, read when all is in. Pure.
 */
#ifndef STORE_QUERY_GROUP_H
#define STORE_QUERY_GROUP_H

#include "histogram.h"
#include "query.h"
#include "table.h"

/* One part of what names a group. NULL: unknown, a group of its own. */
struct group_value {
	int64_t integer; /* number of a word, or the value */
	uint64_t tag;	 /* enum value_tag */
};
enum value_tag {
	VALUE_NULL,
	VALUE_WORD,
	VALUE_NUMBER,
	VALUE_REAL,
	VALUE_TEXT,
	VALUE_BYTES,
	VALUE_ID /* bytes, eight of them: as they stand in memory */
};

/* Values that differ; those that are unknown are not in it. */
struct value_set {
	struct group_value *slots; /* VALUE_NULL: free */
	size_t size, count;	   /* size: a power of two */
};

struct agg_state {
	uint64_t known, of;
	uint64_t bounds; /* of the known: those that are at least so much */
	uint64_t words;	 /* values that are no numbers: uniq counts them */
	__int128 sum;
	double real_sum; /* of values that are no whole numbers */
	bool real;
	double min, max; /* exact up to 2^53; whole ones below */
	int64_t min_int, max_int;
	double *values; /* for percentiles, unless approximate */
	size_t n_values, size;
	bool sorted;
	struct histogram histogram;
	struct value_set uniq; /* for uniq */
};

struct query_group {
	struct group_value key[QUERY_COLUMNS_MAX + 1]; /* [0]: the bucket */
	uint64_t count, errors, partial, refused;
	struct agg_state *states; /* by query_groups.state_of */
	uint64_t rank;		  /* of its series, once sorted */
};

struct query_groups {
	const struct query *q;
	/* Aggregates of one attribute share what is kept of it: p50, p95 and sum of duration
	 * are three questions to one state. */
	size_t state_of[QUERY_COLUMNS_MAX]; /* of each aggregate */
	const struct query_attr *state_attr[QUERY_COLUMNS_MAX];
	bool wants_values[QUERY_COLUMNS_MAX], wants_uniq[QUERY_COLUMNS_MAX];
	size_t n_states;
	struct table groups;
	struct table texts; /* text of VALUE_TEXT and VALUE_BYTES → its number */
	struct slice *text_list;
	size_t n_texts;
	struct arena arena; /* of texts */
	size_t memory;
	bool approximate;
};

void groups_init(struct query_groups *g, const struct query *q, bool approximate);
void groups_release(struct query_groups *g);
/* The group of these q->n_keys + 1 values, made when it is new; NULL: see *error. */
struct query_group *groups_get(struct query_groups *g, const struct group_value *key, int *error);
/* The number that stands for these bytes; -1: no memory. */
int64_t groups_text(struct query_groups *g, struct slice text);

/* One value of one span into a group's state of that number: 0, -ENOMEM, -ENOSPC. */
int agg_add(struct query_groups *g, struct query_group *group, size_t state,
	    const struct group_value *v);
/* What a roll-up tells of one attribute. */
struct agg_sums {
	uint64_t of, known;
	int64_t sum, min, max; /* of nothing when known is 0 */
	struct slice histogram;
};
int agg_add_sums(struct query_group *group, size_t state, const struct agg_sums *sums);
/* Adds all of `from` to `to`; uniq cannot be added. */
int group_merge(struct query_groups *g, struct query_group *to, const struct query_group *from);

/* Of column `agg` over `seconds`. Values that were gathered get sorted. */
struct query_cell group_cell(struct query_groups *g, struct query_group *group, size_t agg,
			     double seconds);

#endif
