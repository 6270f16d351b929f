/* SPDX-License-Identifier: Apache-2.0 */
/* ring's constants among other tables of functions. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/ring_aead.h"

#include <errno.h>

#define LARGE (((UINT64_C(1) << 32) - 2) * 16)

enum form {
	V17,
	V16,	     /* with the longest input */
	V16_SWAPPED, /* before the length of keys */
	NO_CHACHA,
	TWICE, /* two versions of it */
	ONE_AES,
	APART, /* the two do not share what they should */
	WRONG_ID,
	CALLS_NOBODY,
	BY_POINTER, /* calls, through one */
	NOT_CODE,
	CUT_OFF, /* at the end of the data */
};

/* init of 128, of 256, of ChaCha20; seal and open of AES; of ChaCha20 */
enum { INIT_128, INIT_256, INIT_CHACHA, SEAL, OPEN, SEAL_CHACHA, OPEN_CHACHA, MADE };

struct maker {
	struct code_elf *c;
	size_t at;
};

static void word(struct maker *m, uint64_t v)
{
	memcpy(m->c->bytes + CODE_ELF_DATA + m->at, &v, sizeof(v));
	m->at += sizeof(v);
}

static void constant(struct maker *m, enum form form, uint64_t init, uint64_t seal, uint64_t open,
		     uint64_t id)
{
	uint64_t key_len = id ? 32 : 16;

	word(m, init);
	word(m, seal);
	word(m, form == NOT_CODE ? CODE_ELF_DATA_VADDR : open);
	if (form == V16_SWAPPED)
		word(m, LARGE);
	word(m, key_len);
	if (form == V16)
		word(m, LARGE);
	word(m, form == WRONG_ID ? 3 : id);
	word(m, UINT64_C(0x1234567890)); /* what comes next */
}

static void function(struct code_elf *c, enum form form)
{
	if (form == BY_POINTER && c->kind == CODE_ARM)
		code_u32(c, 0xd63f0020); /* blr x1 */
	else if (form == BY_POINTER)
		code_bytes(c, "\xff\xd0", 2); /* call rax */
	else if (form != CALLS_NOBODY)
		code_call(c, c->fail);
	code_end(c);
}

static void one_ring(struct maker *m, enum form form, uint64_t f[MADE])
{
	for (size_t i = 0; i < MADE; i++) {
		f[i] = code_begin(m->c);
		function(m->c, i == SEAL || form != CALLS_NOBODY ? form : V17);
	}
	/* Tables of functions are everywhere. */
	for (size_t i = 0; i < MADE; i++)
		word(m, f[i]);
	word(m, 16);
	word(m, 8);
	word(m, f[0]);
	if (form == CUT_OFF)
		m->at = CODE_ELF_DATA_LEN - 56 - 24;
	constant(m, form, f[INIT_128], f[SEAL], f[OPEN], 0);
	if (form == CUT_OFF) {
		word(m, f[INIT_256]);
		word(m, f[SEAL]);
		word(m, f[OPEN]);
		return;
	}
	if (form != ONE_AES)
		constant(m, form, f[INIT_256], f[SEAL], form == APART ? f[OPEN_CHACHA] : f[OPEN],
			 1);
	if (form != NO_CHACHA)
		constant(m, form, f[INIT_CHACHA], f[SEAL_CHACHA], f[OPEN_CHACHA], 2);
}

static struct elf *make(enum code_kind kind, enum form form, uint64_t f[MADE])
{
	static struct code_elf c;
	struct maker m = { .c = &c };

	code_init(&c, kind);
	/* Constants that need no relocation are not written to. */
	code_add_data(&c, kind == CODE_FIXED ? PF_R : PF_R | PF_W);
	one_ring(&m, form, f);
	if (form == TWICE)
		one_ring(&m, V16, f);
	return code_open(&c);
}

static int locate(const struct elf *e, struct finding *ret)
{
	const struct locate_input in = { .e = e };

	*ret = (struct finding){ .stack = STACK_RING };
	return ring_by_table.locate(&in, ret);
}

static bool has(const struct finding *f, enum point_role role, bool at_return, uint64_t vaddr)
{
	for (size_t i = 0; i < f->points.n; i++) {
		const struct point *p = &f->points.point[i];

		if (p->role == role && p->at_return == at_return &&
		    p->offset == vaddr - CODE_ELF_BASE)
			return true;
	}
	return false;
}

TEST(forms)
{
	static const struct {
		enum code_kind kind;
		enum form form;
		int want;
		size_t points;
	} rows[] = {
		{ CODE_PIE, V17, 0, 6 },
		{ CODE_FIXED, V17, 0, 6 },
		{ CODE_ARM, V17, 0, 6 },
		{ CODE_PIE, V16, 0, 6 },
		{ CODE_PIE, V16_SWAPPED, 0, 6 },
		{ CODE_PIE, NO_CHACHA, 0, 3 },
		{ CODE_PIE, TWICE, 0, 12 },
		{ CODE_PIE, ONE_AES, -ENOENT, 0 },
		{ CODE_PIE, APART, -ENOENT, 0 },
		{ CODE_PIE, WRONG_ID, -ENOENT, 0 },
		{ CODE_PIE, CALLS_NOBODY, -ENOENT, 0 },
		{ CODE_ARM, CALLS_NOBODY, -ENOENT, 0 },
		{ CODE_PIE, BY_POINTER, 0, 6 },
		{ CODE_ARM, BY_POINTER, 0, 6 },
		{ CODE_PIE, NOT_CODE, -ENOENT, 0 },
		{ CODE_PIE, CUT_OFF, -ENOENT, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		uint64_t f[MADE];
		struct finding found;

		test_row("row %zu", i);
		e = make(rows[i].kind, rows[i].form, f);
		CHECK_INT(locate(e, &found), rows[i].want);
		CHECK_INT(found.points.n, rows[i].points);
		if (rows[i].want)
			continue;
		CHECK(found.note[0]);
		CHECK(has(&found, ROLE_RING_SEAL, false, f[SEAL]));
		CHECK(has(&found, ROLE_RING_OPEN, false, f[OPEN]));
		CHECK(!has(&found, ROLE_RING_OPEN_RETURN, true, f[OPEN]));
		CHECK(has(&found, ROLE_RING_SEAL, false, f[SEAL_CHACHA]) ==
		      (rows[i].form != NO_CHACHA));
	}
}

TEST(no_memory)
{
	uint64_t f[MADE];
	_cleanup_(elf_cleanup) struct elf *e = make(CODE_PIE, V17, f);

	EACH_MALLOC_FAILURE
	{
		struct finding found;
		int r = locate(e, &found);

		CHECK(!r || r == -ENOMEM);
	}
}
