/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching takes the lock that fork and uprobes share (dup_mmap_sem) for writing, which is cheap
 * for some milliseconds after somebody did, and else waits for a grace period of RCU: 5 to 15 ms
 * that a process which lives for 20 does not give. A primer, told that a process begins, takes the
 * lock in a thread of its own, by a probe in a file that nobody maps: the grace period passes while
 * the process still loads its libraries. While the process is young (young.h) it does so again and
 * again, before the next grace period could end the moment: some 70 us each PRIMER_REST_NS.
 *
 * Source: kernel/events/uprobes.c (register_for_each_vma), kernel/rcu/sync.c.
 */
#ifndef PROBE_PRIMER_H
#define PROBE_PRIMER_H

#include <stdint.h>

struct kern;
struct primer;
struct reaper;

/* The kern and the reaper are borrowed until primer_free. 0, -ENOMEM, or -errno of making the file
 * or the thread. */
int primer_new(struct primer **ret, const struct kern *kern, struct reaper *reaper);
void primer_free(struct primer *p); /* waits for its thread. NULL is fine */
/* A process is about to be: at most each PRIMER_REST_NS. None of these waits; NULL is fine. */
void primer_ask(struct primer *p);
/* It has begun a program; it has ended. */
void primer_begins(struct primer *p, uint32_t tgid);
void primer_ends(struct primer *p, uint32_t tgid);

#endif
