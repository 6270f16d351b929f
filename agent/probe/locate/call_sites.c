/* SPDX-License-Identifier: Apache-2.0 */
#include "call_sites.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define BEFORE_X86 48 /* bytes before a call: what passes its arguments */
#define BEFORE_ARM 12 /* instructions */
#define BEHIND 4      /* instructions behind it, until its result is looked at */
#define CALLER_MAX 4096

/* From one instruction to another that it goes on to, whatever is between them. The number of the
 * argument that is the address of something on the stack when it gets there: 4, 5; 0: none; -1: it
 * does not get there. */
static int arguments_x86(const struct elf *e, uint64_t from, uint64_t to)
{
	struct x86_insn insn;
	int out = 0;

	while (from < to) {
		int reg;

		if (x86_decode(slice_sub(elf_bytes_from(e, from), 0, 16), &insn))
			return -1;
		reg = x86_stack_address(&insn);
		if (reg == 1 || reg == 8)
			out = reg == 1 ? 4 : 5;
		else if (x86_is_call(&insn) || x86_is_return(&insn))
			out = 0; /* which loses the registers */
		from += insn.len;
	}
	return from == to ? out : -1;
}

/* Code cannot be decoded backwards: the longest stretch that ends in the call. */
static int out_x86(const struct elf *e, uint64_t call)
{
	for (uint64_t back = BEFORE_X86; back; back--) {
		int out = arguments_x86(e, call - back, call);

		if (out >= 0)
			return out;
	}
	return 0;
}

/* Is it a call, and not bytes that look like one? Five bytes that name the very function, and then
 * a look at an int result; or the way there from where its caller begins. */
static bool is_real_x86(const struct elf *e, const struct site *s)
{
	uint64_t at = s->vaddr + 5;
	struct x86_insn insn;

	if (s->function && s->vaddr - s->function < CALLER_MAX &&
	    arguments_x86(e, s->function, s->vaddr) >= 0)
		return true;
	for (int i = 0; i < BEHIND; i++, at += insn.len) {
		if (x86_decode(slice_sub(elf_bytes_from(e, at), 0, 16), &insn))
			return false;
		if (x86_is_test_eax(&insn))
			return true;
	}
	return false;
}

/* add x3 or x4, sp, #n */
static int out_arm(const struct elf *e, uint64_t call)
{
	for (uint64_t i = 1; i <= BEFORE_ARM; i++) {
		struct slice bytes = elf_bytes(e, call - 4 * i, 4);
		uint32_t insn = 0;

		if (bytes.data)
			memcpy(&insn, bytes.data, sizeof(insn));
		if (!insn || insn >> 26 == 0x25) /* bl */
			return 0;
		if ((insn & 0xff8003e0) == 0x910003e0 && ((insn & 31) == 3 || (insn & 31) == 4))
			return (int)(insn & 31) + 1;
	}
	return 0;
}

static bool is_jump(const struct elf *e, uint64_t at)
{
	struct slice bytes = elf_bytes(e, at, 4);

	return bytes.data && (e->machine == EM_X86_64 ? (uint8_t)bytes.data[0] == 0xe9
						      : (uint8_t)bytes.data[3] >> 2 == 0x05);
}

static int add(const struct elf *e, const struct site *s, struct call_sites *ret)
{
	bool x86 = e->machine == EM_X86_64;

	if (is_jump(e, s->vaddr))
		return -ENOTSUP;
	if (x86 && !is_real_x86(e, s))
		return -ENOTSUP;
	if (ret->n == CALL_SITES_MAX)
		return -E2BIG;
	ret->after[ret->n++] = s->vaddr + (x86 ? 5 : 4);
	if (!ret->out)
		ret->out = x86 ? out_x86(e, s->vaddr) : out_arm(e, s->vaddr);
	return 0;
}

int call_sites_find(const struct elf *e, const struct called *known, const uint64_t *functions,
		    size_t n, struct call_sites *ret)
{
	struct sites calls;
	int r = sites_find_calls(&calls, e, known, functions, n);

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct call_sites){ .error = -ENOENT };
	for (size_t i = 0; i < calls.n && !r; i++) {
		struct call_sites *c = &ret[calls.site[i].string];

		if (!c->error || c->error == -ENOENT)
			c->error = add(e, &calls.site[i], c);
	}
	sites_release(&calls);
	return r;
}
