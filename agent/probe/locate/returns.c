/* SPDX-License-Identifier: Apache-2.0 */
#include "returns.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define BLOCKS_MAX 512
#define CASES_MAX 256
#define BYTES_MAX (32 << 10) /* of one function and what it jumps to */
#define FAR (UINT64_C(256) << 10)

/* Code without a branch into it that was not followed: [from, to). */
struct block {
	uint64_t from, to;
};

struct walk {
	const struct elf *e;
	uint64_t function;
	uint64_t end; /* of the function; 0: its size is not known */
	size_t n, n_todo, bytes;
	struct block done[BLOCKS_MAX];
	uint64_t todo[BLOCKS_MAX];
	struct returns *ret;
};

/* What an instruction does to the flow. */
enum flow {
	FLOW_ON,      /* to the next one */
	FLOW_CALL,    /* to the next one, if the call returns */
	FLOW_BRANCH,  /* to both */
	FLOW_JUMP,    /* to its target */
	FLOW_RETURN,  /* ends */
	FLOW_TRAP,    /* ends without a return */
	FLOW_UNKNOWN, /* to where a pointer says, or ends so that no probe can be there */
};

struct step {
	enum flow flow;
	uint8_t len;
	uint64_t target;
};

/* ---- Instructions ------------------------------------------------------------------- */

static enum flow flow_x86(const struct x86_insn *i)
{
	bool loops = i->opcode >= 0xe0 && i->opcode <= 0xe3;

	if (x86_is_return(i))
		return i->refused ? FLOW_UNKNOWN : FLOW_RETURN;
	if (x86_is_jump(i))
		return FLOW_JUMP;
	if (x86_is_branch(i) || loops)
		return FLOW_BRANCH;
	if (x86_is_call(i))
		return FLOW_CALL;
	if (i->opcode == 0xff && (i->modrm >> 3 & 7) >= 2 && (i->modrm >> 3 & 7) <= 5)
		return (i->modrm >> 3 & 7) == 2 ? FLOW_CALL : FLOW_UNKNOWN;
	return i->opcode == 0x0f0b || i->opcode == 0xcc ? FLOW_TRAP : FLOW_ON;
}

static int step_x86(const struct elf *e, uint64_t at, struct step *ret)
{
	struct x86_insn insn;
	int r = x86_decode(slice_sub(elf_bytes_from(e, at), 0, 16), &insn);

	if (r)
		return -EBADMSG;
	*ret = (struct step){
		.flow = flow_x86(&insn),
		.len = insn.len,
		.target = at + insn.len + (uint64_t)(int64_t)insn.rel,
	};
	return 0;
}

/* The signed number of `bits` bits from bit `low` up, in units of instructions. */
static uint64_t distance(uint32_t insn, int low, int bits)
{
	int32_t n = (int32_t)(insn << (32 - low - bits)) >> (32 - bits);

	return (uint64_t)((int64_t)n * 4);
}

static enum flow flow_arm(uint32_t insn, uint64_t *target)
{
	if (insn >> 26 == 0x05) { /* b */
		*target += distance(insn, 0, 26);
		return FLOW_JUMP;
	}
	if (insn >> 26 == 0x25 || (insn & 0xfffffc1f) == 0xd63f0000) /* bl, blr */
		return FLOW_CALL;
	if ((insn & 0xff000000) == 0x54000000 || (insn & 0x7e000000) == 0x34000000) {
		*target += distance(insn, 5, 19); /* b.cond, cbz, cbnz */
		return FLOW_BRANCH;
	}
	if ((insn & 0x7e000000) == 0x36000000) { /* tbz, tbnz */
		*target += distance(insn, 5, 14);
		return FLOW_BRANCH;
	}
	if (insn == 0xd65f03c0)
		return FLOW_RETURN;
	if ((insn & 0xfe000000) == 0xd6000000) /* br; retaa and others that the kernel refuses */
		return (insn & 0xfefff800) == 0xd63f0800 ? FLOW_CALL : FLOW_UNKNOWN;
	/* brk, udf */
	return (insn & 0xffe0001f) == 0xd4200000 || insn >> 16 == 0 ? FLOW_TRAP : FLOW_ON;
}

