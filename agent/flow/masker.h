/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a connection may be kept: two streams of bytes and holes in, the same out, with
 * secrets overwritten. It finds the protocol as conn.c does and follows upgrades.
 *
 *  - HTTP/1: bytes stay where they are (mask.h);
 *  - HTTP/2 and WebSocket: written anew (mask_h2.h, mask_ws.h), since there a secret may
 *    be coded in many ways; a reader makes the same of it;
 *  - everything else, and what came before the protocol was known, becomes holes.
 *
 * Of exchanges that are nobody's calls only the heads are kept: gate.h.
 */
#ifndef FLOW_MASKER_H
#define FLOW_MASKER_H

#include "gentap_event.h"
#include "slice.h"

struct masker_sink {
	void *ctx;
	/* Lends. call_start: a head or a frame may begin here. */
	void (*data)(void *ctx, enum gentap_dir dir, struct slice data, bool call_start,
		     uint64_t ts_ns);
	void (*hole)(void *ctx, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);
};

/* What all maskers of a recorder share. */
struct masker_context {
	char *scratch; /* GENTAP_CHUNK_MAX bytes to work in, while any function here runs */
	size_t held;   /* bytes that wait until it is known whose they are */
	void *ctx;
	bool (*asks)(void *ctx, uint32_t tgid); /* does the process ask models? NULL: none does */
};

struct masker;

/* Of a connection of the process; lends the context. */
int masker_new(struct masker **ret, struct masker_context *context, uint32_t tgid,
	       const struct masker_sink *sink);
void masker_free(struct masker *m); /* what is still undecided becomes holes */

/* This direction was not seen from its first byte on. */
void masker_join(struct masker *m, enum gentap_dir dir);
void masker_data(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		 uint64_t ts_ns);
void masker_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);

#endif
