/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JVMs and our agent in them (agent/probe/java): loaded in a thread of its own and of low
 * priority, when a JVM is far enough for it; its hooks are taken out at the end. A JVM that was
 * refused once is left alone.
 *
 * Only where the user asked for it: it changes a running program.
 */
#ifndef PROBE_JVMS_H
#define PROBE_JVMS_H

#include "jvm_load.h"

#include <stdbool.h>
#include <stddef.h>

#define JVMS_MAX 256
#define JVMS_END_MS 5000 /* of taking hooks out, all together */

struct jvms;

/* Was this agent built with a Java compiler? */
bool jvms_available(void);
/* 0, -ENOTSUP: not available; -ENOMEM or -errno of starting the thread. */
int jvms_new(struct jvms **ret);
void jvms_free(struct jvms *j); /* NULL is fine */
/* A JVM runs; again is fine. */
void jvms_add(struct jvms *j, uint32_t tgid);
/* It has ended, or is another program now. */
void jvms_forget(struct jvms *j, uint32_t tgid);
/* Why its TLS is not read, as a sentence; false: it is, or it is not known here. */
bool jvms_problem(struct jvms *j, uint32_t tgid, char *ret, size_t size);

#endif
