/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of one direction: its content coding undone, and as much of it collected as
 * its ceiling allows. Stops for good at a hole, at damage and at the ceiling; `reason`
 * (static) then says why, and what was collected up to there stays.
 */
#ifndef GENAI_BODY_H
#define GENAI_BODY_H

#include "buf.h"
#include "inflate.h"

struct body {
	struct inflate *inflate; /* NULL: not coded */
	inflate_out_fn out;
	void *ctx;
	struct buf text;
	const char *reason; /* NULL: not stopped */
};

/* `out` gets the decoded bytes, and passes to body_collect() what it wants kept. */
void body_init(struct body *b, size_t max, inflate_out_fn out, void *ctx);
void body_release(struct body *b);
/* Once, before the first byte; `out_max` bounds what decoding may give in all. */
void body_set_coding(struct body *b, struct slice coding, uint64_t out_max);
void body_feed(struct body *b, struct slice data);
void body_collect(struct body *b, struct slice data);
void body_stop(struct body *b, const char *reason);
/* False when a coding's own end is still to come. */
bool body_complete(const struct body *b);

#endif
