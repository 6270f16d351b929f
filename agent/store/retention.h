/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old spans go, by age and by size of the file; what they added up to stays in the
 * roll-ups, which go much later: minutes after a month, hours after 13 months, days never.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "db.h"
#include "store.h"

/* Deletes a portion. 0: nothing is left to do; -EAGAIN: call again; else -errno. */
int retention_run(sqlite3 *db, const struct store_config *config, uint64_t now_ns,
		  uint64_t *ret_deleted);

#endif
