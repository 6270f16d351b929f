/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries by their symbols: those of this machine, and what the kernel refuses. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/libraries.h"

#include <errno.h>
#include <glob.h>

static size_t count(const struct points *p, enum point_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->point[i].role == role;
	return n;
}

static size_t count_return_probes(const struct points *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->point[i].at_return;
	return n;
}

TEST(libraries_of_this_machine)
{
	static const struct {
		const char *pattern;
		enum tls_stack stack;
		enum point_role write, read;
		size_t writes, reads;
	} rows[] = {
		/* gnutls_record_send ends in gnutls_record_send2: one of the two. */
		{ "/usr/lib/*/libgnutls.so.30", STACK_GNUTLS, ROLE_GNUTLS_WRITE, ROLE_GNUTLS_READ,
		  1, 2 },
		{ "/usr/lib/*/libssl3.so", STACK_NSS, ROLE_NSS_WRITE, ROLE_NSS_READ, 1, 1 },
		{ "/usr/lib/*/libmbedtls.so.14", STACK_MBEDTLS, ROLE_OTHER_WRITE, ROLE_OTHER_READ,
		  1, 1 },
		{ "/usr/lib/*/libwolfssl.so.35", STACK_WOLFSSL, ROLE_OTHER_WRITE, ROLE_OTHER_READ,
		  1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		struct findings f = { 0 };
		glob_t found;

		if (glob(rows[i].pattern, 0, NULL, &found))
			continue;
		test_row("%s", found.gl_pathv[0]);
		CHECK_INT(elf_open(&e, found.gl_pathv[0]), 0);
		globfree(&found);
		CHECK_INT(locate_quick(e, &f), 0);
		CHECK_INT(f.finding[0].stack, rows[i].stack);
		CHECK_STR(slice_from(f.finding[0].note),
			  rows[i].stack == STACK_NSS ? "its table of operations" : "symbols");
		CHECK_INT(count(&f.finding[0].points, rows[i].write), rows[i].writes);
		CHECK_INT(count(&f.finding[0].points, rows[i].read), rows[i].reads);
		CHECK(count(&f.finding[0].points, ROLE_RETURN) >= rows[i].writes + rows[i].reads);
		CHECK_INT(count_return_probes(&f.finding[0].points), 0);
		CHECK(count(&f.finding[0].points, ROLE_FREE));
	}
}

/* s2n's functions; the second may begin as some assemblers fill up. */
static int find(const char *begins, size_t len, bool inner, struct finding *ret)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct elf_symbol symbols[5] = { 0 };
	struct locate_input in;

	code_init(&c, CODE_PIE);
	symbols[0].vaddr = code_begin(&c);
	code_end(&c);
	symbols[1].vaddr = code_here(&c);
	code_bytes(&c, begins, len);
	code_end(&c);
	if (inner) {
		symbols[4].vaddr = code_begin(&c);
		code_end(&c);
	}
	e = code_open(&c);
	in = (struct locate_input){ .e = e, .symbols = symbols };
	return s2n_by_symbols.locate(&in, ret);
}

TEST(what_the_kernel_refuses_is_no_point)
{
	static const char filled_up[] = "\x2e\x2e\x41\x54"; /* cs cs push r12 */
	struct finding f = { 0 }, both = { 0 }, refused = { 0 }, inner = { 0 };

	CHECK_INT(find("\x55", 1, false, &f), 0);
	CHECK_INT(f.points.n, 4);
	CHECK_INT(find(filled_up, 4, false, &refused), -ENOTSUP);
	CHECK_STR(slice_from(refused.note), "the kernel has no probe for how s2n_recv begins");
	/* What it calls is as good; where it is not needed it is no point. */
	CHECK_INT(find(filled_up, 4, true, &inner), 0);
	CHECK_INT(inner.points.n, 4);
	CHECK(inner.points.point[2].role == ROLE_OTHER_READ);
	CHECK(inner.points.point[2].offset > f.points.point[2].offset);
	CHECK_INT(find("\x55", 1, true, &both), 0);
	CHECK(both.points.point[2].offset == f.points.point[2].offset);
}
