/* SPDX-License-Identifier: Apache-2.0 */
#include "called.h"
#include "pointers.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define CODE_MAX (UINT64_C(1) << 30) /* from the first to the last byte of code */

int called_init(struct called *c, const struct elf *e)
{
	uint64_t len;

	*c = (struct called){ .shift = e->machine == EM_AARCH64 ? 2 : 0 };
	len = elf_code(e, &c->low);
	if (!len)
		return 0;
	if (len > CODE_MAX)
		return -EBADMSG;
	c->n = (len >> c->shift) + 1;
	c->bits = calloc(c->n / 64 + 1, sizeof(*c->bits));
	return c->bits ? 0 : -ENOMEM;
}

void called_add(void *arg, uint64_t target, uint64_t from)
{
	const struct called *c = arg;
	uint64_t at = (target - c->low) >> c->shift, bit = UINT64_C(1) << at % 64;

	(void)from;
	/* By several threads; most calls are not the first of their function. */
	if (at < c->n && !(__atomic_load_n(&c->bits[at / 64], __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(&c->bits[at / 64], bit, __ATOMIC_RELAXED);
}

static bool on_pointer(void *arg, uint64_t where, uint64_t to)
{
	called_add(arg, to, where);
	return true;
}

void called_add_pointers(struct called *c, const struct elf *e)
{
	pointers_relocated(e, on_pointer, c);
}

void called_release(struct called *c)
{
	free(c->bits);
	*c = (struct called){ 0 };
}

/* A byte that looks like a call may be part of another instruction; where it leads then is
 * random, and rarely looks like a beginning. */
static bool may_begin(const struct elf *e, uint64_t vaddr)
{
	struct slice code;

	if (e->machine != EM_X86_64 || !(vaddr & 15))
		return true;
	code = elf_bytes(e, vaddr, 4);
	return code.len &&
	       (slice_starts(code, SLICE("\x55")) || slice_starts(code, SLICE("\x53")) ||
		slice_starts(code, SLICE("\x41\x57")) || slice_starts(code, SLICE("\x41\x56")) ||
		slice_starts(code, SLICE("\x41\x55")) || slice_starts(code, SLICE("\x41\x54")) ||
		slice_starts(code, SLICE("\x48\x83\xec")) ||
		slice_starts(code, SLICE("\x48\x81\xec")) ||
		slice_starts(code, SLICE("\xf3\x0f\x1e\xfa")));
}

uint64_t called_last(const struct called *c, const struct elf *e, uint64_t from, uint64_t to)
{
	uint64_t first = (MAX(from, c->low) - c->low) >> c->shift, at = (to - c->low) >> c->shift;

	for (;;) {
		uint64_t word = at < c->n ? c->bits[at / 64] & UINT64_MAX >> (63 - at % 64) : 0;
		uint64_t vaddr;

		if (!word) {
			if (at / 64 <= first / 64)
				return 0;
			at = at / 64 * 64 - 1;
			continue;
		}
		at = at / 64 * 64 + 63 - (uint64_t)__builtin_clzll(word);
		vaddr = c->low + (at << c->shift);
		if (at < first)
			return 0;
		if (may_begin(e, vaddr))
			return vaddr;
		if (at == first)
			return 0;
		at--;
	}
}
