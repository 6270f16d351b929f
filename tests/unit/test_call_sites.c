/* SPDX-License-Identifier: Apache-2.0 */
/* An inner function and those that call it. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/call_sites.h"

#include <errno.h>

static void variable(struct code_elf *c, int argument)
{
	if (c->kind == CODE_ARM)
		code_u32(c, 0x910023e0 | (uint32_t)(argument - 1)); /* add xN, sp, #8 */
	else if (argument == 4)
		code_bytes(c, "\x48\x8d\x4c\x24\x08", 5); /* lea rcx, [rsp + 8] */
	else
		code_bytes(c, "\x49\x89\xe0", 3); /* mov r8, rsp */
}

/* An inner function; one that passes it a variable as that argument (0: none); one whose
 * beginning nobody calls, which looks at the result. Where their calls end. */
static uint64_t make(struct code_elf *c, enum code_kind kind, int argument, uint64_t after[2])
{
	uint64_t inner, outer;

	code_init(c, kind);
	inner = code_begin(c);
	code_end(c);
	outer = code_begin(c);
	if (argument)
		variable(c, argument);
	code_call(c, inner);
	after[0] = code_here(c);
	code_end(c);
	code_begin(c);
	code_call(c, inner);
	after[1] = code_here(c);
	if (kind != CODE_ARM)
		code_bytes(c, "\x31\xd2\x85\xc0", 4); /* xor edx, edx; test eax, eax */
	code_end(c);
	code_begin(c);
	code_call(c, outer);
	code_end(c);
	return inner;
}

TEST(callers)
{
	static const enum code_kind kinds[] = { CODE_PIE, CODE_FIXED, CODE_ARM };
	static const int arguments[] = { 0, 4, 5 };

	for (size_t i = 0; i < 9; i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		struct call_sites found;
		uint64_t after[2], inner = make(&c, kinds[i / 3], arguments[i % 3], after);

		test_row("kind %zu, argument %d", i / 3, arguments[i % 3]);
		e = code_open(&c);
		CHECK_INT(call_sites_find(e, NULL, &inner, 1, &found), 0);
		CHECK_INT(found.error, 0);
		CHECK_INT(found.n, 2);
		CHECK_INT(found.after[0], after[0]);
		CHECK_INT(found.after[1], after[1]);
		CHECK_INT(found.out, arguments[i % 3]);
	}
}

TEST(what_cannot_be_known)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct call_sites found[3];
	uint64_t f[3];

	code_init(&c, CODE_PIE);
	for (size_t i = 0; i < ARRAY_LEN(f); i++) {
		f[i] = code_begin(&c);
		code_end(&c);
	}
	code_begin(&c); /* a jump to the first */
	code_bytes(&c, "\xe9", 1);
	code_u32(&c, (uint32_t)(f[0] - code_here(&c) - 4));
	code_begin(&c); /* mov rax, imm64: what looks like a call is in the middle of it */
	code_bytes(&c, "\x48\xb8", 2);
	code_call(&c, f[1]);
	code_bytes(&c, "\0\0\0", 3);
	code_end(&c);
	e = code_open(&c);
	CHECK_INT(call_sites_find(e, NULL, f, 3, found), 0);
	CHECK_INT(found[0].error, -ENOTSUP);
	CHECK_INT(found[1].error, -ENOTSUP);
	CHECK_INT(found[2].error, -ENOENT);
}
