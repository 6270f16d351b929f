/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/2 connection written anew without its secrets. The frames stay what they are,
 * but for field blocks: Huffman codes and tables spread a value over the connection, so
 * each block is decoded and written as literals that enter no table, its values masked as
 * mask.h says for heads. Lengths change, what is missing keeps its size and its place:
 * positions are those of the new stream.
 *
 * What a reader would have made of the connection, it makes of this: a field that could
 * not be resolved becomes a reference to an entry that no reader has, a block that could
 * not be read becomes one that cannot, and bytes that made no sense become a hole.
 *
 * Bodies are masked per stream as text (mask.h), unless a content coding hides what they
 * are; those that are a WebSocket's frames (RFC 8441) as mask_ws.h says; of those that may not be
 * kept (gate.h) the length alone stays. Dropped: priorities and
 * padding of field blocks, pushed requests. Overwritten: the text of GOAWAY, PING, and frames of
 * unknown types.
 */
#ifndef FLOW_MASK_H2_H
#define FLOW_MASK_H2_H

#include "gate.h"
#include "h2.h"

struct mask_h2 {
	struct h2 h2;
	struct h2_tap tap;
	struct gate *gate;     /* lent */
	struct table streams;  /* id → struct mask_h2_stream */
	struct buf out;	       /* of the bytes that are being fed */
	bool call_start;       /* where `out` begins */
	uint64_t unwritten[2]; /* bytes to come of a frame whose header was not written */
	uint32_t ending[2];    /* stream that ends with the current frame; 0: none does */
	uint64_t now_ns;
	uint64_t no_memory; /* times that bytes became holes for want of it */
};

/* The object may not be moved afterwards. */
void mask_h2_init(struct mask_h2 *m, struct gate *gate);
/* This direction is not seen from its first byte on. */
void mask_h2_join(struct mask_h2 *m, enum gentap_dir dir);
/* The connection began as HTTP/1.1 and was upgraded (h2c) by this exchange. 0 or -ENOMEM. */
int mask_h2_upgrade(struct mask_h2 *m, enum gentap_dir client, struct gated *x);
void mask_h2_release(struct mask_h2 *m);

void mask_h2_data(struct mask_h2 *m, enum gentap_dir dir, struct slice data, bool call_start,
		  uint64_t ts_ns);
void mask_h2_hole(struct mask_h2 *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns);

#endif
