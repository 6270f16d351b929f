/* SPDX-License-Identifier: Apache-2.0 */
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

/* What follows an opcode. */
enum shape {
	N = 0,	   /* nothing */
	M = 1,	   /* ModRM */
	I1 = 2,	   /* 8 bits */
	I4 = 4,	   /* 16 or 32 bits by operand size */
	IV = 8,	   /* as I4, 64 bits with REX.W: mov r, imm64 */
	R1 = 16,   /* branch, 8 bits */
	R4 = 32,   /* branch, 32 bits */
	I2 = 64,   /* 16 bits */
	BAD = 128, /* not decoded: privileged, far, invalid in 64-bit mode */
	PRE = BAD, /* prefixes are taken before the table is asked */
};

#define ALU M, M, M, M, I1, I4, BAD, BAD

/* clang-format off: rows of the opcode maps */
static const uint8_t one_byte[256] = {
	/* 00 */ ALU,	 ALU,
	/* 10 */ ALU,	 ALU,
	/* 20 */ ALU,	 ALU,
	/* 30 */ ALU,	 ALU,
	/* 40 */ PRE,	 PRE,	 PRE, PRE,    PRE, PRE, PRE,	PRE,
	/* 48 */ PRE,	 PRE,	 PRE, PRE,    PRE, PRE, PRE,	PRE,
	/* 50 */ N,	 N,	 N,   N,      N,   N,	N,	N,
	/* 58 */ N,	 N,	 N,   N,      N,   N,	N,	N,
	/* 60 */ BAD,	 BAD,	 BAD, M,      PRE, PRE, PRE,	PRE,
	/* 68 */ I4,	 M | I4, I1,  M | I1, BAD, BAD, BAD,	BAD,
	/* 70 */ R1,	 R1,	 R1,  R1,     R1,  R1,	R1,	R1,
	/* 78 */ R1,	 R1,	 R1,  R1,     R1,  R1,	R1,	R1,
	/* 80 */ M | I1, M | I4, BAD, M | I1, M,   M,	M,	M,
	/* 88 */ M,	 M,	 M,   M,      BAD, M,	BAD,	M,
	/* 90 */ N,	 N,	 N,   N,      N,   N,	N,	N,
	/* 98 */ N,	 N,	 BAD, BAD,    N,   N,	N,	N,
	/* a0 */ BAD,	 BAD,	 BAD, BAD,    N,   N,	N,	N,
	/* a8 */ I1,	 I4,	 N,   N,      N,   N,	N,	N,
	/* b0 */ I1,	 I1,	 I1,  I1,     I1,  I1,	I1,	I1,
	/* b8 */ IV,	 IV,	 IV,  IV,     IV,  IV,	IV,	IV,
	/* c0 */ M | I1, M | I1, I2,  N,      BAD, BAD, M | I1, M | I4,
	/* c8 */ BAD,	 N,	 BAD, BAD,    N,   BAD, BAD,	BAD,
	/* d0 */ M,	 M,	 M,   M,      BAD, BAD, BAD,	N,
	/* d8 */ M,	 M,	 M,   M,      M,   M,	M,	M,
	/* e0 */ R1,	 R1,	 R1,  R1,     BAD, BAD, BAD,	BAD,
	/* e8 */ R4,	 R4,	 BAD, R1,     BAD, BAD, BAD,	BAD,
	/* f0 */ PRE,	 BAD,	 PRE, PRE,    BAD, N,	M,	M,
	/* f8 */ N,	 N,	 BAD, BAD,    N,   N,	M,	M,
};

static const uint8_t two_bytes[256] = {
	/* 00 */ BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 N,	 BAD,	 BAD,
	/* 08 */ BAD,	 BAD,	 BAD,	 N,	 BAD,	 M,	 BAD,	 BAD,
	/* 10 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 18 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 20 */ BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,
	/* 28 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 30 */ BAD,	 N,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,
	/* 38 */ BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,	 BAD,
	/* 40 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 48 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 50 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 58 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 60 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 68 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 70 */ M | I1, M | I1, M | I1, M | I1, M,	 M,	 M,	 N,
	/* 78 */ BAD,	 BAD,	 BAD,	 BAD,	 M,	 M,	 M,	 M,
	/* 80 */ R4,	 R4,	 R4,	 R4,	 R4,	 R4,	 R4,	 R4,
	/* 88 */ R4,	 R4,	 R4,	 R4,	 R4,	 R4,	 R4,	 R4,
	/* 90 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* 98 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* a0 */ BAD,	 BAD,	 N,	 M,	 M | I1, M,	 BAD,	 BAD,
	/* a8 */ BAD,	 BAD,	 BAD,	 M,	 M | I1, M,	 M,	 M,
	/* b0 */ M,	 M,	 BAD,	 M,	 BAD,	 BAD,	 M,	 M,
	/* b8 */ M,	 M,	 M | I1, M,	 M,	 M,	 M,	 M,
	/* c0 */ M,	 M,	 M | I1, M,	 M | I1, M | I1, M | I1, M,
	/* c8 */ N,	 N,	 N,	 N,	 N,	 N,	 N,	 N,
	/* d0 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* d8 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* e0 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* e8 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* f0 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 M,
	/* f8 */ M,	 M,	 M,	 M,	 M,	 M,	 M,	 BAD,
};
/* clang-format on */

