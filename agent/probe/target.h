/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that processes map and that concern us: what is found in each, once, whoever maps
 * it. Counted references; the table holds none, so that what nobody maps is forgotten.
 */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include "discover.h"
#include "locate/locate.h"
#include "table.h"

#define TARGETS_MAX 16384

struct targets {
	struct table by_file; /* (dev, inode) → struct target */
	uint64_t located;     /* files that were looked at */
};

struct target {
	struct targets *owner;
	unsigned int refs;
	bool in_table;
	uint64_t dev, inode; /* as /proc/PID/maps has them */
	uint64_t size;	     /* these two tell whether it is still the same file */
	int64_t mtime_ns;
	int fd; /* to attach by; -1 when there is nothing to attach */
	char *path;
	struct findings findings;
};

void targets_init(struct targets *t);
void targets_release(struct targets *t); /* all references must be gone */

/* The file behind a mapping, with a reference for the caller. 0; -ENOENT: it is of no
 * interest; -ESRCH or another -errno: it could not be looked at now. */
int targets_get(struct targets *t, const struct discover_mapping *m, struct target **ret);
struct target *target_ref(struct target *t);
void target_unref(struct target *t); /* NULL is fine */

#endif
