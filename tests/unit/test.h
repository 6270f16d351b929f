/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit test file is a list of TEST(name) { ... } with CHECK_* inside; it links with
 * test.c (main, TAP output) and the pure modules under ASan and UBSan.
 *
 * A failed check prints what it saw and goes on. Allocation failures: wrap the code in
 * EACH_MALLOC_FAILURE { ... }; the body runs again and again, with the first, second,
 * third … allocation failing, until a run in which none failed.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include "slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_register(const char *name, void (*fn)(void));
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define TEST(name)                                                                                 \
	static void name(void);                                                                    \
	__attribute__((constructor)) static void register_##name(void)                             \
	{                                                                                          \
		test_register(#name, name);                                                        \
	}                                                                                          \
	static void name(void)

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_fail(__FILE__, __LINE__, "%s", #cond);                                \
	} while (0)

#define CHECK_INT(got, want)                                                                       \
	do {                                                                                       \
		long long _got = (long long)(got), _want = (long long)(want);                      \
		if (_got != _want)                                                                 \
			test_fail(__FILE__, __LINE__, "%s: got %lld, want %lld", #got, _got,       \
				  _want);                                                          \
	} while (0)

#define CHECK_SLICE(got, want)                                                                     \
	do {                                                                                       \
		struct slice _got = (got), _want = (want);                                         \
		if (!slice_eq(_got, _want) || !_got.data != !_want.data)                           \
			test_fail(__FILE__, __LINE__, "%s: got \"%.*s\", want \"%.*s\"", #got,     \
				  SLICE_FMT(_got), SLICE_FMT(_want));                              \
	} while (0)

#define CHECK_STR(got, want) CHECK_SLICE(got, slice_from(want))

/* A name for the row of a table that is being checked, shown with failures; NULL ends. */
void test_row(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void test_malloc_fail_at(long n); /* the n-th allocation from now fails; -1: none */
bool test_malloc_failed(void);	  /* did it? also ends it */

#define EACH_MALLOC_FAILURE                                                                        \
	for (long _n = 0, _more = 1; _more && (test_malloc_fail_at(_n), 1) && _n < 100000;         \
	     _more = test_malloc_failed(), _n++)

#endif
