/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids that two observers of one call agree upon, on the client's host and on a gateway's: they
 * follow from what both see on the wire. That is, best first, the id that the provider gave its
 * response, the one that it gave the request, and the request's traceparent together with its
 * messages. What a run's first call is called gives the run, and all that is below it, their
 * ids, so that two who saw the same calls tell the same tree.
 *
 * A request that calls were made for, and that names no trace itself, takes that of the first of
 * them. What is off the wire stays this observer's: what else was made for that request, a parent
 * that the process's environment or its place in the process tree tells, calls that the other
 * observer did not see. Such spans have their own ids all the same, and say in ATTR_GENTAP_OWN_IDS
 * that their trace is not shared; who counts calls of two observers once goes by the span's id.
 * A conversation's id is shared where the provider names it, or the first answer asked for a tool
 * whose id is one; other ids of ours are of the process.
 *
 * Servers exist that give every response one id, and caches that give one out again: only the
 * first call with a key has the shared id, every other one its observer's own; the first of all
 * that are stored, as far as they are claimed at the start. A wrong join is worse than none.
 */
#ifndef TRACE_SHARED_ID_H
#define TRACE_SHARED_ID_H

#include "call.h"
#include "ids.h"
#include "span.h"
#include "table.h"

#define SHARED_IDS_MAX 16384 /* ids that are remembered; the oldest is forgotten */
#define SHARED_ID_MIN 16     /* bytes of an id; shorter ones are not drawn from enough */

/* Of ids that are made from other ids: no secret, as every observer has to have it. */
extern const uint8_t shared_id_key[16];

struct shared_ids {
	struct table seen; /* span ids */
	uint64_t repeated; /* calls whose id had been there */
};

void shared_ids_init(struct shared_ids *s);
void shared_ids_release(struct shared_ids *s);
/* A call has this id. False: one had it before. */
bool shared_ids_claim(struct shared_ids *s, const uint8_t span_id[8]);
/* Gives the call's span its shared id, and its trace's where no parent has told that one. False,
 * and nothing changed: there is none. */
bool shared_ids_set(struct shared_ids *s, const struct call *c, struct span *span);
/* The trace that such a call is the first of. False: it has no shared id. */
bool shared_id_trace(const struct call *c, uint8_t ret[16]);

#endif
