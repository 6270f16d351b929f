/* SPDX-License-Identifier: Apache-2.0 */
/* The AEAD functions, reached by calls or only by pointers. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/awslc.h"
#include "locate/pointers.h"
#include "locate/sites.h"

#include <errno.h>

enum form {
	CALLED,
	POINTED_TO, /* through the offset table */
	TWO_SEALS,  /* and no scatter: nothing is known to encrypt */
	BORINGSSL,
	FIPS, /* it checks its own code */
	ANOTHER_FILE,
};

/* What each of seal, seal_scatter, open, open_gather reports. */
static const uint32_t reports[4][4] = {
	{ 117, 103, 115 },
	{ 112, 115 },
	{ 115, 101, 103, 104 },
	{ 115, 104 },
};

static uint64_t make_function(struct code_elf *c, uint64_t file, size_t which)
{
	uint64_t at = code_begin(c);

	for (size_t i = 0; i < 4 && reports[which][i]; i++)
		code_report(c, file, reports[which][i]);
	code_end(c);
	return at;
}

static void make(struct code_elf *c, enum code_kind kind, enum form form, uint64_t ret[4])
{
	uint64_t file, ssl = 0;

	code_init(c, kind);
	code_add_data(c, PF_R | PF_W);
	file = code_string(c, form == ANOTHER_FILE ? "crypto/cipher/other.c"
						   : "/src/crypto/fipsmodule/cipher/aead.c");
	if (form == BORINGSSL || form == FIPS)
		ssl = code_string(c, form == FIPS ? "FIPS integrity test" : "../ssl/ssl_lib.cc");
	/* Not at the very beginning of the code, as in no program. */
	code_begin(c);
	for (size_t i = 0; i < 32; i++)
		code_store(c);
	if (ssl) /* code of the library that has it mentions it */
		code_report(c, ssl, 111);
	code_end(c);
	for (size_t i = 0; i < 4; i++)
		ret[i] = make_function(c, file, form == TWO_SEALS && i == 1 ? 0 : i);
	code_begin(c);
	for (size_t i = 0; i < 4 && form != POINTED_TO; i++)
		code_call(c, ret[i]);
	code_end(c);
	for (size_t i = 0; i < 4 && form == POINTED_TO; i++)
		memcpy(c->bytes + CODE_ELF_DATA + 16 * i, &ret[i], sizeof(ret[i]));
}

static int locate(const struct elf *e, struct finding *ret)
{
	struct locate_input in = { .e = e };
	struct sites s;
	size_t n = 0;
	int r;

	while (awslc_by_errors.strings[n])
		n++;
	CHECK_INT(sites_find(&s, e, awslc_by_errors.strings, n), 0);
	in.sites = &s;
	*ret = (struct finding){ .stack = STACK_AWSLC };
	r = awslc_by_errors.locate(&in, ret);
	sites_release(&s);
	return r;
}

static uint64_t offset_of(const struct finding *f, enum point_role role)
{
	for (size_t i = 0; i < f->points.n; i++)
		if (f->points.point[i].role == role)
			return f->points.point[i].offset;
	return 0;
}

/* One RET in each function that opens: behind its beginning, before the next one. */
static void check_returns(const struct finding *f, const uint64_t made[4])
{
	size_t n = 0;

	for (size_t i = 0; i < f->points.n; i++) {
		const struct point *p = &f->points.point[i];

		if (p->role != ROLE_AEAD_OPEN_RETURN)
			continue;
		CHECK(!p->at_return);
		CHECK(p->offset > made[2 + n] - CODE_ELF_BASE);
		CHECK(n || p->offset < made[3] - CODE_ELF_BASE);
		n++;
	}
	CHECK_INT(n, 2);
}

TEST(functions_by_their_reports)
{
	static const enum point_role roles[] = { ROLE_AEAD_SEAL, ROLE_AEAD_SEAL_SCATTER,
						 ROLE_AEAD_OPEN, ROLE_AEAD_OPEN_GATHER };
	static const enum code_kind kinds[] = { CODE_PIE, CODE_ARM };

	for (size_t i = 0; i < 4; i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		enum form form = i & 1 ? POINTED_TO : CALLED;
		uint64_t made[4];
		struct finding f;

		test_row("%s, %s", i & 1 ? "pointers" : "calls", i & 2 ? "arm64" : "x86-64");
		make(&c, kinds[i / 2], form, made);
		e = code_open(&c);
		CHECK_INT(locate(e, &f), 0);
		CHECK_INT(f.points.n, 6);
		for (size_t k = 0; k < 4; k++)
			CHECK_INT(offset_of(&f, roles[k]), made[k] - CODE_ELF_BASE);
		check_returns(&f, made);
	}
}

TEST(refused)
{
	static const struct {
		enum form form;
		int want;
	} rows[] = {
		{ TWO_SEALS, -ENOTSUP },
		{ BORINGSSL, -ENOENT },
		{ FIPS, -ENOTSUP },
		{ ANOTHER_FILE, -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(elf_cleanup) struct elf *e = NULL;
		static struct code_elf c;
		uint64_t made[4];
		struct finding f;

		test_row("form %d", rows[i].form);
		make(&c, CODE_PIE, rows[i].form, made);
		e = code_open(&c);
		CHECK_INT(locate(e, &f), rows[i].want);
		if (rows[i].want != -ENOENT)
			CHECK(f.note[0]);
	}
}

TEST(pointers)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct pointer_place places[2];
	uint64_t made[4], slots[4];

	make(&c, CODE_PIE, POINTED_TO, made);
	e = code_open(&c);
	places[0] = (struct pointer_place){ made[1] + 4, 0 };
	places[1] = (struct pointer_place){ made[3] + 4, made[3] + 2 }; /* known better */
	pointers_improve(e, places, 2);
	CHECK_INT(places[0].function, made[1]);
	CHECK_INT(places[1].function, made[3] + 2);
	pointers_improve(e, places, 0);
	CHECK_INT(pointers_to(e, made[2], slots, 4), 1);
	CHECK_INT(slots[0], CODE_ELF_DATA_VADDR + 32);
	CHECK_INT(pointers_to(e, made[2] + 1, slots, 4), 0);
	CHECK_INT(pointers_to(e, made[2], slots, 0), 0);
}
