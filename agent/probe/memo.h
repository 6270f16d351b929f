/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the locators found in which file, kept across runs of the agent: the processes of a
 * build that was seen once are observed from their first byte, however short they live.
 * Nothing found is kept too.
 *
 * A file is known by device, inode, size and time of change. What the memory says of it
 * places probes in running programs, so nothing of it is believed unseen: the cache file
 * must belong to this user alone, carry the right checksum and come from this very build
 * of the agent, and the code under each point must be what it was. Else it is ignored.
 */
#ifndef PROBE_MEMO_H
#define PROBE_MEMO_H

#include "locate/locate.h"

#define MEMO_FILES_MAX 8192
#define MEMO_BYTES_MAX (8u << 20)

struct memo;

struct memo_key {
	uint64_t dev, inode, size;
	int64_t mtime_ns;
};

/* dir: where the cache file is, made if it is not there; NULL: nothing is kept. What cannot
 * be read is as good as empty; *ret_problem says why, or is NULL. 0 or -ENOMEM. */
int memo_new(struct memo **ret, const char *dir, const char **ret_problem);
void memo_free(struct memo *m); /* NULL is fine; saves first */

/* What the file has; fd is to read the code under the points by. Lent until the next call. NULL:
 * not known. */
const struct findings *memo_get(struct memo *m, const struct memo_key *key, int fd);
/* Where there is no memory the file is forgotten. */
void memo_put(struct memo *m, const struct memo_key *key, int fd, const struct findings *f);
/* If anything changed. 0 or -errno. */
int memo_save(struct memo *m);

#endif
