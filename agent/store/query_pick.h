/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fits a condition that would have to be asked span by span, found in slabs first: the runs
 * that have such a span, or the latest spans of a list.
 */
#ifndef STORE_QUERY_PICK_H
#define STORE_QUERY_PICK_H

#include "db.h"
#include "query.h"

struct query_pick;
struct sql;

/* *ret is NULL when slabs are of no help. 0 or -errno. */
int query_pick_new(struct query_pick **ret, sqlite3 *db, const struct query *q);
void query_pick_free(struct query_pick *p);
/* " AND …": takes the place of the query's condition on spans. Has to live as long as the
 * statement. */
void query_pick_add(struct sql *s, const struct query_pick *p);

/* The function that it calls. */
int query_pick_register(sqlite3 *db);

#endif
