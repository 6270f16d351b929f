/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose ends are known, by compilers and by hand. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/returns.h"

#include <errno.h>

#define CODE(bytes)                                                                                \
	{                                                                                          \
		bytes, sizeof(bytes) - 1                                                           \
	}

struct row {
	const char *name;
	struct {
		const char *bytes;
		size_t len;
	} code;
	bool sized;
	int want;
	size_t n;
	size_t at[4]; /* offsets of the returns, in order */
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check(enum code_kind kind, const struct row *r)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct returns found = { 0 };
	uint64_t function;

	code_init(&c, kind);
	while (c.text % 16)
		c.bytes[c.text++] = 0;
	function = code_here(&c);
	code_bytes(&c, r->code.bytes, r->code.len);
	e = code_open(&c);
	test_row("%s", r->name);
	CHECK_INT(returns_find(e, function, r->sized ? r->code.len : 0, &found), r->want);
	if (r->want)
		return;
	CHECK_INT(found.n, r->n);
	qsort(found.vaddr, found.n, sizeof(*found.vaddr), by_number);
	for (size_t i = 0; i < found.n && i < r->n; i++)
		CHECK_INT(found.vaddr[i] - function, r->at[i]);
}

static const struct row x86[] = {
	{ "ret", CODE("\xc3"), true, 0, 1, { 0 } },
	{ "rep ret", CODE("\x90\xf3\xc3"), true, 0, 1, { 1 } },
	{ "ret imm16", CODE("\xc2\x08\x00"), true, 0, 1, { 0 } },
	/* je +2; ret; nop; ret */
	{ "both sides of a branch", CODE("\x74\x02\xc3\x90\xc3"), true, 0, 2, { 2, 4 } },
	/* 0: nop; jne 0; ret */
	{ "a loop", CODE("\x90\x75\xfd\xc3"), true, 0, 1, { 3 } },
	/* jmp +1; (data); ret */
	{ "over what is no code", CODE("\xeb\x01\x06\xc3"), true, 0, 1, { 3 } },
	{ "jump through a pointer", CODE("\x74\x02\xff\xe0\xc3"), true, -ENOTSUP, 0, { 0 } },
	{ "jump through memory", CODE("\x48\x8b\x07\xff\x60\x18"), true, -ENOTSUP, 0, { 0 } },
	{ "never returns", CODE("\xeb\xfe"), true, -ENOTSUP, 0, { 0 } },
	{ "ud2", CODE("\x74\x01\xc3\x0f\x0b"), true, 0, 1, { 2 } },
	{ "not understood", CODE("\x74\x01\xc3\x06"), true, -EBADMSG, 0, { 0 } },
	{ "into the next function", CODE("\x74\x01\xc3\x90"), true, -EBADMSG, 0, { 0 } },
	/* je +1; ret; call …, which does not come back: the symbol ends there */
	{ "ends in a call", CODE("\x74\x01\xc3\xe8\x00\x00\x00\x00"), true, 0, 1, { 2 } },
	/* the same of unknown size, nops, then another function */
	{ "ends in a call before a prologue",
	  CODE("\x74\x01\xc3\xe8\x00\x00\x00\x00\x0f\x1f\x80\x00\x00\x00\x00\x90\x55\xc3"),
	  false,
	  0,
	  1,
	  { 2 } },
	{ "a call before a loop",
	  CODE("\xe8\x00\x00\x00\x00\x90\x75\xfd\xc3"),
	  false,
	  0,
	  1,
	  { 8 } },
	/* jae: cs prefix, which the kernel refuses */
	{ "a return that cannot be probed", CODE("\x2e\xc3"), true, -ENOTSUP, 0, { 0 } },
	/* cmp edi, 1; ja 24; lea rdx, [rip + 15]; movsxd rax, [rdx + 4*rdi]; add rax, rdx; jmp rax;
	 * 19: ret; 20: nop; ret; 22: nop; nop; 24: ret; padding; 28: the table */
	{ "switch",
	  CODE("\x83\xff\x01\x77\x14\x48\x8d\x15\x10\x00\x00\x00\x48\x63\x04\xba\x48\x01\xd0"
	       "\xff\xe0\xc3\x90\xc3\x90\xc3\x90\x90\xf9\xff\xff\xff\xfb\xff\xff\xff"),
	  false,
	  0,
	  3,
	  { 21, 23, 25 } },
	/* the same without a bound */
	{ "switch of unknown size",
	  CODE("\x90\x90\x90\x90\x90\x48\x8d\x15\x10\x00\x00\x00\x48\x63\x04\xba\x48\x01\xd0"
	       "\xff\xe0\xc3\x90\xc3\x90\xc3\x90\x90\xf9\xff\xff\xff\xfb\xff\xff\xff"),
	  false,
	  -ENOTSUP,
	  0,
	  { 0 } },
};

