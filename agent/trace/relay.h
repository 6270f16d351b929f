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
 *
 * What failed before another provider answered passed nothing on, but is a part of it all the same
 * where it asked the same question for the only call that it can have been made for: a CLIENT span
 * below that one too, which says how it failed. If it cost tokens, it stays a call, so that they
 * count. It has to wait for the answer of the other one: RELAY_FAILED_NS.
 */
#ifndef TRACE_RELAY_H
#define TRACE_RELAY_H

#include "call.h"
#include "list.h"
#include "span.h"

#define RELAY_NS UINT64_C(1000000000) /* spans leave within a second of a call's end */
#define RELAY_FAILED_NS UINT64_C(120000000000)
#define RELAYS_MAX 1024 /* held at once, of either; the oldest goes, as a call like any other */

struct run;
struct tracer;

struct relays {
	struct list held, failed; /* oldest first */
	size_t n, n_failed;
};

void relays_init(struct relays *r);
/* Is it held back? Then it is taken. */
bool relays_hold(struct tracer *t, struct call *c);
/* What was held back and has been passed on as this call, which learns its usage; NULL: none. What
 * failed before is put into `failed`, oldest first. */
struct call *relays_take(struct tracer *t, struct call *c, struct list *failed);
/* Its span below that of the call that it serves; takes it. */
void relayed_emit(struct tracer *t, struct call *c, const struct span *above);
/* And of what failed: empties the list. run: of the call above; NULL: none. */
void relays_failed_emit(struct tracer *t, struct list *failed, struct span *above, struct run *run);
/* Tells what was held long enough. */
void relays_sweep(struct tracer *t, uint64_t now_ns);
/* And what a process has left. */
void relays_exit(struct tracer *t, uint32_t pid);

#endif
