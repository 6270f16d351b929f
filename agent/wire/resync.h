/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the place in a stream of frames again after bytes were lost, or when it was
 * joined midway. The rule: a frame may begin where a record (one call of the observed
 * process, one TLS record) begins, and it did, if a chain of plausible frame headers
 * follows from there, or if its first frames end exactly where a record ends.
 *
 * The bytes of a candidate are held until it is decided, RESYNC_HELD_MAX at most; a
 * refused candidate makes way for the next record start among them. The outcome does
 * not depend on how the bytes between two marks are split.
 */
#ifndef WIRE_RESYNC_H
#define WIRE_RESYNC_H

#include "buf.h"

#define RESYNC_HELD_MAX (64 * 1024)
#define RESYNC_MARKS_MAX 32

/* Length of the frame whose header is at data, header included; -EAGAIN: more bytes
 * are needed to tell; -EBADMSG: no such frame is plausible. */
typedef ssize_t (*resync_measure_fn)(void *ctx, const void *data, size_t len);

struct resync {
	resync_measure_fn measure;
	void *ctx;
	size_t chain; /* plausible headers in a row that decide */
	struct buf held;
	size_t marks[RESYNC_MARKS_MAX]; /* record starts in held; the first is the candidate */
	size_t n_marks;
	uint64_t end;	 /* where the newest record ends, if it said so; else 0 */
	size_t next;	 /* where the next header of the chain begins */
	size_t n_frames; /* headers that were plausible */
};

void resync_init(struct resync *r, resync_measure_fn measure, void *ctx, size_t chain);
void resync_release(struct resync *r); /* also begins anew */

/* A record of len bytes (0: not known) begins with the next byte. 1: that decided it,
 * see resync_take. Otherwise 0. */
int resync_mark(struct resync *r, uint64_t len);
/* Looks at the bytes; *ret_used were taken. 1: the place is found, and what follows the
 * used bytes follows what resync_take gives. 0: all used, not found yet. -ENOMEM: the
 * candidate was dropped. */
int resync_feed(struct resync *r, const void *data, size_t len, size_t *ret_used);
/* The held bytes, from the first byte of a frame on; the caller releases them. */
struct buf resync_take(struct resync *r);

#endif
