/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jvm_load.c reads and writes: a JVM's /proc/PID/status, the command that has it load an
 * agent, and its answer. Of the text nothing is trusted: it is another user's process.
 *
 * Format: proc(5); src/hotspot/os/posix/attachListener_posix.cpp of the JDK (protocol version 1).
 */
#ifndef PROBE_JVM_TEXT_H
#define PROBE_JVM_TEXT_H

#include "slice.h"

#include <stdint.h>

#define JVM_COMMAND_MAX 256

/* What its own tools read of /proc/PID/status. */
struct jvm_status {
	uint32_t uid, gid;  /* effective */
	uint32_t inner_pid; /* in its own pid namespace */
	bool handles_quit;
};

int jvm_parse_status(struct slice text, struct jvm_status *ret); /* 0 or -EBADMSG */

/* "Load the agent of this path, and tell it this": order as jvm_load() has it. Its length, which
 * includes the last NUL; -ENAMETOOLONG. */
int jvm_make_command(char ret[JVM_COMMAND_MAX], const char *path, const char *order);

/* The JVM's answer: 0; -EAGAIN: it listens, but has not come as far as to know its modules, of
 * which the agent's library is one; -EPROTO: it refused. */
int jvm_parse_answer(struct slice text);

#endif
