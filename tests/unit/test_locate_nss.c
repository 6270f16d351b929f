/* SPDX-License-Identifier: Apache-2.0 */
/* NSS's two tables of operations among other pointers. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/nss.h"

#include <errno.h>

enum form {
	AS_IT_IS,
	NOT_NSS,      /* nothing has its name */
	ONE_TABLE,    /* of the two */
	OTHER_SHARED, /* both have the same send */
	APART,	      /* read does not end in recv */
	CUT_SHORT,    /* a table ends before the last function */
};

/* struct sslSocketOpsStr behind its first two */
enum { BIND, LISTEN, SHUTDOWN, CLOSE, RECV, SEND, READ, WRITE, PEER_NAME, NAME, OPERATIONS };

static uint64_t function(struct code_elf *c)
{
	uint64_t at = code_begin(c);

	code_end(c);
	return at;
}

/* One that is a jump to the other. */
static uint64_t jump(struct code_elf *c, uint64_t to)
{
	uint64_t at;

	while (c->text % 16)
		c->bytes[c->text++] = (char)0xcc;
	at = code_here(c);
	if (c->kind == CODE_ARM) {
		code_u32(c, 0x14000000 | ((uint32_t)((to - at) / 4) & 0x3ffffff));
		return at;
	}
	code_bytes(c, "\xe9", 1);
	code_u32(c, (uint32_t)(to - at - 5));
	return at;
}

static void put(struct code_elf *c, size_t *at, const uint64_t *words, size_t n)
{
	memcpy(c->bytes + CODE_ELF_DATA + *at, words, n * sizeof(*words));
	*at += n * sizeof(*words);
}

static struct elf *make(enum code_kind kind, enum form form, uint64_t secure[OPERATIONS])
{
	static struct code_elf c;
	uint64_t before[OPERATIONS], first[2] = { 0 };
	size_t at = 0;

	code_init(&c, kind);
	code_add_data(&c, PF_R | PF_W);
	for (size_t i = 0; i < OPERATIONS; i++)
		secure[i] = before[i] = function(&c);
	for (size_t i = SHUTDOWN; i <= SEND; i++)
		secure[i] = function(&c);
	secure[READ] = form == APART ? function(&c) : jump(&c, secure[RECV]);
	secure[WRITE] = jump(&c, secure[SEND]);
	if (form == OTHER_SHARED)
		before[SEND] = secure[SEND];
	/* Other tables, before and between. */
	put(&c, &at, before + RECV, 4);
	put(&c, &at, first, 2);
	put(&c, &at, secure, form == CUT_SHORT ? NAME : OPERATIONS);
	put(&c, &at, first, 2);
	if (form != ONE_TABLE)
		put(&c, &at, before, OPERATIONS);
	put(&c, &at, first, 1);
	return code_open(&c);
}

static int locate(const struct elf *e, bool named, struct finding *ret)
{
	const struct elf_symbol symbol = { .vaddr = named ? CODE_ELF_BASE + CODE_ELF_TEXT : 0 };
	const struct locate_input in = { .e = e, .symbols = &symbol };

	*ret = (struct finding){ .stack = STACK_NSS };
	return nss_by_operations.locate(&in, ret);
}

static size_t count(const struct finding *f, enum point_role role, uint64_t vaddr)
{
	size_t n = 0;

	for (size_t i = 0; i < f->points.n; i++) {
		const struct point *p = &f->points.point[i];

		CHECK(!p->at_return);
		n += p->role == role && (!vaddr || p->offset == vaddr - CODE_ELF_BASE);
	}
	return n;
}

TEST(forms)
{
	static const struct {
		enum form form;
		int want;
	} rows[] = {
		{ AS_IT_IS, 0 },	 { NOT_NSS, -ENOENT },
		{ ONE_TABLE, -ENOTSUP }, { OTHER_SHARED, -ENOTSUP },
		{ APART, -ENOTSUP },	 { CUT_SHORT, -ENOTSUP },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int kind = CODE_PIE; kind <= CODE_ARM; kind++) {
			_cleanup_(elf_cleanup) struct elf *e = NULL;
			uint64_t f[OPERATIONS];
			struct finding got;

			test_row("form %d, kind %d", rows[i].form, kind);
			e = make((enum code_kind)kind, rows[i].form, f);
			CHECK_INT(locate(e, rows[i].form != NOT_NSS, &got), rows[i].want);
			if (rows[i].want) {
				CHECK_INT(got.points.n, 0);
				continue;
			}
			CHECK_INT(count(&got, ROLE_NSS_READ, f[RECV]), 1);
			CHECK_INT(count(&got, ROLE_NSS_WRITE, f[SEND]), 1);
			CHECK_INT(count(&got, ROLE_FREE, f[CLOSE]), 1);
			CHECK_INT(count(&got, ROLE_RETURN, 0), 2);
			CHECK_INT(got.points.n, 5);
		}
	}
	test_row(NULL);
}

TEST(no_memory)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	uint64_t f[OPERATIONS];
	struct finding got;
	int r = 0;

	e = make(CODE_PIE, AS_IT_IS, f);
	EACH_MALLOC_FAILURE
	{
		r = locate(e, true, &got);
		CHECK(!r || r == -ENOMEM || r == -ENOTSUP);
	}
	CHECK_INT(r, 0);
}
