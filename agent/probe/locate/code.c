/* SPDX-License-Identifier: Apache-2.0 */
#include "code.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>

#define BACK_X86 32    /* bytes before the place: what an error report loads */
#define FORWARD_X86 48 /* and after it */
#define NEAR_ARM 10    /* instructions, both ways */
#define FUNCTION_MAX 2048

static unsigned int bit_of(const struct code_number *numbers, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i].number == number)
			return numbers[i].bit;
	return 0;
}

/* ---- x86-64 ------------------------------------------------------------------------- */

/* Code cannot be decoded backwards: the bytes of `mov r32, imm32` and `push imm8`. */
static unsigned int numbers_before_x86(struct slice code, const struct code_number *numbers,
				       size_t n)
{
	unsigned int found = 0;

	for (size_t i = 0; i + 1 < code.len; i++) {
		const uint8_t *b = (const uint8_t *)code.data + i;
		int32_t imm;

		if ((b[0] & 0xf8) == 0xb8 && i + 5 <= code.len) {
			memcpy(&imm, b + 1, sizeof(imm));
			found |= bit_of(numbers, n, imm);
		} else if (b[0] == 0x6a) {
			found |= bit_of(numbers, n, (int8_t)b[1]);
		}
	}
	return found;
}

static unsigned int numbers_after_x86(struct slice code, const struct code_number *numbers,
				      size_t n)
{
	struct x86_insn insn;
	unsigned int found = 0;

	for (size_t at = 0; at < code.len; at += insn.len) {
		if (x86_decode(slice_sub(code, at, code.len), &insn) || x86_is_call(&insn) ||
		    x86_is_jump(&insn) || x86_is_return(&insn))
			break;
		if ((insn.opcode & 0xfff8) == 0xb8 || insn.opcode == 0x6a)
			found |= bit_of(numbers, n, insn.imm);
	}
	return found;
}

/* Does it store a register to memory that is not on the stack? How many words. */
static int stores_x86(const struct x86_insn *i, bool has_frame)
{
	uint8_t mod = i->modrm >> 6, base = i->modrm & 7;
	bool high = i->rex & 1;

	if (!i->has_modrm || mod == 3)
		return 0;
	if (base == 4)
		base = i->sib & 7;
	if (!i->vector && !high && (base == 4 || (base == 5 && (has_frame || !mod))))
		return 0;
	switch (i->opcode) {
	case 0x89:
		return i->rex_w;
	case 0x0f11: /* mov[au]p[sd], movdq[au] and their AVX forms */
	case 0x0f29:
	case 0x0f7f:
		/* Its base, with AVX, may be the stack: only what cannot be counts. */
		return base == 4 || (base == 5 && has_frame) ? 0 : 2;
	}
	return 0;
}

/* A function, as far as its branches show where it ends. */
struct extent {
	size_t len;
	bool ended; /* else more of it may follow */
	bool calls; /* another one, or ends in a jump to it */
	int stores; /* words that go to memory other than the stack */
};

static struct extent walk_x86(struct slice code)
{
	bool has_frame = slice_starts(code, SLICE("\x55\x48\x89\xe5"));
	size_t furthest = 0; /* of what is branched to: the function reaches there */
	struct extent x = { 0 };
	struct x86_insn insn;

	while (x.len < code.len && !x.ended) {
		int64_t to;

		if (x86_decode(slice_sub(code, x.len, code.len), &insn))
			break;
		x.stores += stores_x86(&insn, has_frame);
		x.len += insn.len;
		to = (int64_t)x.len + insn.rel;
		if (x86_is_branch(&insn) || (x86_is_jump(&insn) && to > 0 && to < 512))
			furthest = to > (int64_t)furthest ? (size_t)to : furthest;
		x.ended = (x86_is_return(&insn) || x86_is_jump(&insn)) && x.len > furthest;
		x.calls |= x86_is_call(&insn) || (x86_is_jump(&insn) && (to < 0 || x.ended)) ||
			   (insn.opcode == 0xff && /* through a pointer: call, jmp */
			    ((insn.modrm >> 3 & 7) == 2 || (insn.modrm >> 3 & 7) == 4));
	}
	return x;
}

/* ---- arm64 -------------------------------------------------------------------------- */

static uint32_t insn_at(struct slice code, size_t index)
{
	uint32_t insn;

	memcpy(&insn, code.data + 4 * index, sizeof(insn));
	return insn;
}

/* b, bl, ret: where an argument list begins or ends. */
static bool ends_block_arm(uint32_t insn)
{
	return (insn & 0x7c000000) == 0x14000000 || insn == 0xd65f03c0;
}

