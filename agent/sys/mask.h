/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces secrets in what a process was started with by "***": values of flags,
 * variables and headers named like a key, token, secret or password; keys that begin
 * like those of well-known issuers (sk-, ghp_, AKIA, eyJ …, which stays visible);
 * Bearer and Basic credentials; the userinfo of URLs and of curl's -u.
 *
 * In doubt it hides: a prompt that speaks of "the key: ..." loses its end. It cannot know
 * a bare secret that is neither named nor shaped like one. Control characters become
 * spaces; the bytes need not be UTF-8.
 */
#ifndef SYS_MASK_H
#define SYS_MASK_H

#include "buf.h"

/* Both append to ret and return its error. The arguments of /proc/PID/cmdline, each
 * ended by a NUL, are joined by spaces. */
int mask_arguments(struct buf *ret, struct slice cmdline);
int mask_text(struct buf *ret, struct slice text);

#endif
