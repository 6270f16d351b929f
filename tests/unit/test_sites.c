/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/sites.h"

#include <errno.h>

static const struct {
	enum code_kind kind;
	const char *name;
} kinds[] = { { CODE_PIE, "pie" }, { CODE_FIXED, "fixed" }, { CODE_ARM, "arm64" } };

/* The n-th function is called by the first and mentions the n-th string. */
static void make(struct code_elf *c, enum code_kind kind, const char *const *strings, size_t n,
		 size_t skip, uint64_t *ret_functions)
{
	uint64_t at[8];

	code_init(c, kind);
	for (size_t i = 0; i < n; i++)
		at[i] = code_string(c, strings[i]) + (i == 0 ? skip : 0);
	for (size_t i = 0; i < n; i++) {
		ret_functions[i] = code_begin(c);
		code_number(c, 2, 7);
		code_address(c, at[i]);
		code_call(c, c->fail);
		code_end(c);
	}
	code_begin(c);
	for (size_t i = 0; i < n; i++)
		code_call(c, ret_functions[i]);
	code_end(c);
}

TEST(mentions_are_found_with_their_functions)
{
	static const char *const strings[] = { "../ssl/ssl_lib.cc", "ssl_lib.c", "other" };
	static const char *const wanted[] = { "ssl_lib.cc", "ssl_lib.c", "=missing" };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		uint64_t functions[3];
		struct sites s;

		test_row("%s", kinds[k].name);
		make(&c, kinds[k].kind, strings, 3, 0, functions);
		e = code_open(&c);
		CHECK_INT(sites_find(&s, e, wanted, 3), 0);
		CHECK_INT(s.n, 2);
		CHECK_INT(s.mentioned, 3);
		for (size_t i = 0; i < s.n; i++) {
			CHECK_INT(s.site[i].string, i);
			CHECK_INT(s.site[i].function, functions[i]);
			CHECK(s.site[i].vaddr > functions[i] &&
			      s.site[i].vaddr < functions[i] + 32);
		}
		sites_release(&s);
	}
}

/* An end is mentioned by the address of the whole, or of what of it is behind something else that
 * has no end; a whole one by its own, though it be the tail of another. */
TEST(ends_and_wholes)
{
	static const struct {
		const char *string, *wanted;
		size_t skip; /* the code's address: so far behind the string's */
		size_t want;
	} rows[] = {
		{ "a/ssl_lib.cc", "ssl_lib.cc", 0, 1 },
		{ "a/ssl_lib.cc", "ssl_lib.cc", 2, 1 },
		{ "a/ssl_lib.cc", "ssl_lib.cc", 3, 0 },
		{ "\1\5\10/x/ssl_lib.cc", "ssl_lib.cc", 3, 1 },
		{ "\1\5\10/x/ssl_lib.cc", "ssl_lib.cc", 2, 0 },
		{ "!#/x/ssl_lib.cc", "ssl_lib.cc", 2, 1 },
		{ "a/ssl_lib.cc", "ssl_lib.c", 0, 0 },
		{ "SSL_write", "=SSL_write", 0, 1 },
		{ "my_SSL_write", "=SSL_write", 0, 0 },
		{ "my_SSL_write", "=SSL_write", 3, 1 },
		{ "SSL_write_ex", "=SSL_write", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		uint64_t function;
		struct sites s;

		test_row("%s in %s + %zu", rows[i].wanted, rows[i].string, rows[i].skip);
		make(&c, CODE_PIE, &rows[i].string, 1, rows[i].skip, &function);
		e = code_open(&c);
		CHECK_INT(sites_find(&s, e, &rows[i].wanted, 1), 0);
		CHECK_INT(s.n, rows[i].want);
		sites_release(&s);
	}
}

/* A function that nobody calls: what it mentions belongs to the one before it. */
TEST(calls_tell_where_functions_begin)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static const char *const wanted[] = { "=name" };
	static struct code_elf c;
	uint64_t called, name;
	struct sites s;

	code_init(&c, CODE_PIE);
	name = code_string(&c, "name");
	called = code_begin(&c);
	code_end(&c);
	code_begin(&c);
	code_address(&c, name);
	code_end(&c);
	code_begin(&c);
	code_call(&c, called);
	code_end(&c);
	e = code_open(&c);
	CHECK_INT(sites_find(&s, e, wanted, 1), 0);
	CHECK_INT(s.n, 1);
	CHECK_INT(s.site[0].function, called);
	sites_release(&s);
}

