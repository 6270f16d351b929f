/* SPDX-License-Identifier: Apache-2.0 */
#include "go.h"
#include "gopcln.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define TYPES_MAX 4
#define FUNCTION_MAX 16384
#define PROLOGUE_INSNS 24
#define CONN_ABOVE_RBP 16 /* as bpf/gotls.bpf.c has it */
#define ARM64_RET 0xd65f03c0
#define ARM64_LDR_STACKGUARD 0xf9400b90 /* ldr x16, [x28, #16] */

/* A function of the file. */
struct code {
	uint64_t vaddr;
	struct slice bytes; /* absent: there is none */
};

struct program {
	const struct elf *e;
	struct gopcln table;
	uint64_t text;
	uint64_t memmove;
};

/* ---- Functions ------------------------------------------------------------------------ */

static struct code code_of(const struct program *g, const struct gopcln_function *f)
{
	uint64_t vaddr = g->text + f->entry;

	if (!f->size || f->size > FUNCTION_MAX)
		return (struct code){ 0 };
	return (struct code){ vaddr, elf_bytes(g->e, vaddr, f->size) };
}

static bool decode(const struct code *c, size_t at, struct x86_insn *ret)
{
	return at < c->bytes.len && !x86_decode(slice_sub(c->bytes, at, c->bytes.len), ret);
}

/* cmp r, [r14 + 16]: the g, by the register that it has since arguments are in registers. */
static bool is_stack_check(const struct x86_insn *i)
{
	return i->opcode == 0x3b && i->rex_w && i->rex & 1 && (i->modrm & 0xc7) == 0x46 &&
	       i->disp == 16;
}

/* The first instructions see whether there is room on the stack. *ret_branch: what follows
 * if not. */
static bool checks_stack_x86(const struct code *c, uint64_t *ret_branch)
{
	struct x86_insn insn;
	bool checked = false;

	for (size_t at = 0, n = 0; n < 4 && decode(c, at, &insn); n++, at += insn.len) {
		if (checked) {
			/* jbe */
			*ret_branch = c->vaddr + at;
			return insn.opcode == 0x76 || insn.opcode == 0x0f86;
		}
		checked = is_stack_check(&insn);
	}
	return false;
}

static bool checks_stack(const struct elf *e, const struct code *c)
{
	uint64_t branch;
	uint32_t word;

	if (e->machine == EM_X86_64)
		return checks_stack_x86(c, &branch);
	if (c->bytes.len < sizeof(word))
		return false;
	memcpy(&word, c->bytes.data, sizeof(word));
	return word == ARM64_LDR_STACKGUARD;
}

/* ---- Where Read copies ---------------------------------------------------------------- */

/* With an operand [rsp + disp]. */
static bool at_rsp(const struct x86_insn *i)
{
	return i->has_modrm && i->modrm >> 6 && i->modrm >> 6 != 3 && (i->modrm & 7) == 4 &&
	       i->sib == 0x24 && i->rex_w && !(i->rex & 1);
}

/* Does the prologue put the first argument (rax) CONN_ABOVE_RBP? Frames are made in two ways:
 *	push rbp; mov rbp, rsp; sub rsp, N		since 1.21
 *	sub rsp, N; mov [rsp + D], rbp; lea rbp, [rsp + D] */
static bool keeps_conn(const struct code *c)
{
	struct x86_insn insn;
	int64_t frame = -1;
	bool pushed = false;

	for (size_t at = 0, n = 0; n < PROLOGUE_INSNS && decode(c, at, &insn);
	     n++, at += insn.len) {
		if (x86_is_call(&insn))
			return false;
		if (insn.opcode == 0x55)
			pushed = true;
		if (pushed && insn.rex_w && insn.modrm == 0xec &&
		    (insn.opcode == 0x83 || insn.opcode == 0x81))
			frame = insn.imm;
		if (insn.opcode == 0x8d && at_rsp(&insn) && (insn.modrm >> 3 & 7) == 5 &&
		    !(insn.rex & 4))
			frame = insn.disp;
		if (insn.opcode == 0x89 && at_rsp(&insn) && (insn.modrm >> 3 & 7) == 0 &&
		    !(insn.rex & 4) && frame >= 0 && insn.disp == frame + CONN_ABOVE_RBP)
			return true;
	}
	return false;
}

/* The only call of memmove: 0 where there are others. */
static uint64_t find_copy(const struct program *g, const struct code *c)
{
	uint64_t found = 0;
	struct x86_insn insn;
	size_t at = 0;

	for (; decode(c, at, &insn); at += insn.len) {
		uint64_t next = c->vaddr + at + insn.len;

		if (!x86_is_call(&insn) || next + (int64_t)insn.rel != g->memmove)
			continue;
		if (found)
			return 0;
		found = c->vaddr + at;
	}
	return at == c->bytes.len ? found : 0;
}

/* ---- Points --------------------------------------------------------------------------- */

