/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which inlining leaves SSL_read, SSL_peek and ssl_read_impl. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/boringssl.h"
#include "locate/sites.h"

#include <errno.h>

enum form {
	PEEK_INLINED, /* SSL_read → impl, SSL_peek → impl */
	PEEK_GONE,    /* SSL_read → impl */
	IMPL_INLINED, /* impl in both */
	PEEK_CALLED,  /* SSL_read → SSL_peek → impl */
	PEEK_UNCALLED, /* SSL_read → impl; SSL_peek → impl, right behind it, and nobody calls it */
	NO_BAD_LENGTH,	       /* SSL_write from before there was one */
	NO_BAD_LENGTH_INLINED, /* and impl in both readers: three alike */
	TWO_BAD_LENGTH,	       /* SSL_write inlined twice */
	NO_READ,	       /* nothing that stores */
	ANOTHER_FILE,	       /* the same errors of another file */
};

struct made {
	uint64_t write, read, peek;
};

static uint64_t make_write(struct code_elf *c, uint64_t file, bool bad_length)
{
	uint64_t at = code_begin(c);

	code_report(c, file, 66);
	code_report(c, file, 226);
	code_report(c, file, 215);
	if (bad_length)
		code_report(c, file, 111);
	code_store(c);
	code_end(c);
	return at;
}

static uint64_t make_reader(struct code_elf *c, uint64_t file, uint64_t calls, bool impl, bool quic,
			    bool stores)
{
	uint64_t at = code_begin(c);

	if (quic)
		code_report(c, file, 66);
	if (impl) {
		code_report(c, file, 226);
		code_report(c, file, 215);
	}
	if (calls)
		code_call(c, calls);
	if (stores)
		code_store(c);
	code_end(c);
	return at;
}

static struct made make(struct code_elf *c, enum code_kind kind, enum form form)
{
	struct made m = { 0 };
	uint64_t file, impl = 0, twin = 0, shutdown;

	code_init(c, kind);
	file = code_string(c, form == ANOTHER_FILE ? "ssl/other.cc" : "../ssl/ssl_lib.cc");
	m.write = make_write(c, file, form != NO_BAD_LENGTH && form != NO_BAD_LENGTH_INLINED);
	if (form == TWO_BAD_LENGTH)
		twin = make_write(c, file, true);
	if (form == IMPL_INLINED || form == NO_BAD_LENGTH_INLINED) {
		m.read = make_reader(c, file, 0, true, true, true);
		m.peek = make_reader(c, file, 0, true, true, false);
	} else {
		impl = make_reader(c, file, 0, true, false, true);
		if (form == PEEK_UNCALLED)
			make_reader(c, file, impl, false, true, false);
		if (form == PEEK_CALLED) {
			m.peek = make_reader(c, file, impl, false, true, false);
			m.read = make_reader(c, file, m.peek, false, false, true);
		} else {
			m.read = make_reader(c, file, impl, false, true, form != NO_READ);
			if (form != PEEK_GONE && form != PEEK_UNCALLED)
				m.peek = make_reader(c, file, impl, false, true, false);
		}
	}
	/* SSL_shutdown reports UNINITIALIZED, calls ssl_read_impl, and stores. */
	shutdown = code_begin(c);
	code_report(c, file, 226);
	if (impl)
		code_call(c, impl);
	code_store(c);
	code_store(c);
	code_end(c);
	code_begin(c);
	code_call(c, m.write);
	code_call(c, m.read);
	code_call(c, shutdown);
	if (m.peek)
		code_call(c, m.peek);
	if (twin)
		code_call(c, twin);
	code_end(c);
	return m;
}

static int locate(struct elf *e, struct finding *ret)
{
	struct locate_input in = { .e = e };
	struct sites sites;
	int r;

	CHECK_INT(sites_find(&sites, e, boringssl_by_errors.strings, 1), 0);
	in.sites = &sites;
	r = boringssl_by_errors.locate(&in, ret);
	sites_release(&sites);
	return r;
}

static uint64_t vaddr_of(const struct elf *e, const struct finding *f, enum point_role role)
{
	uint64_t vaddr = 0;

	for (size_t i = 0; i < f->points.n; i++)
		if (f->points.point[i].role == role)
			CHECK_INT(elf_vaddr(e, f->points.point[i].offset, &vaddr), 0);
	return vaddr;
}

static const enum code_kind kinds[] = { CODE_PIE, CODE_FIXED, CODE_ARM };

TEST(every_form_is_located)
{
	static const enum form forms[] = { PEEK_INLINED, PEEK_GONE,	IMPL_INLINED,
					   PEEK_CALLED,	 PEEK_UNCALLED, NO_BAD_LENGTH };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
			_cleanup_(elf_cleanup) struct elf *e = NULL;
			static struct code_elf c;
			struct made m = make(&c, kinds[k], forms[i]);
			struct finding f = { 0 };

			test_row("form %d of kind %d", forms[i], kinds[k]);
			e = code_open(&c);
			CHECK_INT(locate(e, &f), 0);
			CHECK_INT(vaddr_of(e, &f, ROLE_BORINGSSL_WRITE), m.write);
			CHECK_INT(vaddr_of(e, &f, ROLE_BORINGSSL_READ), m.read);
			CHECK_INT(f.points.n, 4);
		}
	}
}

TEST(what_is_not_certain_is_not_located)
{
	static const struct {
		enum form form;
		int want;
		const char *note;
	} rows[] = {
		{ NO_BAD_LENGTH_INLINED, -ENOTSUP,
		  "stripped; no function reports errors as SSL_write does" },
		{ TWO_BAD_LENGTH, -ENOTSUP,
		  "stripped; more than one function reports errors as SSL_write does" },
		{ NO_READ, -ENOTSUP, "stripped; SSL_write found, but no SSL_read" },
		{ ANOTHER_FILE, -ENOENT, "" },
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			_cleanup_(elf_cleanup) struct elf *e = NULL;
			static struct code_elf c;
			struct finding f = { 0 };

			test_row("form %d of kind %d", rows[i].form, kinds[k]);
			make(&c, kinds[k], rows[i].form);
			e = code_open(&c);
			CHECK_INT(locate(e, &f), rows[i].want);
			CHECK_STR(slice_from(f.note), rows[i].note);
		}
	}
}
