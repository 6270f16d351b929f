/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings files to disk without waiting for it: fsync by the kernel's asynchronous I/O
 * (io_submit(2), IOCB_CMD_FDSYNC, Linux 4.18). One round at a time; an eventfd becomes readable as
 * it ends.
 */
#ifndef OTLP_SYNCER_H
#define OTLP_SYNCER_H

#include <stddef.h>

#define SYNCER_FILES_MAX 64 /* of one round */

struct syncer;

/* 0; -ENOSYS, -EPERM: a kernel or a sandbox without it; or -errno. */
int syncer_new(struct syncer **ret);
void syncer_free(struct syncer *s); /* NULL is fine; waits for a round that is under way */
int syncer_fd(const struct syncer *s);
/* Begins a round; the files may be closed meanwhile. 0; -EBUSY: one is under way; or -errno. */
int syncer_start(struct syncer *s, const int *fds, size_t n);
/* When the fd is readable. 1: the round has ended, well; 0: not yet, or there is none; or the
 * -errno of a file that could not be synced. */
int syncer_reap(struct syncer *s);

#endif
