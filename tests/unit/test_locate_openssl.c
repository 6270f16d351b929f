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

static bool is_behind_call(const struct elf *e, uint64_t offset)
{
	return (uint8_t)code_at(e, offset - 5).data[0] == 0xe8;
}

/* The instruction under a point that is neither a call nor a branch must be where the
 * function begins, at most behind an endbr64, or where it ends, or behind a call. */
static void check_point(const struct elf *e, const struct point *p)
{
	static const char *const names[] = { "SSL_read",     "SSL_write", "SSL_read_ex",
					     "SSL_write_ex", "SSL_free",  "SSL_clear" };
	struct elf_symbol symbols[ARRAY_LEN(names)];
	struct x86_insn insn = { 0 };
	bool start = false;

	elf_find_symbols(e, names, ARRAY_LEN(names), symbols);
	CHECK_INT(x86_decode(code_at(e, p->offset), &insn), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		start |= p->offset == symbols[i].offset || p->offset == symbols[i].offset + 4;
	CHECK(!p->at_return);
	if (p->role == ROLE_RETURN)
		CHECK(x86_is_return(&insn) || x86_is_branch(&insn) || is_behind_call(e, p->offset));
	else
		CHECK(start || x86_is_call(&insn));
}

/* What the row finds; false: not OpenSSL, or not of this machine. */
static bool find(const char *path, struct elf **ret_e, struct finding *ret)
{
	struct findings f = { 0 };

	if (elf_open(ret_e, path))
		return false;
	CHECK_INT(locate_quick(*ret_e, &f), 0);
	if (!f.n || f.finding[0].stack != STACK_OPENSSL || (*ret_e)->machine != EM_X86_64)
		return false;
	*ret = f.finding[0];
	return true;
}

static void check_file(const char *path)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct finding f;

	if (!find(path, &e, &f))
		return;
	test_row("%s", path);
	CHECK(f.points.n >= 6);
	CHECK_INT(count_role(&f.points, ROLE_FREE), 2);
	CHECK(f.points.n - 2 <= 2 * count_role(&f.points, ROLE_RETURN));
	for (size_t i = 0; i < f.points.n; i++)
		check_point(e, &f.points.point[i]);
	fprintf(stderr, "# %s: %s\n", path, f.note);
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
	struct finding f;

	if (!find("/usr/lib/x86_64-linux-gnu/libssl.so.3", &e, &f))
		return;
	CHECK_STR(slice_from(f.note), "symbols (call sites)");
	CHECK_INT(count_role(&f.points, ROLE_OPENSSL_WRITE), 0);
	CHECK_INT(count_role(&f.points, ROLE_OPENSSL_WRITE_OUT4), 2);
	CHECK_INT(f.points.n, 10);
}