/* One that is called through a pointer alone. */
TEST(pointers_tell_where_functions_begin)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static const char *const wanted[] = { "=name" };
		static struct code_elf c;
		uint64_t function, name;
		struct sites s;

		test_row("%s", kinds[k].name);
		code_init(&c, kinds[k].kind);
		name = code_string(&c, "name");
		function = code_begin(&c);
		code_address(&c, name);
		code_end(&c);
		code_begin(&c);
		code_call(&c, c.fail);
		code_end(&c);
		code_add_rela(&c, CODE_ELF_DATA_VADDR, function);
		e = code_open(&c);
		CHECK_INT(sites_find(&s, e, wanted, 1), 0);
		CHECK_INT(s.n, 1);
		CHECK_INT(s.site[0].function, function);
		sites_release(&s);
	}
}

/* arm64: by another string's address and the distance to it. */
TEST(mentions_by_an_anchor)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static const char *const wanted[] = { "=name", "=other" };
	static struct code_elf c;
	uint64_t anchor, function;
	struct sites s;

	code_init(&c, CODE_ARM);
	anchor = code_string(&c, "a string of 15");
	code_string(&c, "name");
	code_string(&c, "other");
	function = code_begin(&c);
	code_address(&c, anchor);
	code_u32(&c, 0x91003c62); /* add x2, x3, #15 */
	code_call(&c, c.fail);
	code_end(&c);
	code_begin(&c);
	code_call(&c, function);
	code_end(&c);
	e = code_open(&c);
	CHECK_INT(sites_find(&s, e, wanted, 2), 0);
	CHECK_INT(s.n, 1);
	CHECK_INT(s.site[0].string, 0);
	CHECK_INT(s.site[0].function, function);
	sites_release(&s);
}

/* A mention that is a function of its own: who calls it mentions. One that does more is no such. */
TEST(shared_mentions)
{
	for (int more = 0; more <= 1; more++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static const char *const wanted[] = { "=name" };
		static struct code_elf c;
		uint64_t shared, function, name;
		struct sites s;

		code_init(&c, CODE_ARM);
		name = code_string(&c, "name");
		shared = code_begin(&c);
		code_address(&c, name);
		if (more)
			code_call(&c, c.fail);
		code_end(&c);
		function = code_begin(&c);
		code_call(&c, shared);
		code_number(&c, 3, 115);
		code_call(&c, c.fail);
		code_end(&c);
		code_begin(&c);
		code_call(&c, function);
		code_end(&c);
		e = code_open(&c);
		CHECK_INT(sites_find(&s, e, wanted, 1), 0);
		CHECK_INT(s.n, more ? 1 : 2);
		CHECK_INT(s.site[0].function, shared);
		if (s.n == 2)
			CHECK_INT(s.site[1].function, function);
		sites_release(&s);
	}
}

TEST(calls_of_functions)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		uint64_t inner, outer;
		struct sites s;

		test_row("%s", kinds[k].name);
		code_init(&c, kinds[k].kind);
		inner = code_begin(&c);
		code_end(&c);
		outer = code_begin(&c);
		code_call(&c, inner);
		code_call(&c, c.fail);
		code_call(&c, inner);
		code_end(&c);
		code_begin(&c);
		code_call(&c, outer);
		code_end(&c);
		e = code_open(&c);
		CHECK_INT(sites_find_calls(&s, e, NULL, &inner, 1), 0);
		CHECK_INT(s.n, 2);
		for (size_t i = 0; i < s.n; i++)
			CHECK_INT(s.site[i].function, outer);
		sites_release(&s);
	}
}

TEST(without_memory_it_says_so)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static const char *const strings[] = { "x/ssl_lib.cc" }, *const wanted[] = { "ssl_lib.cc" };
	static struct code_elf c;
	uint64_t function;

	make(&c, CODE_PIE, strings, 1, 0, &function);
	e = code_open(&c);
	EACH_MALLOC_FAILURE
	{
		struct sites s;
		int r = sites_find(&s, e, wanted, 1);

		CHECK(r == -ENOMEM || (!r && s.n == 1 && s.site[0].function == function));
		sites_release(&s);
	}
}
