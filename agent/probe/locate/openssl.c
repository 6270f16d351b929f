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
struct site {
	uint64_t call, branch; /* addresses; 0: none */
	uint64_t target;
	int out; /* ARG4, ARG5 */
};

bool openssl_find(const struct elf *e, struct openssl_symbols *ret)
{
	static const char *const names[] = { "SSL_read",     "SSL_write", "SSL_read_ex",
					     "SSL_write_ex", "SSL_free",  "SSL_clear" };
	struct elf_symbol found[ARRAY_LEN(names)];

	elf_find_symbols(e, names, ARRAY_LEN(names), found);
	*ret = (struct openssl_symbols){
		.read = found[0],
		.write = found[1],
		.read_ex = found[2],
		.write_ex = found[3],
		.free = found[4],
		.clear = found[5],
	};
	return ret->read.vaddr && ret->write.vaddr;
}

bool openssl_imports_ex(const struct elf *e)
{
	struct elf_section names;

	if (elf_find_section(e, ".dynstr", &names))
		return false;
	/* With both NULs: whole names. */
	return slice_find(names.bytes, (struct slice){ "\0SSL_read_ex", 13 }) >= 0 ||
	       slice_find(names.bytes, (struct slice){ "\0SSL_write_ex", 14 }) >= 0;
}

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
static bool find_site(const struct elf *e, const struct elf_symbol *s, struct site *ret)
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
			*ret = (struct site){ .call = here,
					      .branch = s->vaddr + next + test.len,
					      .target = branch_target(here, &insn),
					      .out = out };
			return true;
		}
		out = -1; /* a call loses the argument registers */
	}
	return false;
}

/* Does the function call (or jump to) the target, itself or through one that it calls? Of
 * one without a size, what comes after the first return may be another function. */
static bool reaches(const struct elf *e, uint64_t vaddr, uint64_t size, uint64_t target, int hops)
{
	struct slice code = function_bytes(e, vaddr, size);
	struct x86_insn insn;

	for (size_t at = 0; at < code.len; at += insn.len) {
		uint64_t to;

		if (x86_decode(slice_sub(code, at, code.len), &insn))
			return false;
		if (!size && x86_is_return(&insn))
			return false;
		if (!x86_is_call(&insn) && insn.opcode != 0xe9)
			continue;
		to = branch_target(vaddr + at, &insn);
		if (to == target || (hops > 0 && reaches(e, to, 0, target, hops - 1)))
			return true;
	}
	return false;
}

/* Where an entry probe is cheapest: past an endbr64 that a push follows. *ret_cheap: it is
 * a push. The return address is on top of the stack in either place. */
static uint64_t entry_address(const struct elf *e, uint64_t vaddr, bool *ret_cheap)
{
	struct slice code = function_bytes(e, vaddr, 0);
	struct x86_insn first, second;

	*ret_cheap = false;
	if (e->machine != EM_X86_64 || x86_decode(code, &first))
		return vaddr;
	*ret_cheap = x86_is_push(&first);
	if (!x86_is_endbr64(&first) || x86_decode(slice_sub(code, first.len, code.len), &second) ||
	    !x86_is_push(&second))
		return vaddr;
	*ret_cheap = true;
	return vaddr + first.len;
}

static int add(const struct elf *e, struct points *p, enum point_role role, bool at_return,
	       uint64_t vaddr)
{
	uint64_t offset;

	if (!vaddr || elf_offset(e, vaddr, &offset))
		return -ENOENT;
	points_add(p, role, at_return, offset);
	return 0;
}

/* First instruction and return. */
static int add_pair(const struct elf *e, struct points *p, enum point_role role, uint64_t vaddr)
{
	bool cheap;
	uint64_t entry = entry_address(e, vaddr, &cheap);
	int r = add(e, p, role, false, entry);

	return r ? r : add(e, p, ROLE_OPENSSL_RETURN, true, entry);
}

static int add_site(const struct elf *e, struct points *p, enum point_role role,
		    const struct site *site)
{
	int r = add(e, p, role, false, site->call);

	return r ? r : add(e, p, ROLE_OPENSSL_RETURN, false, site->branch);
}

/* One direction: the plain function, its _ex form, and how they end. */
struct direction {
	const struct elf_symbol *plain, *ex;
	enum point_role role, out4, out5;
};

static int locate_direction(const struct elf *e, const struct direction *d, bool uses_ex,
			    struct points *ret)
{
	enum point_role role = ROLE_MAX;
	struct site site;
	bool cheap = false;
	int r;

	if (e->machine == EM_X86_64 && find_site(e, d->plain, &site))
		role = site.out == ARG4 ? d->out4 : d->out5;
	if (role != ROLE_MAX) {
		entry_address(e, site.target, &cheap);
		if (uses_ex && cheap && d->ex->vaddr &&
		    reaches(e, d->ex->vaddr, d->ex->size, site.target, 1)) {
			ret->note = "inner functions";
			return add_pair(e, ret, role, site.target);
		}
		r = add_site(e, ret, role, &site);
		ret->note = "call sites";
	} else {
		r = add_pair(e, ret, d->role, d->plain->vaddr);
	}
	if (!r && d->ex->vaddr)
		r = add_pair(e, ret, d->out4, d->ex->vaddr);
	return r;
}

int openssl_locate(const struct elf *e, const struct openssl_symbols *s, bool uses_ex,
		   struct points *ret)
{
	const struct direction write = { &s->write, &s->write_ex, ROLE_OPENSSL_WRITE,
					 ROLE_OPENSSL_WRITE_OUT4, ROLE_OPENSSL_WRITE_OUT5 };
	const struct direction read = { &s->read, &s->read_ex, ROLE_OPENSSL_READ,
					ROLE_OPENSSL_READ_OUT4, ROLE_MAX };
	int r;

	*ret = (struct points){ .note = "functions" };
	r = locate_direction(e, &write, uses_ex, ret);
	if (!r)
		r = locate_direction(e, &read, uses_ex, ret);
	if (r) {
		*ret = (struct points){ .note = "symbols outside of the file" };
		return r;
	}
	/* Without these a reused address is told by its first bytes only. */
	add(e, ret, ROLE_OPENSSL_FREE, false, s->free.vaddr);
	add(e, ret, ROLE_OPENSSL_FREE, false, s->clear.vaddr);
	return 0;
}
