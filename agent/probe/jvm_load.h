/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a JVM load our agent, as the JDK's own tools do: a file .attach_pidN in its /tmp and
 * SIGQUIT make it listen on the socket .java_pidN there; one command loads an agent.
 * SIGQUIT is sent only to a process that handles it, and is not told by its arguments not to
 * listen. What is written is removed again. Blocks: a second or so, JVM_LOAD_MAX_MS at most.
 *
 * Format: src/hotspot/os/posix/attachListener_posix.cpp of the JDK (protocol version 1).
 */
#ifndef PROBE_JVM_LOAD_H
#define PROBE_JVM_LOAD_H

#include "slice.h"

#include <stdint.h>

#define JVM_LOAD_MAX_MS 20000
#define JVM_PROBLEM_MAX 160

/* jar: the bytes of the agent. order: what its agentmain is told; "on" becomes "on:PATH". 0;
 * -EAGAIN: it is not yet at the point where it can be asked; -ESRCH: it is gone; or another
 * -errno. ret_problem is a sentence then. */
int jvm_load(uint32_t tgid, struct slice jar, const char *order, char ret_problem[JVM_PROBLEM_MAX]);

#endif
