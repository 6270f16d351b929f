/* SPDX-License-Identifier: Apache-2.0 */
#include "ring_aead.h"
#include "code.h"
#include "pointers.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>

#define CONSTANTS_MAX 64
#define AES_MAX 4 /* versions of ring in one file */

enum { INIT, SEAL, OPEN, FUNCTIONS };
enum id { AES_128, AES_256, CHACHA };

struct algorithm {
	uint64_t function[FUNCTIONS];
	enum id id;
};

struct search {
	const struct elf *e;
	uint64_t expected;	      /* place of the pointer that would continue the run */
	uint64_t function[FUNCTIONS]; /* the last ones of the run */
	size_t run;
	size_t n;
	struct algorithm found[CONSTANTS_MAX];
};

static bool is_code(const struct elf *e, uint64_t vaddr)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (vaddr - s->vaddr < s->len)
			return s->flags & PF_X;
	}
	return false;
}

/* What follows the three pointers, at vaddr: the length of a key and the id that goes with it;
 * a number larger than any memory may be among them. */
static bool read_rest(const struct elf *e, uint64_t vaddr, enum id *ret)
{
	uint64_t small[2], word;
	size_t n = 0;

	for (size_t i = 0; i < 3 && n < 2; i++) {
		struct slice bytes = elf_bytes(e, vaddr + 8 * i, sizeof(word));

		if (!bytes.data)
			return false;
		memcpy(&word, bytes.data, sizeof(word));
		if (!(word >> 32))
			small[n++] = word;
	}
	if (n < 2 || small[1] > CHACHA || small[0] != (small[1] == AES_128 ? 16 : 32))
		return false;
	*ret = (enum id)small[1];
	return true;
}

static bool take(void *arg, uint64_t where, uint64_t to)
{
	struct search *s = arg;
	struct algorithm a;

	if (where != s->expected)
		s->run = 0;
	s->expected = where + 8;
	if (!is_code(s->e, to)) {
		s->run = 0;
		return true;
	}
	s->function[INIT] = s->function[SEAL];
	s->function[SEAL] = s->function[OPEN];
	s->function[OPEN] = to;
	if (++s->run < FUNCTIONS || !read_rest(s->e, s->expected, &a.id))
		return true;
	memcpy(a.function, s->function, sizeof(a.function));
	if (a.function[SEAL] == a.function[OPEN] || a.function[INIT] == a.function[SEAL] ||
	    !code_calls(s->e, a.function[SEAL]) || !code_calls(s->e, a.function[OPEN]))
		return true; /* the ciphers are assembly: who calls nobody seals nothing */
	s->found[s->n++] = a;
	return s->n < CONSTANTS_MAX;
}

static bool is_pair(const struct algorithm *a, const struct algorithm *b)
{
	return a->id == AES_128 && b->id == AES_256 && a->function[SEAL] == b->function[SEAL] &&
	       a->function[OPEN] == b->function[OPEN] && a->function[INIT] != b->function[INIT];
}

static bool is_added(const struct finding *f, uint64_t offset)
{
	for (size_t i = 0; i < f->points.n; i++)
		if (f->points.point[i].offset == offset)
			return true;
	return false;
}

/* 0 too when they are there already: constants may be in a file twice. */
static int add(struct finding *f, const struct elf *e, const struct algorithm *a)
{
	uint64_t seal = x86_entry(e, a->function[SEAL], NULL);
	uint64_t open = x86_entry(e, a->function[OPEN], NULL);
	uint64_t offset;
	int r;

	if (!elf_offset(e, seal, &offset) && is_added(f, offset))
		return 0;
	r = finding_add(f, e, ROLE_RING_SEAL, false, seal);
	if (!r)
		r = finding_add(f, e, ROLE_RING_OPEN, false, open);
	return r ? r : finding_add_returns(f, e, ROLE_RING_OPEN_RETURN, a->function[OPEN], 0);
}

static size_t add_pairs(const struct search *s, struct finding *ret)
{
	size_t pairs = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->n && pairs < AES_MAX; k++)
			if (is_pair(&s->found[i], &s->found[k]) && !add(ret, s->e, &s->found[i]))
				pairs++;
	return pairs;
}

static int by_table(const struct locate_input *in, struct finding *ret)
{
	_cleanup_free_ struct search *s = calloc(1, sizeof(*s));
	size_t chacha = 0;
	int r;

	if (!s)
		return -ENOMEM;
	s->e = in->e;
	r = pointers_each(in->e, take, s);
	if (r)
		return r;
	if (!add_pairs(s, ret))
		return -ENOENT;
	for (size_t i = 0; i < s->n && chacha < AES_MAX; i++)
		if (s->found[i].id == CHACHA && !add(ret, s->e, &s->found[i]))
			chacha++;
	finding_note(ret, "its table of algorithms%s", chacha ? "" : ", without ChaCha20");
	return 0;
}

const struct locator ring_by_table = {
	.stack = STACK_RING,
	.slow = true,
	.locate = by_table,
};
