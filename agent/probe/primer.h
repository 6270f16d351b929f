/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching takes the lock that fork and uprobes share (dup_mmap_sem) for writing, which is cheap
 * for some milliseconds after somebody did, and else waits for a grace period of RCU: 5 to 15 ms
 * that a process which lives for 20 does not give. A primer, told that a process begins, takes the
 * lock in a thread of its own, by a probe in a file that nobody maps: the grace period passes while
 * the process still loads its libraries.
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
/* A process begins: at most each PRIMER_REST_NS. Does not wait. */
void primer_ask(struct primer *p);

#endif
