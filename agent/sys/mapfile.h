/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular file mapped read-only, whose owner may truncate it while it is read: the
 * pages that are gone then read as zeros instead of killing the agent with SIGBUS.
 * The first mapfile_open installs a SIGBUS handler for the process; faults outside
 * of these mappings go to the handler that was there before. Any thread may read.
 */
#ifndef SYS_MAPFILE_H
#define SYS_MAPFILE_H

#include "slice.h"

#define MAPFILES_MAX 64 /* at a time, in the whole process */

struct mapfile {
	struct slice bytes;
	unsigned int slot;
	/* Of the file, when it was opened. */
	uint64_t dev, inode, size;
	int64_t mtime_ns;
};

/* fd stays the caller's and may be closed at once. 0; -EINVAL: not a regular file;
 * -ENODATA: empty; -EMFILE: MAPFILES_MAX are open; or what fstat and mmap say. */
int mapfile_open(struct mapfile *m, int fd);
/* The pages that lie within the bytes, which are of this file's, leave this process's memory;
 * read again, they come back. Anything else is left alone. */
void mapfile_drop(const struct mapfile *m, struct slice bytes);
void mapfile_close(struct mapfile *m); /* a zeroed or closed one is fine */

#endif
