/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes file descriptors in a thread of its own, the oldest first: the close of a uprobe
 * link waits for grace periods, 30 to 500 ms that its owner does not have. At the end there
 * are several threads, for which the grace periods pass at once.
 */
#ifndef PROBE_REAPER_H
#define PROBE_REAPER_H

#include <stddef.h>

struct reaper;

int reaper_new(struct reaper **ret);	     /* 0, -ENOMEM, or -errno of starting a thread */
void reaper_free(struct reaper *r);	     /* closes what is left; waits. NULL is fine */
void reaper_close(struct reaper *r, int fd); /* takes it */

#endif
