/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses that were asked for and whose tokens were not told yet: made in the
 * background, or a stream that broke off. Who fetches one when it is done is told the
 * tokens, and so is everybody who fetches it again. They count once: with the first fetch
 * that shows the response done, and only if its making was seen and counted none.
 */
#ifndef TRACE_PENDING_H
#define TRACE_PENDING_H

#include "call.h"
#include "table.h"

#define PENDING_MAX 4096 /* the oldest goes: its tokens then count as unknown */

struct pending {
	struct table ids;
	uint64_t evicted;
};

void pending_init(struct pending *p);
void pending_release(struct pending *p);
/* Remembers what the call leaves open; takes the usage off a fetch that may not count it. */
void pending_settle(struct pending *p, struct call *c);

#endif
