/* SPDX-License-Identifier: Apache-2.0 */
/* Against the libraries of this machine: each probe point must be the start of an
 * instruction that does what its program expects. */
#include "test.h"
#include "cleanup.h"
#include "locate/openssl.h"
#include "locate/x86.h"

#include <elf.h>
#include <glob.h>

static struct slice code_at(const struct elf *e, uint64_t offset)
{
	uint64_t vaddr = 0;

	CHECK_INT(elf_vaddr(e, offset, &vaddr), 0);
	return elf_bytes_from(e, vaddr);
}

static size_t count_role(const struct points *p, enum point_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->point[i].role == role;
	return n;
}

/* The instruction under a point that is neither a call nor a branch must be where the
 * function begins, at most behind an endbr64. */
static void check_point(const struct elf *e, const struct openssl_symbols *s, const struct point *p,
			bool uses_ex)
{
	struct x86_insn insn = { 0 };
	const uint64_t starts[] = { s->read.offset,	s->write.offset, s->read_ex.offset,
				    s->write_ex.offset, s->free.offset,	 s->clear.offset };
	bool start = false;

	CHECK_INT(x86_decode(code_at(e, p->offset), &insn), 0);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		start |= p->offset == starts[i] || p->offset == starts[i] + 4;
	if (x86_is_call(&insn))
		CHECK(!p->at_return && p->role != ROLE_OPENSSL_RETURN);
	else if (x86_is_branch(&insn))
		CHECK(!p->at_return && p->role == ROLE_OPENSSL_RETURN);
	else if (!start)
		CHECK(uses_ex && x86_is_push(&insn));
	if (p->role == ROLE_OPENSSL_RETURN && start)
		CHECK(p->at_return);
}

static void check_file(const char *path)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct openssl_symbols s;

	if (elf_open(&e, path) || !openssl_find(e, &s) || e->machine != EM_X86_64)
		return;
	for (int uses_ex = 0; uses_ex < 2; uses_ex++) {
		struct points p;

		test_row("%s%s", path, uses_ex ? ", _ex" : "");
		CHECK_INT(openssl_locate(e, &s, uses_ex, &p), 0);
		CHECK(p.n >= 4);
		CHECK_INT(count_role(&p, ROLE_OPENSSL_FREE), 2);
		CHECK_INT(p.n - 2, 2 * count_role(&p, ROLE_OPENSSL_RETURN));
		for (size_t i = 0; i < p.n; i++)
			check_point(e, &s, &p.point[i], uses_ex);
		fprintf(stderr, "# %s: %zu points, %s\n", path, p.n, p.note);
	}
}

TEST(real_libraries)
{
	static const char *const patterns[] = {
		"/usr/lib/*/libssl.so.*",
		"/usr/bin/node",
		"/usr/local/lib/libssl.so.*",
		"/opt/*/lib/libssl.so.*",
		"/root/.pyenv/versions/*/lib/libssl.so.*",
	};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		glob_t found;

		if (glob(patterns[i], 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			check_file(found.gl_pathv[k]);
		globfree(&found);
	}
}

/* The library whose code the header describes has the cheap form. */
TEST(debian_libssl3_has_call_sites)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct openssl_symbols s;
	struct points p;

	if (elf_open(&e, "/usr/lib/x86_64-linux-gnu/libssl.so.3") || !openssl_find(e, &s))
		return;
	CHECK_INT(openssl_locate(e, &s, false, &p), 0);
	CHECK_STR(slice_from(p.note), "call sites");
	CHECK_INT(count_role(&p, ROLE_OPENSSL_WRITE), 0);
	CHECK_INT(openssl_locate(e, &s, true, &p), 0);
	CHECK_STR(slice_from(p.note), "inner functions");
	CHECK_INT(p.n, 6);
	CHECK(!openssl_imports_ex(e) || s.read_ex.vaddr);
}

TEST(importers)
{
	static const struct {
		const char *pattern;
		bool want;
	} rows[] = {
		{ "/usr/lib/python3*/lib-dynload/_ssl*.so", true },
		{ "/usr/lib/*/libcurl.so.4", false },
		{ "/usr/lib/*/libc.so.6", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		glob_t found;

		if (glob(rows[i].pattern, 0, NULL, &found))
			continue;
		test_row("%s", found.gl_pathv[0]);
		CHECK_INT(elf_open(&e, found.gl_pathv[0]), 0);
		CHECK_INT(openssl_imports_ex(e), rows[i].want);
		globfree(&found);
	}
}
