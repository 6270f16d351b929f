/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One agent at a time: two would capture everything twice. A lock that ends with the
 * process, however it ends.
 */
#ifndef SYS_INSTANCE_H
#define SYS_INSTANCE_H

#include <sys/types.h>

/* Locks /run/NAME/lock, a directory of its own since a service that is not root may be given
 * one, or, where that cannot be written, an abstract unix socket of that name for this user.
 * *ret_fd holds the lock: keep it open; it is not inherited by exec. 0; -EBUSY: another process has
 * it, *ret_pid is its pid or 0 when not known; or -errno. */
int instance_lock(const char *name, int *ret_fd, pid_t *ret_pid);
/* The two ways themselves. */
int instance_lock_file(const char *path, int *ret_fd, pid_t *ret_pid);
int instance_lock_socket(const char *name, int *ret_fd, pid_t *ret_pid);

#endif
