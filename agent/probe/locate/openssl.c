/* SPDX-License-Identifier: Apache-2.0 */
#include "openssl.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define FUNCTION_MAX 1024    /* bytes of a function that are looked at */
#define FUNCTION_UNSIZED 192 /* of one whose symbol has no size */
#define ARG4 1		     /* rcx */
#define ARG5 8		     /* r8 */

/* The call of the inner function in SSL_read or SSL_write. */
struct call_site {
	uint64_t call, branch; /* addresses; the branch, or another place behind the call */
	uint64_t target;
	int out; /* ARG4, ARG5 */
};

enum symbol { READ, WRITE, READ_EX, WRITE_EX, FREE, CLEAR };

static const char *const functions[] = { "SSL_read", "SSL_write", "SSL_read_ex", "SSL_write_ex",
					 "SSL_free", "SSL_clear", NULL };

static struct slice function_bytes(const struct elf *e, uint64_t vaddr, uint64_t size)
{
	return slice_sub(elf_bytes_from(e, vaddr), 0,
			 size ? MIN(size, FUNCTION_MAX) : FUNCTION_UNSIZED);
}

static uint64_t branch_target(uint64_t vaddr, const struct x86_insn *i)
{
	return vaddr + i->len + (int64_t)i->rel;
}

/* call, test eax/eax, branch: the first whose argument 4 or 5 is an address on the stack. */
static bool find_site(const struct elf *e, const struct elf_symbol *s, struct call_site *ret)
{
	struct slice code = function_bytes(e, s->vaddr, s->size);
	struct x86_insn insn, test, branch;
	int out = -1;

	for (size_t at = 0; at < code.len; at += insn.len) {
		uint64_t here = s->vaddr + at;
		size_t next;
		int reg;

		if (x86_decode(slice_sub(code, at, code.len), &insn))
			return false;
		reg = x86_stack_address(&insn);
		if (reg == ARG4 || reg == ARG5)
			out = reg;
		if (!x86_is_call(&insn))
			continue;
		next = at + insn.len;
		if (out >= 0 && !x86_decode(slice_sub(code, next, code.len), &test) &&
		    x86_is_test_eax(&test) &&
		    !x86_decode(slice_sub(code, next + test.len, code.len), &branch) &&
		    x86_is_branch(&branch)) {
			*ret = (struct call_site){ .call = here,
						   .branch = s->vaddr + next + test.len,
						   .target = branch_target(here, &insn),
						   .out = out };
			return true;
		}
		out = -1; /* a call loses the argument registers */
	}
	return false;
}

/* The first call of the function: its arguments are still those of the caller. False: there is
 * none, or another before it. */
static bool find_call(const struct elf *e, const struct elf_symbol *s, uint64_t target,
		      struct call_site *ret)
{
	struct slice code = function_bytes(e, s->vaddr, s->size);
	struct x86_insn insn;

	for (size_t at = 0; at < code.len; at += insn.len) {
		if (x86_decode(slice_sub(code, at, code.len), &insn) || x86_is_return(&insn))
			return false;
		if (!x86_is_call(&insn))
			continue;
		*ret = (struct call_site){ .call = s->vaddr + at,
					   .branch = s->vaddr + at + insn.len };
		return branch_target(s->vaddr + at, &insn) == target;
	}
	return false;
}

static int add_site(const struct elf *e, struct finding *f, enum point_role role,
		    const struct call_site *site)
{
	int r = finding_add(f, e, role, false, site->call);

	return r ? r : finding_add(f, e, ROLE_RETURN, false, site->branch);
}

/* One direction: the plain function, its _ex form, and how they end. */
struct direction {
	const struct elf_symbol *plain, *ex;
	enum point_role role, out4, out5;
	bool entries_only;
};

/*
 * Where the function calls the inner one and looks at its result: instructions that the kernel
 * emulates. The _ex form passes its own arguments on; what follows its call is not emulated, but
 * in that one place the call is over.
 */
static int locate_direction(const struct elf *e, const struct direction *d, struct finding *ret)
{
	struct call_site site = { 0 }, ex;
	enum point_role role = ROLE_MAX;
	int r;

	if (!d->entries_only && e->machine == EM_X86_64 && find_site(e, d->plain, &site))
		role = site.out == ARG4 ? d->out4 : d->out5;
	if (role == ROLE_MAX) {
		r = finding_add_pair(ret, e, d->role, d->plain->vaddr, d->plain->size);
	} else {
		r = add_site(e, ret, role, &site);
		finding_note(ret, "symbols (call sites)");
	}
	if (r || !d->ex->vaddr)
		return r;
	if (role == d->out4 && find_call(e, d->ex, site.target, &ex))
		return add_site(e, ret, role, &ex);
	return finding_add_pair(ret, e, d->out4, d->ex->vaddr, d->ex->size);
}

static int by_symbols(const struct locate_input *in, struct finding *ret)
{
	const struct elf_symbol *symbols = in->symbols;
	const struct elf *e = in->e;
	const struct direction write = { &symbols[WRITE],	  &symbols[WRITE_EX],
					 ROLE_OPENSSL_WRITE,	  ROLE_OPENSSL_WRITE_OUT4,
					 ROLE_OPENSSL_WRITE_OUT5, in->entries_only };
	const struct direction read = { &symbols[READ],	   &symbols[READ_EX],
					ROLE_OPENSSL_READ, ROLE_OPENSSL_READ_OUT4,
					ROLE_MAX,	   in->entries_only };
	int r;

	if (!symbols[READ].vaddr || !symbols[WRITE].vaddr)
		return -ENOENT;
	finding_note(ret, "symbols");
	r = locate_direction(e, &write, ret);
	if (!r)
		r = locate_direction(e, &read, ret);
	if (r) {
		finding_note(ret, "symbols outside of the file");
		return -EBADMSG;
	}
	/* Without these a reused address is told by its first bytes only. */
	finding_add(ret, e, ROLE_FREE, false, symbols[FREE].vaddr);
	finding_add(ret, e, ROLE_FREE, false, symbols[CLEAR].vaddr);
	return 0;
}

const struct locator openssl_by_symbols = {
	.stack = STACK_OPENSSL,
	.symbols = functions,
	.locate = by_symbols,
};
