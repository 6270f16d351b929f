/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a push parser over one input again and again, cut at every place and into single
 * bytes, with or without a hole, and compares what it logged. A parser's test is a
 * function that feeds all pieces of a cutter and appends to the log.
 */
#ifndef TESTS_SPLITS_H
#define TESTS_SPLITS_H

#include "buf.h"
#include "cleanup.h"
#include "test.h"

struct cutter {
	struct slice text;
	size_t hole_at, hole_len; /* these bytes of the text are missing */
	size_t cut;		  /* the other place to cut; SIZE_MAX: everywhere */
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
	if (c->cut == SIZE_MAX)
		end = c->at + 1;
	else if (c->at < c->cut)
		end = MIN(end, c->cut);
	*ret = slice_sub(c->text, c->at, end - c->at);
	c->at = end;
	return true;
}

typedef void (*parser_run_fn)(struct buf *log, struct cutter *c);

static inline void check_splits_hole(parser_run_fn run, struct slice text, size_t hole_at,
				     size_t hole_len, const char *want)
{
	for (size_t i = 0; i <= text.len + 1; i++) {
		struct cutter c = { text, hole_at, hole_len, i > text.len ? SIZE_MAX : i, 0 };
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1 << 24);
		bool same;

		run(&log, &c);
		same = slice_eq(buf_slice(&log), slice_from(want));
		if (!same)
			printf("# cut at %zd, hole %zu+%zu\n", (ssize_t)c.cut, hole_at, hole_len);
		CHECK_STR(buf_slice(&log), want);
		if (!same)
			return;
	}
}

static inline void check_splits(parser_run_fn run, struct slice text, const char *want)
{
	check_splits_hole(run, text, 0, 0, want);
}

/* With every allocation failing in turn: it may lose things, not memory or its mind. */
static inline void check_without_memory(parser_run_fn run, struct slice text, size_t cut)
{
	long runs = 0;

	EACH_MALLOC_FAILURE {
		struct cutter c = { .text = text, .cut = cut };
		struct buf log = BUF_INIT(1 << 24);

		run(&log, &c);
		buf_release(&log);
		runs++;
	}
	CHECK(runs > 1);
}

/* Appends a text with its terminator, easy to write in a test's expectation. */
static inline void log_item(struct buf *log, struct slice s)
{
	buf_add_slice(log, s);
	buf_add_char(log, '|');
}

#endif
