/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own check of its budgets, twice a minute, in a thread of its own that only reads
 * the database: what they have used is for metrics, and who is to be told of one that is crossed
 * is told without anybody asking.
 */
#ifndef BUDGETS_H
#define BUDGETS_H

#include "metrics.h"

#define BUDGETS_MAX 16 /* that have metrics; all are checked */
#define BUDGETS_VALUES_MAX (2 * BUDGETS_MAX)

struct budgets;

/* Its first check follows at once. 0 or -errno. */
int budgets_start(struct budgets **ret, const char *db_path);
void budgets_stop(struct budgets *b); /* waits two seconds for a check under way; NULL is fine */
/* What the last check found; strings are lent until the next call. Returns how many. */
size_t budgets_values(struct budgets *b, struct expose_value to[BUDGETS_VALUES_MAX]);

#endif
