/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into the database, a batch in a transaction: all of it is written, or nothing.
 * Belongs to one thread. Does not log.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "db.h"
#include "row.h"

struct writer;

/* Opens (and makes) the file. 0 or -errno of schema_open. */
int writer_new(struct writer **ret, const char *path);
void writer_free(struct writer *w); /* NULL is fine */

/* The list stays the caller's. *ret_duplicates counts rows that stood there already, by
 * trace and span id, and changed nothing. */
int writer_write(struct writer *w, const struct row *rows, uint64_t *ret_duplicates);

sqlite3 *writer_db(struct writer *w); /* lends */

#endif
