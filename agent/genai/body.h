/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of one direction: its content coding undone, and as much of it collected as
 * its ceiling allows. Stops for good at a hole, at damage and at the ceiling; `reason`
 * (static) then says why, and what was collected up to there stays.
 */
#ifndef GENAI_BODY_H
#define GENAI_BODY_H

#include "buf.h"
#include "http.h"
#include "inflate.h"

struct body {
	struct inflate *inflate; /* NULL: not coded */
	inflate_out_fn out;
	void *ctx;
	struct buf text;
	const char *reason; /* NULL: not stopped */
	bool unnamed;	    /* its coding, if any, will show in its first bytes */
	bool textual;	    /* nothing says that it is none, so what is no text is coded */
	uint64_t out_max;   /* for then */
	char magic[8];
	size_t magic_len;
	size_t unproven; /* the coding was guessed; so many decoded bytes are still to prove it */
};

/* `out` gets the decoded bytes, and passes to body_collect() what it wants kept. */
void body_init(struct body *b, size_t max, inflate_out_fn out, void *ctx);
void body_release(struct body *b);
/* Once, before the first byte; `out_max` bounds what decoding may give in all. Of a head
 * that was not read in full the coding may be missing: gzip, zstd and zlib show
 * themselves; what is neither these nor text is tried as br, and is it if text comes of it
 * (reason "coding_unknown" otherwise). */
void body_set_coding(struct body *b, const struct http_head *head, uint64_t out_max);
void body_feed(struct body *b, struct slice data);
void body_collect(struct body *b, struct slice data);
void body_stop(struct body *b, const char *reason);
/* The body is over. */
void body_end(struct body *b);
/* False when a coding's own end is still to come. */
bool body_complete(const struct body *b);

#endif