struct cursor {
	struct slice code;
	size_t at;
};

static int take(struct cursor *c, size_t n, int64_t *ret)
{
	uint64_t v = 0;

	if (c->code.len - c->at < n)
		return -EAGAIN;
	memcpy(&v, c->code.data + c->at, n);
	c->at += n;
	if (ret) /* sign-extended */
		*ret = n && n < 8 ? (int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n) : (int64_t)v;
	return 0;
}

static int take_byte(struct cursor *c, uint8_t *ret)
{
	int64_t v;
	int r = take(c, 1, &v);

	if (!r)
		*ret = v;
	return r;
}

/* Legacy prefixes, then REX. *ret_op16: the operand size is 16 bits. */
static int take_prefixes(struct cursor *c, struct x86_insn *i, bool *ret_op16, uint8_t *ret_byte)
{
	*ret_op16 = false;
	for (int n = 0; n < 14; n++) {
		uint8_t byte;
		int r = take_byte(c, &byte);

		if (r)
			return r;
		switch (byte) {
		case 0x66:
			*ret_op16 = true;
			continue;
		case 0xf0:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x26:
			i->refused = true;
			continue;
		case 0xf2:
		case 0xf3:
		case 0x64:
		case 0x65:
		case 0x67:
			continue;
		}
		if ((byte & 0xf0) == 0x40) {
			i->rex = byte;
			i->rex_w = byte & 8;
			r = take_byte(c, &byte);
			if (r)
				return r;
		}
		*ret_byte = byte;
		return 0;
	}
	return -EBADMSG;
}

/* VEX (c4, c5) and EVEX (62): prefixes that name the opcode map themselves. All their
 * instructions but vzeroupper have a ModRM byte; EVEX scales a displacement of 8 bits, so
 * disp is not to be trusted there. -EBADMSG for what follows none of the three maps. */
static int take_vector_opcode(struct cursor *c, uint8_t byte, struct x86_insn *i,
			      uint8_t *ret_shape)
{
	static const uint16_t maps[] = { 0x0f00, 0x3800, 0x3a00 };
	size_t n = byte == 0xc5 ? 1 : byte == 0xc4 ? 2 : 3;
	uint8_t payload[3], opcode;
	unsigned int map = 1;
	int r = 0;

	for (size_t k = 0; k < n && !r; k++)
		r = take_byte(c, &payload[k]);
	if (!r)
		r = take_byte(c, &opcode);
	if (r)
		return r;
	if (byte == 0xc4)
		map = payload[0] & 0x1f;
	else if (byte == 0x62)
		map = payload[0] & 0x0f;
	if (i->rex || !map || map > ARRAY_LEN(maps))
		return -EBADMSG;
	i->vector = true;
	i->opcode = maps[map - 1] | opcode;
	*ret_shape = map == 3 ? M | I1 : M;
	if (map == 1) {
		*ret_shape = opcode == 0x77 ? N : two_bytes[opcode];
		if (*ret_shape != N && *ret_shape != M && *ret_shape != (M | I1))
			return -EBADMSG;
	}
	return 0;
}

static int take_opcode(struct cursor *c, uint8_t byte, struct x86_insn *i, uint8_t *ret_shape)
{
	int r = 0;

	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		return take_vector_opcode(c, byte, i, ret_shape);
	i->opcode = byte;
	*ret_shape = one_byte[byte];
	if (byte != 0x0f)
		return 0;
	r = take_byte(c, &byte);
	if (r)
		return r;
	i->opcode = 0x0f00 | byte;
	*ret_shape = two_bytes[byte];
	if (byte != 0x38 && byte != 0x3a)
		return 0;
	i->opcode = byte << 8;
	*ret_shape = byte == 0x38 ? M : M | I1;
	r = take_byte(c, &byte);
	i->opcode |= byte;
	return r;
}

static int take_modrm(struct cursor *c, struct x86_insn *i)
{
	uint8_t mod, rm;
	int r = take_byte(c, &i->modrm);

	if (r)
		return r;
	i->has_modrm = true;
	mod = i->modrm >> 6;
	rm = i->modrm & 7;
	if (mod == 3)
		return 0;
	if (rm == 4) {
		r = take_byte(c, &i->sib);
		if (r)
			return r;
	}
	if (mod == 1)
		return take(c, 1, &i->disp);
	if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (i->sib & 7) == 5))))
		return take(c, 4, &i->disp);
	return 0;
}

/* test r/m, imm is the only one of its opcode with an immediate. */
static uint8_t group3(const struct x86_insn *i, uint8_t shape)
{
	if ((i->modrm >> 3 & 7) > 1)
		return shape;
	if (i->opcode == 0xf6)
		return shape | I1;
	return i->opcode == 0xf7 ? shape | I4 : shape;
}

