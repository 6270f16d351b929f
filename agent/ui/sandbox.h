/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shrinks this process to what serving the page needs. The order matters: open what is
 * needed, sandbox_enter(), then read the first byte from a client.
 */
#ifndef UI_SANDBOX_H
#define UI_SANDBOX_H

#include <stdint.h>

/* A uid that no account of this machine has, of the range that systemd uses for
 * DynamicUser=; the same one at each start of the same user database. */
uint32_t sandbox_uid(void);
/* Groups, gid and uid away from root (when root, and where CAP_SETUID and CAP_SETGID are there
 * to do it), all capabilities out of all sets, no new
 * privileges, no core dumps, a seccomp filter that knows neither exec, ptrace, new
 * sockets, connections, mounts nor bpf(2). One thread. 0 or -errno; then the process
 * must end. Dies with its parent when `with_parent`. */
int sandbox_enter(uint32_t uid, int with_parent);

#endif
