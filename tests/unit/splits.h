/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a push parser over one input again and again, cut at every place and into single
 * bytes, with or without a hole, and compares what it logged. A parser's test is a
 * function that feeds all pieces of a cutter and appends to the log.
 */
#ifndef TESTS_SPLITS_H
#define TESTS_SPLITS_H

#include "cutter.h"
#include "test.h"

static inline void check_splits_hole(parser_run_fn run, struct slice text, size_t hole_at,
				     size_t hole_len, const char *want)
{
	for (size_t i = 0; i <= text.len + 1; i++) {
		struct cutter c = { text, hole_at, hole_len, i > text.len ? SIZE_MAX : i, 0, 0 };
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

	EACH_MALLOC_FAILURE
	{
		struct cutter c = { .text = text, .cut = cut };
		struct buf log = BUF_INIT(1 << 24);

		run(&log, &c);
		buf_release(&log);
		runs++;
	}
	CHECK(runs > 1);
}

#endif
