/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on the columns of a slab: the same as query_cond.h's SQL, span by span. What
 * words fit is asked of the database once, of attributes without a column once a value.
 */
#ifndef STORE_SLAB_COND_H
#define STORE_SLAB_COND_H

#include "query_cond.h"
#include "slab_attrs.h"

struct slab_cond;

/* Does it ask only what slabs can tell? Spans of one id or run are found by an index. */
bool slab_cond_fits(const struct query_cond *c);
/* NULL stands for no condition. The query's tree and `attrs`, where it says what it needs, have to
 * live as long. */
int slab_cond_new(struct slab_cond **ret, sqlite3 *db, struct slab_attrs *attrs,
		  const struct query_cond *c);
void slab_cond_free(struct slab_cond *c);
/* Marks the fields that it looks at. */
void slab_cond_fields(const struct slab_cond *c, bool needed[F_COUNT]);
/* Clears pass[i] of the spans that do not fit; `columns` has those that are needed. 0 or -errno. */
int slab_cond_filter(const struct slab_cond *c, struct slab_column *const columns[F_COUNT],
		     size_t n, bool *pass);

#endif