static const struct row arm[] = {
	{ "ret", CODE("\xc0\x03\x5f\xd6"), true, 0, 1, { 0 } },
	/* cbz x0, +8; ret; nop; ret: the branch is to the last */
	{ "cbz",
	  CODE("\x60\x00\x00\xb4\xc0\x03\x5f\xd6\x1f\x20\x03\xd5\xc0\x03\x5f\xd6"),
	  true,
	  0,
	  2,
	  { 4, 12 } },
	/* tbnz w0, #0, +8; ret; ret */
	{ "tbnz", CODE("\x40\x00\x00\x37\xc0\x03\x5f\xd6\xc0\x03\x5f\xd6"), true, 0, 2, { 4, 8 } },
	/* b.eq +8; b -4 */
	{ "b backwards",
	  CODE("\x1f\x20\x03\xd5\x40\x00\x00\x54\xfe\xff\xff\x17\xc0\x03\x5f\xd6"),
	  true,
	  0,
	  1,
	  { 12 } },
	{ "br x16", CODE("\x00\x02\x1f\xd6"), true, -ENOTSUP, 0, { 0 } },
	{ "blr x8", CODE("\x00\x01\x3f\xd6\xc0\x03\x5f\xd6"), true, 0, 1, { 4 } },
	{ "retaa", CODE("\xff\x0b\x5f\xd6"), true, -ENOTSUP, 0, { 0 } },
	{ "brk",
	  CODE("\x60\x00\x00\xb4\xc0\x03\x5f\xd6\x1f\x20\x03\xd5\x20\x00\x20\xd4"),
	  true,
	  0,
	  1,
	  { 4 } },
};

TEST(x86_64)
{
	for (size_t i = 0; i < ARRAY_LEN(x86); i++)
		check(CODE_PIE, &x86[i]);
}

TEST(arm64)
{
	for (size_t i = 0; i < ARRAY_LEN(arm); i++)
		check(CODE_ARM, &arm[i]);
}

/* Where many functions jump to for their end no probe is to be; x86-64 has cold parts far away. */
TEST(far_away)
{
	for (enum code_kind kind = CODE_PIE; kind <= CODE_ARM; kind++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		struct returns found;
		uint64_t function;

		code_init(&c, kind);
		code_add_data(&c, PF_R | PF_X);
		memcpy(c.bytes + CODE_ELF_DATA,
		       kind == CODE_ARM ? "\xc0\x03\x5f\xd6" : "\xc3\xc3\xc3\xc3", 4);
		function = code_here(&c);
		if (kind == CODE_ARM) {
			code_u32(&c, 0x14000000 | ((CODE_ELF_DATA_VADDR - code_here(&c)) / 4));
		} else {
			code_bytes(&c, "\xe9", 1);
			code_u32(&c, (uint32_t)(CODE_ELF_DATA_VADDR - code_here(&c) - 4));
		}
		e = code_open(&c);
		CHECK_INT(returns_find(e, function, 0, &found), kind == CODE_ARM ? -ENOTSUP : 0);
	}
}

TEST(ceilings)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct returns found;
	uint64_t function;

	code_init(&c, CODE_PIE);
	function = code_here(&c);
	for (int i = 0; i <= RETURNS_MAX; i++)
		code_bytes(&c, "\x74\x01\xc3", 3); /* je over a ret */
	code_bytes(&c, "\xc3", 1);
	e = code_open(&c);
	CHECK_INT(returns_find(e, function, 0, &found), -E2BIG);
	CHECK_INT(returns_find(e, function + 3 * RETURNS_MAX, 0, &found), 0);
	CHECK_INT(returns_find(e, 0x1234, 0, &found), -EBADMSG);
}

/* Whatever the bytes: an end, and only addresses in the file. */
TEST(noise)
{
	static struct code_elf c;
	uint32_t seed = 1;

	for (int round = 0; round < 200; round++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		struct returns found;
		uint64_t function, offset;

		code_init(&c, round & 1 ? CODE_ARM : CODE_PIE);
		function = code_here(&c);
		for (int i = 0; i < 1024; i++) {
			seed = seed * 1664525 + 1013904223;
			code_u32(&c, seed >> 8 & 1 ? seed : seed & 0x0f0f0f7f);
		}
		e = code_open(&c);
		if (returns_find(e, function, 0, &found))
			continue;
		for (size_t i = 0; i < found.n; i++)
			CHECK_INT(elf_offset(e, found.vaddr[i], &offset), 0);
	}
}
