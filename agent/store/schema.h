/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file: where it is, how it is opened, what stands in it.
 *
 *   spans         one row a span: a column for each of fields.h; words by number
 *   span_details  what is read only when somebody looks: JSON, the provider's message
 *   strings       number of each word
 *   resources     the processes that spans came from
 *   runs          one row for each agent run, kept up to date; sessions: conversations
 *   rollups       sums per minute, hour, day of each value of each dimension
 *   slabs         runs of spans whose columns stand side by side in slab_columns
 *   connections   the coverage ledger
 *   marks         when a price or an agent's version changed
 *   budgets, meta
 *
 * The version of the schema is SQLite's user_version. Files of an earlier version are
 * brought up to date when they are opened for writing; those of a later one are refused.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "db.h"

#include <stdbool.h>

#define SCHEMA_VERSION 7

/* Where the agent of this user keeps its database, or of this service;  -ENAMETOOLONG, -ENOENT (no
 * home). */
int schema_default_path(char *to, size_t size);

/* Opens for writing; makes the file (0600) and its folder (0700) and brings the schema up
 * to date. -EPROTO: a newer gentap made it. */
int schema_open(sqlite3 **ret, const char *path);
/* Opens for reading: never makes a file. An older one is brought up to date first; -ESTALE:
 * it may not be written. -ENOENT, -EACCES, -EPROTO (newer). */
int schema_open_readonly(sqlite3 **ret, const char *path);

/* Marks in `meta`; numbers. */
int schema_get_meta(sqlite3 *db, const char *key, int64_t fallback, int64_t *ret);
int schema_set_meta(sqlite3 *db, const char *key, int64_t value);
/* Everything that started at or after this still stands in `spans`; 0: nothing was let go. */
#define META_SPANS_FROM "spans_from_ns"
/* The same of these roll-ups. */
#define META_MINUTES_FROM "minutes_from_ns"
#define META_HOURS_FROM "hours_from_ns"
/* How often numbers of words and processes were taken back: see prune.h. */
#define META_PRUNED "pruned"

#endif