static int take_immediate(struct cursor *c, struct x86_insn *i, uint8_t shape, bool op16)
{
	size_t wide = op16 && !i->rex_w ? 2 : 4;
	int64_t rel = 0;
	int r = 0;

	if (shape & (R1 | R4)) {
		r = take(c, shape & R1 ? 1 : 4, &rel);
		i->rel = rel;
	}
	if (!r && shape & I1)
		r = take(c, 1, &i->imm);
	if (!r && shape & I2)
		r = take(c, 2, &i->imm);
	if (!r && shape & I4)
		r = take(c, wide, &i->imm);
	if (!r && shape & IV)
		r = take(c, i->rex_w ? 8 : wide, &i->imm);
	return r;
}

int x86_decode(struct slice code, struct x86_insn *ret)
{
	struct cursor c = { .code = code };
	struct x86_insn i = { 0 };
	uint8_t byte, shape;
	bool op16;
	int r = take_prefixes(&c, &i, &op16, &byte);

	if (!r)
		r = take_opcode(&c, byte, &i, &shape);
	if (r)
		return r;
	/* A branch with the 0x66 prefix is of another length on AMD than on Intel, but where REX.W
	 * undoes it: `data16 data16 rex.W call __tls_get_addr`. */
	if (shape == BAD || (op16 && !i.rex_w && shape & (R1 | R4)))
		return -EBADMSG;
	if (shape & M) {
		r = take_modrm(&c, &i);
		if (!r && i.opcode == 0x8f && i.modrm >> 3 & 7)
			return -EBADMSG; /* not pop: XOP, of some AMD processors */
		shape = group3(&i, shape);
	}
	if (!r)
		r = take_immediate(&c, &i, shape, op16);
	if (r)
		return r;
	if (c.at > 15)
		return -EBADMSG;
	i.len = c.at;
	*ret = i;
	return 0;
}

bool x86_is_call(const struct x86_insn *i)
{
	return i->opcode == 0xe8;
}

bool x86_is_jump(const struct x86_insn *i)
{
	return i->opcode == 0xe9 || i->opcode == 0xeb;
}

bool x86_is_branch(const struct x86_insn *i)
{
	return (i->opcode & 0xfff0) == 0x70 || (i->opcode & 0xfff0) == 0x0f80;
}

bool x86_is_return(const struct x86_insn *i)
{
	return i->opcode == 0xc3 || i->opcode == 0xc2;
}

bool x86_is_push(const struct x86_insn *i)
{
	return (i->opcode & 0xfff8) == 0x50;
}

/* f3 0f 1e fa; without the prefix the same bytes are a nop of another length class. */
bool x86_is_endbr64(const struct x86_insn *i)
{
	return i->opcode == 0x0f1e && i->len == 4 && i->has_modrm && i->modrm == 0xfa;
}

bool x86_is_test_eax(const struct x86_insn *i)
{
	return i->opcode == 0x85 && i->modrm == 0xc0 && !i->rex && i->len == 2;
}

/* lea reg, [rsp/rbp + disp], or mov reg, rsp */
int x86_stack_address(const struct x86_insn *i)
{
	uint8_t mod = i->modrm >> 6, rm = i->modrm & 7, reg = i->modrm >> 3 & 7;
	/* A SIB byte of 0x24: rsp without an index. */
	bool on_stack = rm == 4 ? i->sib == 0x24 : rm == 5 && mod;

	if (!i->rex_w || !i->has_modrm)
		return -1;
	if (i->opcode == 0x8d && mod != 3 && !(i->rex & 3) && on_stack)
		return reg | (i->rex & 4) << 1;
	if (i->opcode == 0x89 && mod == 3 && reg == 4 && !(i->rex & 4))
		return rm | (i->rex & 1) << 3;
	if (i->opcode == 0x8b && mod == 3 && rm == 4 && !(i->rex & 1))
		return reg | (i->rex & 4) << 1;
	return -1;
}

bool x86_can_probe(const struct elf *e, uint64_t vaddr)
{
	struct x86_insn insn;

	return e->machine != EM_X86_64 ||
	       x86_decode(slice_sub(elf_bytes_from(e, vaddr), 0, 16), &insn) || !insn.refused;
}

uint64_t x86_entry(const struct elf *e, uint64_t vaddr, bool *ret_cheap)
{
	struct slice code = slice_sub(elf_bytes_from(e, vaddr), 0, 32);
	struct x86_insn first, second;
	bool cheap = false;

	if (e->machine == EM_X86_64 && !x86_decode(code, &first)) {
		cheap = x86_is_push(&first);
		if (x86_is_endbr64(&first) &&
		    !x86_decode(slice_sub(code, first.len, code.len), &second) &&
		    x86_is_push(&second)) {
			cheap = true;
			vaddr += first.len;
		}
	}
	if (ret_cheap)
		*ret_cheap = cheap;
	return vaddr;
}
