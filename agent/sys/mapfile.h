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
	int fd;
	/* Of the file, when it was opened. */
	uint64_t dev, inode, size;
	int64_t mtime_ns;
};

/* fd stays the caller's and may be closed at once. 0; -EINVAL: not a regular file;
 * -ENODATA: empty; -EMFILE: MAPFILES_MAX are open; or what fstat, mmap and dup say. */
int mapfile_open(struct mapfile *m, int fd);
/* Copies bytes, which are of this file's, to another place: where a large file is read once, it
 * costs neither page faults nor this process's memory. */
void mapfile_copy(const struct mapfile *m, struct slice bytes, void *to);
void mapfile_close(struct mapfile *m); /* a zeroed or closed one is fine */

#endif
