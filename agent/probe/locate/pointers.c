/* SPDX-License-Identifier: Apache-2.0 */
#include "pointers.h"
#include "walk.h"

#include "cleanup.h"

#include <elf.h>
#include <string.h>

#define FUNCTION_MAX 0x8000 /* a place is not farther behind its beginning */

void pointers_relocated(const struct elf *e, pointer_fn each, void *arg)
{
	uint32_t relative = e->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	struct elf_section s;
	Elf64_Rela r;

	if (elf_find_section(e, ".rela.dyn", &s))
		return;
	for (size_t at = 0; at + sizeof(r) <= s.bytes.len; at += sizeof(r)) {
		memcpy(&r, s.bytes.data + at, sizeof(r));
		if (ELF64_R_TYPE(r.r_info) == relative && !each(arg, r.r_offset, r.r_addend))
			return;
	}
}

/* What the file's segments take up: other words are no addresses in it. */
struct span {
	uint64_t low, len;
};

static struct span span_of(const struct elf *e)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < e->n_segments; i++) {
		low = MIN(low, e->segments[i].vaddr);
		high = MAX(high, e->segments[i].vaddr + e->segments[i].len);
	}
	return (struct span){ low, high > low ? high - low : 0 };
}

struct in_place {
	const struct elf *e;
	struct span span;
	pointer_fn each;
	void *arg;
	bool enough;
};

static bool words_in(void *arg, const struct walk_part *part)
{
	struct in_place *p = arg;
	uint64_t v;

	/* But those that the part before had whole. */
	for (size_t at = -part->vaddr & 7; at + sizeof(v) <= part->len; at += sizeof(v)) {
		memcpy(&v, part->bytes + at, sizeof(v));
		if (v - p->span.low >= p->span.len || at + sizeof(v) <= part->seen)
			continue;
		if (!p->each(p->arg, part->vaddr + at, v)) {
			p->enough = true;
			return false;
		}
	}
	return true;
}

/* What is constant stands beside the code where it need not be relocated. */
static int each_in_place(const struct elf *e, pointer_fn each, void *arg)
{
	struct in_place p = { e, span_of(e), each, arg, false };
	int r = 0;

	if (e->type == ET_EXEC)
		r = walk(e, 0, PF_W | PF_X, words_in, &p);
	return r || p.enough ? r : walk(e, PF_W, 0, words_in, &p);
}

int pointers_each(const struct elf *e, pointer_fn each, void *arg)
{
	pointers_relocated(e, each, arg);
	return each_in_place(e, each, arg);
}

struct improving {
	struct pointer_place *places;
	size_t n;
};

static bool improve(void *arg, uint64_t where, uint64_t to)
{
	struct improving *s = arg;

	(void)where;
	if (to > s->places[s->n - 1].vaddr || to + FUNCTION_MAX < s->places[0].vaddr)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (to <= s->places[i].vaddr && to > s->places[i].function)
			s->places[i].function = to;
	return true;
}

int pointers_improve(const struct elf *e, struct pointer_place *places, size_t n)
{
	struct improving s = { places, n };

	return n ? pointers_each(e, improve, &s) : 0;
}

struct slots {
	uint64_t vaddr, *ret;
	size_t n, max;
};

static bool add_slot(void *arg, uint64_t where, uint64_t to)
{
	struct slots *s = arg;

	if (to == s->vaddr && s->n < s->max)
		s->ret[s->n++] = where;
	return s->n < s->max;
}

size_t pointers_to(const struct elf *e, uint64_t vaddr, uint64_t *ret, size_t max)
{
	struct slots s = { .vaddr = vaddr, .ret = ret, .max = max };

	if (!max)
		return 0;
	pointers_relocated(e, add_slot, &s);
	if (s.n < max)
		each_in_place(e, add_slot, &s);
	return s.n;
}