/* Every RET; false: not all can be known. */
static bool add_returns(const struct program *g, struct finding *f, const struct code *c)
{
	bool x86 = g->e->machine == EM_X86_64;
	size_t before = f->points.n, at = 0, len = 4;
	struct x86_insn insn;
	uint32_t word;

	for (; at + (x86 ? 1 : 4) <= c->bytes.len && f->points.n < POINTS_MAX; at += len) {
		if (x86) {
			if (!decode(c, at, &insn))
				return false;
			len = insn.len;
			word = x86_is_return(&insn) ? ARM64_RET : 0;
		} else {
			memcpy(&word, c->bytes.data + at, sizeof(word));
		}
		if (word == ARM64_RET)
			finding_add(f, g->e, ROLE_GO_READ_RETURN, false, c->vaddr + at);
	}
	return f->points.n > before && f->points.n < POINTS_MAX;
}

static bool add_type(const struct program *g, struct finding *f, const struct code *write,
		     const struct code *read, const struct code *close)
{
	bool x86 = g->e->machine == EM_X86_64;
	uint64_t branch = 0, copy = 0;
	const struct points before = f->points;

	if (x86 && checks_stack_x86(write, &branch))
		finding_add(f, g->e, ROLE_GO_WRITE_ROOM, false, branch);
	else
		finding_add(f, g->e, ROLE_GO_WRITE, false, write->vaddr);
	if (x86 && g->memmove && keeps_conn(read))
		copy = find_copy(g, read);
	finding_add(f, g->e, copy ? ROLE_GO_READ_COPY : ROLE_GO_READ, false,
		    copy ? copy : read->vaddr);
	if (close->bytes.len)
		finding_add(f, g->e, ROLE_GO_CLOSE, false, close->vaddr);
	if (!copy && !add_returns(g, f, read)) {
		f->points = before;
		return false;
	}
	finding_note(f, copy ? "where bytes are copied" : "functions and their returns");
	return true;
}

/* receiver: package.(*Type) */
static int locate_type(struct program *g, struct slice receiver, struct finding *ret)
{
	static const char *const methods[] = { "Write", "Read", "Close" };
	char names[ARRAY_LEN(methods)][256];
	struct gopcln_function f[ARRAY_LEN(methods) + 1] = { { .name = SLICE("runtime.memmove") } };
	struct code code[ARRAY_LEN(methods)];

	if (receiver.len > 200)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		snprintf(names[i], sizeof(names[i]), "%.*s.%s", SLICE_FMT(receiver), methods[i]);
		f[i + 1].name = slice_from(names[i]);
	}
	gopcln_find(&g->table, f, ARRAY_LEN(f));
	if (!f[1].size || !f[2].size)
		return -ENOENT; /* linked without one of them: it never reads or never writes */
	for (size_t t = 0; t < g->table.n_texts; t++) {
		g->text = g->table.texts[t];
		g->memmove = f[0].size ? g->text + f[0].entry : 0;
		for (size_t i = 0; i < ARRAY_LEN(methods); i++)
			code[i] = code_of(g, &f[i + 1]);
		if (checks_stack(g->e, &code[0]) && checks_stack(g->e, &code[1]))
			return add_type(g, ret, &code[0], &code[1], &code[2]) ? 0 : -ENOTSUP;
	}
	return -ENOTSUP;
}

/* All types whose Read has this name in some package. Adds to *n how many were located. 0, or why
 * one was not. */
static int locate_types(struct program *g, struct slice tail, size_t *n, struct finding *ret)
{
	size_t at = 0;
	int r = 0;

	while (!r && *n < TYPES_MAX) {
		struct slice name = gopcln_next_name(&g->table, tail, &at);

		if (!name.data)
			break;
		name.len -= strlen(".Read");
		r = locate_type(g, name, ret);
		*n += !r;
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

/* Copies of the library that choose their own ClientHello have a second type around its connection.
 */
static const struct slice reads[] = { SLICE("tls.(*Conn).Read"), SLICE("tls.(*UConn).Read") };

static int locate(const struct locate_input *in,
		  int (*open)(struct gopcln *ret, const struct elf *e), struct finding *ret)
{
	const struct elf *e = in->e;
	struct program g = { .e = e };
	size_t located = 0;
	int r = -ENOENT;

	if (e->machine == EM_X86_64 || e->machine == EM_AARCH64)
		r = open(&g.table, e);
	if (r == -ENOENT)
		return r;
	/* arm64 passed arguments on the stack until 1.18. */
	if (!r && e->machine == EM_AARCH64 && g.table.field == 8)
		r = -ENOTSUP;
	for (size_t i = 0; !r && i < ARRAY_LEN(reads); i++)
		r = locate_types(&g, reads[i], &located, ret);
	if (located)
		return 0;
	if (!r)
		return -ENOENT;
	finding_note(ret, r == -EBADMSG ? "its table of functions cannot be read"
					: "built by a Go that is not known (before 1.17?)");
	return r;
}

static int by_section(const struct locate_input *in, struct finding *ret)
{
	return locate(in, gopcln_open, ret);
}

const struct locator go_by_section = {
	.stack = STACK_GO,
	.locate = by_section,
};

static int by_search(const struct locate_input *in, struct finding *ret)
{
	return locate(in, gopcln_search, ret);
}

const struct locator go_by_search = {
	.stack = STACK_GO,
	.slow = true,
	.locate = by_search,
};
