/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a table of exchanges against what they should give: whole, at every split, and
 * with every allocation failing once. With WANTS in the environment what they should give is
 * printed instead, each behind a form feed: tests/replay/test_facts.py reads that. */
#ifndef TESTS_DIALECT_ROWS_H
#define TESTS_DIALECT_ROWS_H

#include "exchange.h"
#include "test.h"

struct dialect_row {
	const char *name;
	struct exchange in;
	const char *want;
};

static inline bool print_want(const char *want)
{
	if (getenv("WANTS"))
		printf("\f%s", want);
	return getenv("WANTS");
}

static inline void check_row(const struct dialect_row *row, size_t first, size_t step)
{
	_cleanup_(buf_cleanup) struct buf got = exchange_dump(&row->in, first, step);

	test_row("%s (first %zu, then %zu)", row->name, first, step);
	CHECK_STR(buf_slice(&got), row->want);
}

static inline void check_rows(const struct dialect_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = MAX(rows[i].in.request.len, rows[i].in.response.len);

		if (print_want(rows[i].want))
			continue;
		for (size_t first = 1; first < len; first++)
			check_row(&rows[i], first, SIZE_MAX);
		check_row(&rows[i], 0, SIZE_MAX);
		check_row(&rows[i], 0, 1);
		check_row(&rows[i], 0, 7);
	}
	test_row(NULL);
}

/* Without memory there is no call, or a call that says what it is, or the right one. */
static inline void check_rows_without_memory(const struct dialect_row *rows, size_t count)
{
	for (size_t i = 0; i < count && !getenv("WANTS"); i++) {
		EACH_MALLOC_FAILURE
		{
			struct call *c = exchange_call(&rows[i].in);
			bool failed = test_malloc_failed();
			struct buf got = BUF_INIT(1024 * 1024);

			test_row("%s (allocation %ld)", rows[i].name, _n);
			if (c)
				dump_call(&got, c);
			if (!failed || (c && c->completeness == COMPLETENESS_FULL))
				CHECK_STR(buf_slice(&got), rows[i].want);
			buf_release(&got);
			call_free(c);
		}
	}
	test_row(NULL);
}

#endif
