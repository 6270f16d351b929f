/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's sums into the tables rollups, runs and sessions, inside the transaction that
 * is open. */
#ifndef STORE_UPSERT_H
#define STORE_UPSERT_H

#include "db.h"
#include "sums.h"

struct upsert;

int upsert_new(struct upsert **ret, sqlite3 *db);
void upsert_free(struct upsert *u); /* NULL is fine */
int upsert_batch(struct upsert *u, struct batch *b);

#endif
