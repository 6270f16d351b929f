/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of an hour by every combination of its spans' words, for questions about several
 * words at once ("the models of this user") over more spans than can be read in time.
 *
 * An hour's facets are made from its spans once it is over, and are believed only while
 * they count as many spans as the hour's roll-ups: what comes late makes them void until
 * they are made anew. An hour with almost as many combinations as spans gets none.
 */
#ifndef STORE_FACETS_H
#define STORE_FACETS_H

#include "db.h"
#include "query_plan.h"

#include <stdbool.h>

/* Spans to a combination, on average, from which on facets are worth their place. */
#define FACETS_WORTH 4

/* Does a column of the facets stand for it? */
bool facets_have(enum field_id f);

/* Makes the facets of the oldest finished hour whose facets are missing or void. 0; *ret
 * says whether there was one, so that the caller may go on. */
int facets_update(sqlite3 *db, int64_t worth, bool *ret);

/* The hours in [from, to) that facets can answer, into the plan. */
int facets_find(sqlite3 *db, int64_t from_ns, int64_t to_ns, struct plan_hours *ret);

#endif