static int step_arm(const struct elf *e, uint64_t at, struct step *ret)
{
	struct slice bytes = elf_bytes(e, at, 4);
	uint32_t insn;

	if (bytes.len < sizeof(insn))
		return -EBADMSG;
	memcpy(&insn, bytes.data, sizeof(insn));
	*ret = (struct step){ .len = 4, .target = at };
	ret->flow = flow_arm(insn, &ret->target);
	return 0;
}

static int step(const struct elf *e, uint64_t at, struct step *ret)
{
	return e->machine == EM_AARCH64 ? step_arm(e, at, ret) : step_x86(e, at, ret);
}

/* ---- Jumps through tables ------------------------------------------------------------ */

/*
 * A switch, as compilers make it of x86-64 code that may be anywhere:
 *	cmp index, last; ja elsewhere; …; lea table, [rip + …]; movsxd r, [table + 4 * index];
 *	add r, table; jmp r
 */
struct table {
	int64_t compared; /* with this number the last instruction compared; -1 */
	size_t n;	  /* how many cases; 0: not known */
	uint64_t vaddr;
	int base; /* the register with its address; -1 */
	bool loaded;
};

static int register_of(const struct x86_insn *i)
{
	return (i->modrm >> 3 & 7) | (i->rex & 4) << 1;
}

/* cmp with a number. -1: it is something else. */
static int64_t compared_with(const struct x86_insn *i)
{
	bool group1 = (i->opcode == 0x80 || i->opcode == 0x81 || i->opcode == 0x83) &&
		      (i->modrm >> 3 & 7) == 7;

	return group1 || i->opcode == 0x3c || i->opcode == 0x3d ? MAX(i->imm, -1) : -1;
}

static void table_feed(struct table *t, const struct elf *e, uint64_t at)
{
	struct x86_insn i;

	if (x86_decode(slice_sub(elf_bytes_from(e, at), 0, 16), &i))
		return;
	if ((i.opcode == 0x77 || i.opcode == 0x0f87) && t->compared >= 0) /* ja */
		*t = (struct table){ .n = (size_t)t->compared + 1 };
	else if (i.opcode == 0x8d && i.rex_w && (i.modrm & 0xc7) == 0x05) {
		t->vaddr = at + i.len + (uint64_t)i.disp;
		t->base = register_of(&i);
		t->loaded = false;
	} else if (i.opcode == 0x63 && i.rex_w && (i.modrm & 0xc7) == 0x04 && i.sib >> 6 == 2)
		t->loaded = t->vaddr && ((i.sib & 7) | (i.rex & 1) << 3) == t->base;
	t->compared = compared_with(&i);
}

/* ---- The walk ----------------------------------------------------------------------- */

static bool is_done(const struct walk *w, uint64_t at)
{
	for (size_t i = 0; i < w->n; i++)
		if (at - w->done[i].from < w->done[i].to - w->done[i].from)
			return true;
	return false;
}

static int add_todo(struct walk *w, uint64_t at)
{
	if (is_done(w, at))
		return 0;
	for (size_t i = 0; i < w->n_todo; i++)
		if (w->todo[i] == at)
			return 0;
	if (w->n_todo == BLOCKS_MAX)
		return -E2BIG;
	w->todo[w->n_todo++] = at;
	return 0;
}

/* Far away on arm64 it is the end of many functions, where code is to be small. */
static bool is_shared(const struct walk *w, uint64_t at)
{
	return w->e->machine == EM_AARCH64 && at - w->function + FAR > 2 * FAR;
}

static int add_return(struct walk *w, uint64_t at)
{
	if (w->ret->n == RETURNS_MAX)
		return -E2BIG;
	if (is_shared(w, at))
		return -ENOTSUP;
	w->ret->vaddr[w->ret->n++] = at;
	return 0;
}