static unsigned int numbers_near_arm(struct slice code, size_t middle,
				     const struct code_number *numbers, size_t n)
{
	unsigned int found = 0;

	for (int step = -1; step <= 1; step += 2) {
		for (size_t i = middle + step, k = 0; i < code.len / 4 && k < NEAR_ARM;
		     i += step, k++) {
			uint32_t insn = insn_at(code, i);

			if (ends_block_arm(insn))
				break;
			if ((insn & 0xffe00000) == 0x52800000) /* mov w, #imm16 */
				found |= bit_of(numbers, n, insn >> 5 & 0xffff);
		}
	}
	return found;
}

static struct extent walk_arm(struct slice code)
{
	struct extent x = { 0 };
	size_t furthest = 0;

	for (size_t i = 0; i < code.len / 4 && !x.ended; i++) {
		uint32_t insn = insn_at(code, i);
		bool on_stack = (insn >> 5 & 31) == 31 || (insn >> 5 & 31) == 29;
		int64_t to = (int64_t)i;

		if ((insn & 0xffc00000) == 0xf9000000 && !on_stack) /* str x, [x, #imm] */
			x.stores++;
		if ((insn & 0xffc00000) == 0xa9000000 && !on_stack) /* stp x, x, [x, #imm] */
			x.stores += 2;
		if ((insn & 0xffc00000) == 0x3d800000 && !on_stack) /* str q, [x, #imm] */
			x.stores += 2;
		if ((insn & 0xff000010) == 0x54000000 || (insn & 0x7e000000) == 0x34000000)
			to += (int32_t)(insn << 8) >> 13; /* b.cond, cbz, cbnz */
		else if ((insn & 0x7e000000) == 0x36000000)
			to += (int32_t)(insn << 13) >> 18; /* tbz, tbnz */
		else if ((insn & 0xfc000000) == 0x14000000 && (int32_t)(insn << 6) >> 6 < 128)
			to += (int32_t)(insn << 6) >> 6;
		if (to > (int64_t)furthest)
			furthest = (size_t)to;
		x.ended =
			((insn & 0xfc000000) == 0x14000000 || insn == 0xd65f03c0) && i >= furthest;
		x.calls |= insn >> 26 == 0x25 || (insn & 0xffdffc1f) == 0xd61f0000 ||
			   (x.ended && insn != 0xd65f03c0); /* bl; br, blr; b */
		x.len += 4;
	}
	return x;
}

/* ---- Either ------------------------------------------------------------------------- */

/* The bytes around an address, as far as its segment has them; *ret_at: where it is. */
static struct slice around(const struct elf *e, uint64_t vaddr, size_t before, size_t after,
			   size_t *ret_at)
{
	while (before && !elf_bytes_from(e, vaddr - before).len)
		before -= 4;
	*ret_at = before;
	return slice_sub(elf_bytes_from(e, vaddr - before), 0, before + after);
}

bool code_is_straight(const struct elf *e, uint64_t from, uint64_t to)
{
	struct slice code = elf_bytes(e, from, to - from);
	struct x86_insn insn = { .len = 4 };

	for (size_t at = 0; at < code.len; at += insn.len) {
		if (e->machine == EM_AARCH64) {
			if (ends_block_arm(insn_at(code, at / 4)))
				return false;
		} else if (x86_decode(slice_sub(elf_bytes_from(e, from + at), 0, 16), &insn) ||
			   x86_is_call(&insn) || x86_is_jump(&insn) || x86_is_return(&insn)) {
			return false;
		}
	}
	return code.len || from == to;
}

unsigned int code_numbers_near(const struct elf *e, uint64_t function, uint64_t vaddr,
			       const struct code_number *numbers, size_t n)
{
	size_t before = (size_t)MIN(vaddr - function, (uint64_t)BACK_X86), at;
	struct slice code;

	if (e->machine == EM_AARCH64) {
		before = (size_t)MIN(vaddr - function, (uint64_t)(4 * NEAR_ARM));
		code = around(e, vaddr, before, 4 * (NEAR_ARM + 1), &at);
		return numbers_near_arm(code, at / 4, numbers, n);
	}
	code = around(e, vaddr, before, FORWARD_X86, &at);
	return numbers_before_x86(slice_sub(code, 0, at), numbers, n) |
	       numbers_after_x86(slice_sub(code, at, code.len), numbers, n);
}

static struct extent walk(const struct elf *e, uint64_t function)
{
	struct slice code = slice_sub(elf_bytes_from(e, function), 0, FUNCTION_MAX);

	return e->machine == EM_AARCH64 ? walk_arm(code) : walk_x86(code);
}

bool code_contains(const struct elf *e, uint64_t function, uint64_t vaddr)
{
	return vaddr >= function && vaddr - function < walk(e, function).len;
}

bool code_ends_before(const struct elf *e, uint64_t function, uint64_t vaddr)
{
	struct extent x = walk(e, function);

	return x.ended && function + x.len <= vaddr;
}

bool code_calls(const struct elf *e, uint64_t function)
{
	struct extent x = walk(e, function);

	return x.calls || !x.ended;
}

int code_count_stores(const struct elf *e, uint64_t function)
{
	return walk(e, function).stores;
}
