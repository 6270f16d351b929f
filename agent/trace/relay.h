/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's two sides: the call that it answers, and the one by which it asks the provider for
 * that answer. Where both are seen it is one call, told once: the first, with its tokens (which
 * it may have to learn from the second). The second becomes a plain CLIENT span below it.
 *
 * The second ends before the first. So a call that a process makes while it answers others is
 * held back for RELAY_NS; what no other call has passed on meanwhile is a call like any other.
 * They are the same when the response's id is, or the answer and the question; when several
 * could be, none is.
 */
#ifndef TRACE_RELAY_H
#define TRACE_RELAY_H

#include "call.h"
#include "list.h"
#include "span.h"

#define RELAY_NS UINT64_C(1000000000) /* spans leave within a second of a call's end */
#define RELAYS_MAX 1024		      /* held at once; the oldest goes, as a call like any other */

struct tracer;

struct relays {
	struct list held; /* oldest first */
	size_t n;
};

void relays_init(struct relays *r);
/* Is it held back? Then it is taken. */
bool relays_hold(struct tracer *t, struct call *c);
/* What was held back and has been passed on as this call, which learns its usage; NULL: none. */
struct call *relays_take(struct tracer *t, struct call *c);
/* Its span below that of the call that it serves; takes it. */
void relayed_emit(struct tracer *t, struct call *c, const struct span *above);
/* Tells what was held long enough. */
void relays_sweep(struct tracer *t, uint64_t now_ns);
/* And what a process has left. */
void relays_exit(struct tracer *t, uint32_t pid);

#endif
