/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and processes that nothing in the database speaks of any more go. What speaks of
 * them: spans (read from their slabs where there are, so that a million take a fraction of a
 * second), runs, sessions, and roll-ups, which outlive spans.
 *
 * Numbers of what went are given out anew. Whoever writes and remembers numbers must forget
 * them when META_PRUNED is not what it was.
 */
#ifndef STORE_PRUNE_H
#define STORE_PRUNE_H

#include "db.h"

/* In a transaction of its own. 0 or -errno; *ret_deleted counts both. */
int prune_run(sqlite3 *db, uint64_t *ret_deleted);

#endif
