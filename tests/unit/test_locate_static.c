/* SPDX-License-Identifier: Apache-2.0 */
/* Stripped static OpenSSL: by names and by numbers, inner functions inlined or not. */
#include "cleanup.h"
#include "code_elf.h"
#include "locate/openssl.h"
#include "locate/sites.h"

#include <errno.h>

struct row {
	const char *name;
	bool by_code;		     /* before 3.0 */
	const char *version;	     /* NULL: the file does not say */
	bool inlined;		     /* the inner functions into SSL_read and SSL_write as well */
	bool inner;		     /* they are there themselves */
	bool stray;		     /* SSL_write_early_data contains one, and nobody calls it */
	enum point_role write, read; /* of the inner functions */
	int want;
	const char *note;
};

static const struct row rows[] = {
	{ "3.0", false, "OpenSSL 3.0.13 30 Jan 2024", false, true, false, ROLE_OPENSSL_WRITE_OUT4,
	  ROLE_OPENSSL_READ_OUT4, 0, "function names in its error reports (3.0, stripped)" },
	{ "3.0, inlined", false, "OpenSSL 3.0.13 30 Jan 2024", true, true, false,
	  ROLE_OPENSSL_WRITE_OUT4, ROLE_OPENSSL_READ_OUT4, 0,
	  "function names in its error reports (3.0, stripped)" },
	{ "3.5", false, "OpenSSL 3.5.0 8 Apr 2025", false, true, false, ROLE_OPENSSL_WRITE_OUT5,
	  ROLE_OPENSSL_READ_OUT4, 0, "function names in its error reports (3.5, stripped)" },
	{ "4.0, stray", false, "OpenSSL 4.0.0 1 Apr 2026", false, true, true,
	  ROLE_OPENSSL_WRITE_OUT5, ROLE_OPENSSL_READ_OUT4, 0,
	  "function names in its error reports (4.0, stripped)" },
	{ "no version", false, "OpenSSL is great", false, true, false, 0, 0, -ENOTSUP,
	  "stripped, and its version is not known" },
	{ "1.1.1", true, NULL, false, true, false, ROLE_OPENSSL_WRITE_OUT4, ROLE_OPENSSL_READ_OUT4,
	  0, "function numbers in its error reports (stripped)" },
	{ "1.1.1, inlined, stray", true, NULL, true, true, true, ROLE_OPENSSL_WRITE_OUT4,
	  ROLE_OPENSSL_READ_OUT4, 0, "function numbers in its error reports (stripped)" },
	{ "1.1.0", true, NULL, false, false, false, 0, 0, 0,
	  "function numbers in its error reports (stripped)" },
};

struct made {
	uint64_t write, read, write_internal, read_internal, other;
};

/* What names a function: a string or a number. */
struct id {
	const char *name;
	uint32_t code;
	uint64_t at;
};

static void report(struct code_elf *c, const struct row *r, uint64_t file, const struct id *id)
{
	code_number(c, 1, 20);
	if (r->by_code)
		code_number(c, 2, id->code);
	else
		code_address(c, id->at);
	code_address(c, file);
	code_call(c, c->fail);
}

static uint64_t function(struct code_elf *c, const struct row *r, uint64_t file,
			 const struct id *own, const struct id *inlined)
{
	uint64_t at = code_begin(c);

	if (own)
		report(c, r, file, own);
	if (inlined)
		report(c, r, file, inlined);
	code_end(c);
	return at;
}

static struct made make(struct code_elf *c, enum code_kind kind, const struct row *r)
{
	struct id write = { "SSL_write", 208, 0 }, read = { "SSL_read", 223, 0 };
	struct id write_in = { "ssl_write_internal", 524, 0 };
	struct id read_in = { "ssl_read_internal", 523, 0 };
	struct id other = { "SSL_do_handshake", 180, 0 };
	struct id *const ids[] = { &write, &read, &write_in, &read_in, &other };
	struct made m = { 0 };
	uint64_t file;

	code_init(c, kind);
	file = code_string(c, "ssl/ssl_lib.c");
	if (r->version)
		code_string(c, r->version);
	for (size_t i = 0; i < ARRAY_LEN(ids) && !r->by_code; i++)
		ids[i]->at = code_string(c, ids[i]->name);
	if (r->inner) {
		m.read_internal = function(c, r, file, NULL, &read_in);
		m.write_internal = function(c, r, file, NULL, &write_in);
	}
	m.read = function(c, r, file, &read, r->inlined ? &read_in : NULL);
	m.write = function(c, r, file, &write, r->inlined ? &write_in : NULL);
	m.other = function(c, r, file, &other, NULL);
	if (r->stray)
		function(c, r, file, NULL, &write_in);
	code_begin(c);
	code_call(c, m.read);
	code_call(c, m.write);
	code_call(c, m.other);
	if (r->inner) {
		code_call(c, m.read_internal);
		code_call(c, m.write_internal);
	}
	code_end(c);
	return m;
}

static void check(const struct elf *e, const struct finding *f, enum point_role role, uint64_t want)
{
	uint64_t vaddr = 0;
	int n = 0;

	for (size_t i = 0; i < f->points.n; i++) {
		if (f->points.point[i].role != role)
			continue;
		CHECK_INT(elf_vaddr(e, f->points.point[i].offset, &vaddr), 0);
		CHECK_INT(vaddr, want);
		n++;
	}
	CHECK_INT(n, want != 0);
}

static void check_row(enum code_kind kind, const struct row *r)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct made m = make(&c, kind, r);
	struct locate_input in = { 0 };
	struct finding f = { 0 };
	struct sites sites;
	bool plain = r->inlined || !r->inner;

	test_row("%s, kind %d", r->name, kind);
	e = code_open(&c);
	CHECK_INT(sites_find(&sites, e, openssl_by_names.strings, 5), 0);
	in = (struct locate_input){ .e = e, .sites = &sites };
	CHECK_INT(openssl_by_names.locate(&in, &f), r->want);
	sites_release(&sites);
	CHECK_STR(slice_from(f.note), r->note);
	if (r->want)
		return;
	check(e, &f, ROLE_OPENSSL_WRITE, plain ? m.write : 0);
	check(e, &f, ROLE_OPENSSL_READ, plain ? m.read : 0);
	if (r->inner) {
		check(e, &f, r->write, m.write_internal);
		check(e, &f, r->read, m.read_internal);
	}
}

TEST(by_names_and_by_numbers)
{
	static const enum code_kind kinds[] = { CODE_PIE, CODE_FIXED, CODE_ARM };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			check_row(kinds[k], &rows[i]);
}

TEST(another_file_is_none_of_ours)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;
	static struct code_elf c;
	struct findings f = { 0 };

	code_init(&c, CODE_PIE);
	code_string(&c, "crypto/bio_lib.c");
	e = code_open(&c);
	CHECK_INT(locate_quick(e, &f), 0);
	CHECK_INT(locate_slow(e, &f), 0);
	CHECK_INT(f.n, 0);
}