/* What the jump through a table goes to. */
static int add_cases(struct walk *w, const struct table *t)
{
	int r = t->n && t->n <= CASES_MAX && t->loaded ? 0 : -ENOTSUP;

	for (size_t i = 0; i < t->n && !r; i++) {
		struct slice word = elf_bytes(w->e, t->vaddr + 4 * i, 4);
		int32_t distance;

		if (!word.data)
			return -EBADMSG;
		memcpy(&distance, word.data, sizeof(distance));
		r = add_todo(w, t->vaddr + (uint64_t)(int64_t)distance);
	}
	return r;
}

/* Nothing that a compiler puts where a loop begins: pushes of registers that a function keeps,
 * room on the stack. */
static bool begins_function(const struct elf *e, uint64_t at)
{
	static const struct slice first[] = {
		SLICE("\xf3\x0f\x1e\xfa"), SLICE("\x55"),	  SLICE("\x53"),
		SLICE("\x41\x54"),	   SLICE("\x41\x55"),	  SLICE("\x41\x56"),
		SLICE("\x41\x57"),	   SLICE("\x48\x83\xec"), SLICE("\x48\x81\xec"),
	};
	struct slice code = elf_bytes_from(e, at);

	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (slice_starts(code, first[i]))
			return true;
	return false;
}

/* Is there nothing behind a call that it could return to: no code, the end of the function, or,
 * where that is not known, what looks like the next one? */
static bool is_over(const struct walk *w, uint64_t at)
{
	struct x86_insn pad;
	struct step s;

	if (w->end)
		return at == w->end;
	if (step(w->e, at, &s))
		return true;
	if (w->e->machine != EM_X86_64)
		return false;
	while (at % 16 && !x86_decode(slice_sub(elf_bytes_from(w->e, at), 0, 16), &pad) &&
	       (pad.opcode == 0x90 || pad.opcode == 0x0f1f || pad.opcode == 0xcc))
		at += pad.len;
	return at % 16 == 0 && begins_function(w->e, at);
}

/* From `at` to where the flow does not go on, or goes on in what was walked already. */
static int walk_block(struct walk *w, uint64_t at)
{
	struct block *b = &w->done[w->n];
	struct table table = { 0 };
	struct step s = { .flow = FLOW_ON };
	int r = 0;

	if (w->n == BLOCKS_MAX)
		return -E2BIG;
	*b = (struct block){ at, at };
	while (!r && s.flow <= FLOW_BRANCH && !is_done(w, b->to)) {
		if (s.flow == FLOW_CALL && is_over(w, b->to))
			break;
		if (w->end && b->to == w->end)
			return -EBADMSG; /* into the next function */
		r = step(w->e, b->to, &s);
		w->bytes += s.len;
		if (!r && w->bytes > BYTES_MAX)
			r = -E2BIG;
		if (!r && w->e->machine == EM_X86_64)
			table_feed(&table, w->e, b->to);
		if (!r && s.flow == FLOW_UNKNOWN)
			r = add_cases(w, &table);
		if (!r && s.flow == FLOW_RETURN)
			r = add_return(w, b->to);
		if (!r && (s.flow == FLOW_BRANCH || s.flow == FLOW_JUMP))
			r = add_todo(w, s.target);
		b->to += s.len;
	}
	w->n++;
	return r;
}

int returns_find(const struct elf *e, uint64_t function, uint64_t size, struct returns *ret)
{
	_cleanup_free_ struct walk *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	if (e->machine != EM_X86_64 && e->machine != EM_AARCH64)
		return -ENOTSUP;
	ret->n = 0;
	*w = (struct walk){
		.e = e, .function = function, .end = size ? function + size : 0, .ret = ret
	};
	r = add_todo(w, function);
	while (!r && w->n_todo) {
		uint64_t at = w->todo[--w->n_todo];

		if (!is_done(w, at))
			r = walk_block(w, at);
	}
	return r ? r : ret->n ? 0 : -ENOTSUP;
}
