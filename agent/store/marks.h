/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed and when, for the charts: the date of the price that a model's calls are
 * priced by, the version that an agent tells. One row of `marks` for each value that a
 * subject takes, `before` NULL for the first. Written within the batch of the spans.
 */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include "db.h"
#include "row.h"
#include "table.h"

#define MARKS_SUBJECTS_MAX 4096 /* looked up again beyond */
#define MARKS_ROWS_MAX 10000	/* of the table: what flaps is told no further */

struct marks {
	sqlite3_stmt *latest, *insert;
	struct table known; /* kind and subject → hash of its value */
};

int marks_prepare(struct marks *m, sqlite3 *db);
void marks_release(struct marks *m);
/* What this row tells anew; 0 or -errno. */
int marks_add(struct marks *m, const struct row *r);
/* Forgets what it knows: a batch was undone. */
void marks_reset(struct marks *m);

#endif
