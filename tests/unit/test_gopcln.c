/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "go_elf.h"
#include "locate/gopcln.h"

#include <errno.h>

static int open_made(uint8_t f[GO_ELF_LEN], struct elf **ret_elf, struct gopcln *ret)
{
	int r;

	CHECK_INT(elf_from_bytes(ret_elf, (struct slice){ (const char *)f, GO_ELF_LEN }), 0);
	r = gopcln_open(ret, *ret_elf);
	return r == -ENOENT ? gopcln_search(ret, *ret_elf) : r;
}

static const struct {
	const char *name;
	struct go_elf made;
} rows[] = {
	{ "1.16", { .magic = 0xfffffffa, .text = GO_IN_HEADER } },
	{ "1.18", { .magic = 0xfffffff0, .text = GO_IN_HEADER } },
	{ "1.20, position-independent", { .text = GO_IN_HEADER_RELA } },
	{ "1.26", { .text = GO_IN_SECTION } },
	{ "1.26, with C code", { .text = GO_IN_DATA } },
	{ "1.26, with C code, position-independent", { .text = GO_IN_DATA_RELA } },
	{ "merged into another section", { .text = GO_IN_DATA_RELA, .merged = true } },
	{ "no section headers", { .text = GO_IN_HEADER, .no_sections = true } },
};

TEST(functions)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		uint8_t f[GO_ELF_LEN];
		struct gopcln p;
		struct gopcln_function want[] = { { .name = SLICE("crypto/tls.(*Conn).Read") },
						  { .name = SLICE("crypto/tls.(*Conn).Rea") },
						  { .name = SLICE("tls.(*Conn).Read") },
						  { .name = SLICE("runtime.memmove") } };
		bool found = false;

		test_row("%s", rows[i].name);
		go_elf_make(f, &rows[i].made);
		CHECK_INT(open_made(f, &e, &p), 0);
		CHECK_INT(gopcln_find(&p, want, ARRAY_LEN(want)), 2);
		for (int t = 0; t < p.n_texts; t++)
			found |= p.texts[t] + want[0].entry == GO_TEXT + GO_READ;
		CHECK(found);
		CHECK_INT(want[0].size, GO_CLOSE - GO_READ);
		CHECK_INT(want[1].size, 0);
		CHECK_INT(want[2].size, 0);
		CHECK_INT(want[3].size, GO_WRITE - GO_MEMMOVE);
	}
}

TEST(names)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	uint8_t f[GO_ELF_LEN];
	struct gopcln p;
	size_t at = 0;

	go_elf_make(f, &(struct go_elf){ .package = "example.org/utls" });
	CHECK_INT(open_made(f, &e, &p), 0);
	CHECK_STR(gopcln_next_name(&p, SLICE("tls.(*Conn).Read"), &at),
		  "example.org/utls.(*Conn).Read");
	CHECK(!gopcln_next_name(&p, SLICE("tls.(*Conn).Read"), &at).data);
	at = 0;
	CHECK(!gopcln_next_name(&p, SLICE("tls.(*Conn).Rea"), &at).data);
}

TEST(refused)
{
	static const struct {
		const char *name;
		size_t at;
		uint64_t value;
		size_t size;
		int want;
	} bad[] = {
		{ "before 1.16", 0x800, 0xfffffffb, 4, -ENOTSUP },
		{ "unknown version", 0x800, 0xfffffff7, 4, -EBADMSG },
		{ "another machine's", 0x806, 4, 1, -EBADMSG },
		{ "more functions than fit", 0x808, 200, 8, -EBADMSG },
		{ "functions without end", 0x808, UINT64_MAX / 2, 8, -EBADMSG },
		{ "names outside", 0x820, 0x10000, 8, -EBADMSG },
		{ "names that end before they begin", 0x828, 0x10, 8, -EBADMSG },
		{ "functions outside", 0x840, UINT64_MAX, 8, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		uint8_t f[GO_ELF_LEN];
		struct gopcln p;

		test_row("%s", bad[i].name);
		go_elf_make(f, &(struct go_elf){ 0 });
		go_put(f + bad[i].at, bad[i].value, bad[i].size);
		CHECK_INT(open_made(f, &e, &p), bad[i].want);
	}
}

TEST(not_go)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	struct gopcln p;

	CHECK_INT(elf_open(&e, "/proc/self/exe"), 0);
	CHECK_INT(gopcln_open(&p, e), -ENOENT);
	CHECK_INT(gopcln_search(&p, e), -ENOENT);
}
