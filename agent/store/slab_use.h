/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes without a column as parts of groups' names and of what adds up in them. Of each slab
 * a value becomes a group's value once, however many spans have it.
 */
#ifndef STORE_SLAB_USE_H
#define STORE_SLAB_USE_H

#include "query_group.h"
#include "slab_attrs.h"

#define SLAB_USES_MAX (2 * QUERY_COLUMNS_MAX)

struct slab_use;

struct slab_uses {
	struct slab_use *list[SLAB_USES_MAX];
	size_t n;
};

/* 0 or -ENOMEM. */
int slab_uses_need(struct slab_uses *u, struct slab_attrs *attrs, const struct query_attr *a);
void slab_uses_release(struct slab_uses *u);
/* To be called when another slab was read. */
void slab_uses_reset(struct slab_uses *u);
/* Of the slab's span `row`, as SQLite reads it from the JSON. `a` is one of those that are needed.
 * 0 or -ENOMEM. */
int slab_uses_value(struct slab_uses *u, struct query_groups *g, const struct query_attr *a,
		    size_t row, struct group_value *ret);

#endif
