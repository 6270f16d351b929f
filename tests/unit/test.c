/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the registered tests and prints TAP; arguments name the tests to run. */
#include "test.h"

#include <stdarg.h>

#define TESTS_MAX 500

static struct {
	const char *name;
	void (*fn)(void);
} tests[TESTS_MAX];
static size_t n_tests;
static unsigned int failures;
static char row[200];
static long fail_at = -1;
static bool failed;

void test_register(const char *name, void (*fn)(void))
{
	if (n_tests == TESTS_MAX)
		abort();
	tests[n_tests].name = name;
	tests[n_tests++].fn = fn;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fail_at = -1;
	if (failures++ > 20)
		return;
	printf("# %s:%d: %s%s", file, line, row, *row ? ": " : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void test_row(const char *fmt, ...)
{
	va_list ap;

	row[0] = '\0';
	if (!fmt)
		return;
	va_start(ap, fmt);
	vsnprintf(row, sizeof(row), fmt, ap);
	va_end(ap);
}

void test_malloc_fail_at(long n)
{
	failed = false;
	fail_at = n;
}

bool test_malloc_failed(void)
{
	fail_at = -1;
	return failed;
}

static bool fail_now(void)
{
	if (fail_at < 0 || fail_at--)
		return false;
	failed = true;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fail_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fail_now() ? NULL : __real_realloc(p, size);
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int bad = 0, number = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < n_tests; i++) {
		if (!wanted(tests[i].name, argc, argv))
			continue;
		failures = 0;
		row[0] = '\0';
		tests[i].fn();
		bad += failures > 0;
		printf("%sok %u - %s\n", failures ? "not " : "", ++number, tests[i].name);
	}
	printf("1..%u\n", number);
	return bad > 0;
}
