/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which executable a command turns into: found along PATH as execvp does it, and behind
 * the "#!" lines of scripts, `env` included. A guess: a script may start another.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <limits.h>

/* 0, or -ENOENT. */
int program_find(const char *command, char ret_path[PATH_MAX]);

#endif
