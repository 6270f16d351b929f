/* SPDX-License-Identifier: Apache-2.0 */
/* One input for a push parser in pieces: cut somewhere, or everywhere, with a hole. */
#ifndef TESTS_CUTTER_H
#define TESTS_CUTTER_H

#include "buf.h"
#include "cleanup.h"

struct cutter {
	struct slice text;
	size_t hole_at, hole_len; /* these bytes of the text are missing */
	size_t cut;		  /* the other place to cut; SIZE_MAX: everywhere */
	size_t stride;		  /* and to cut at multiples of it, where a record may begin */
	size_t at;
};

/* The next piece, or a hole (then the piece is absent); false at the end. */
static inline bool cutter_next(struct cutter *c, struct slice *ret, uint64_t *ret_hole)
{
	size_t end = c->text.len;

	*ret_hole = 0;
	*ret = SLICE_NONE;
	if (c->hole_len && c->at == c->hole_at) {
		*ret_hole = c->hole_len;
		c->at += c->hole_len;
		return true;
	}
	if (c->at >= end)
		return false;
	if (c->hole_len && c->at < c->hole_at)
		end = MIN(end, c->hole_at);
	if (c->stride)
		end = MIN(end, (c->at / c->stride + 1) * c->stride);
	if (c->cut == SIZE_MAX)
		end = c->at + 1;
	else if (c->at < c->cut)
		end = MIN(end, c->cut);
	*ret = slice_sub(c->text, c->at, end - c->at);
	c->at = end;
	return true;
}

/* A parser's test or fuzz target: feeds all pieces, appends what came out to the log. */
typedef void (*parser_run_fn)(struct buf *log, struct cutter *c);

/* Appends a text with its terminator, easy to write in a test's expectation. */
static inline void log_item(struct buf *log, struct slice s)
{
	buf_add_slice(log, s);
	buf_add_char(log, '|');
}

#endif
