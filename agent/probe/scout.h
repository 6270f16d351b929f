/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the slow locators in a thread of its own and of low priority: a large executable
 * takes a few hundred milliseconds that the loop does not have. One file at a time, so
 * that the memory it takes is that of one scan.
 */
#ifndef PROBE_SCOUT_H
#define PROBE_SCOUT_H

#include "locate/locate.h"
#include "loop.h"

#define SCOUT_QUEUE_MAX 1024 /* files, each with a descriptor */

struct scout;

/* Called from the loop. error: of opening the file; or -ENOMEM: not all was looked at. fd
 * is that of scout_add, the callee's to keep or close. */
typedef void (*scout_done_fn)(void *ctx, void *arg, int fd, int error,
			      const struct findings *findings);

/* 0, -ENOMEM, or -errno of starting the thread. */
int scout_new(struct scout **ret, struct loop *loop, scout_done_fn done, void *ctx);
/* Waits for the file that is being read; what is queued is told with -ECANCELED. */
void scout_free(struct scout *s); /* NULL is fine */
/* Takes the fd; so far is what the quick locators found. Urgent ones come first. 0, -EBUSY: the
 * queue is full, or -ENOMEM: then the fd stays the caller's. */
int scout_add(struct scout *s, int fd, bool urgent, const struct findings *so_far, void *arg);
/* How many were added and not told of yet. */
size_t scout_pending(const struct scout *s);

#endif
