/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coverage ledger, table `connections`: a row for each process (executable and name)
 * and endpoint. Bytes and calls add up; the state follows from the bytes:
 *
 *   decoded  all was read        opaque   nothing was read
 *   partial  some was, or all was and no call recognised
 *
 * The reason is that of the latest portion that was not decoded; a row that is decoded
 * has none.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "db.h"
#include "row.h"
#include "store.h"

/* A row of its own kind, for the same queue: row->connection. 0 or -ENOMEM. */
int ledger_row_new(struct row **ret, const struct store_connection *c);

struct ledger {
	sqlite3_stmt *add, *settle, *drop;
};

int ledger_prepare(struct ledger *l, sqlite3 *db);
void ledger_release(struct ledger *l);
int ledger_write(const struct ledger *l, const struct row_connection *c);

#endif
