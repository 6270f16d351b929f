/* SPDX-License-Identifier: Apache-2.0 */
#include "call_sites.h"
#include "code.h"
#include "openssl.h"
#include "walk.h"
#include "x86.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

#define FUNCTIONS_MAX 8

/* The errors that name a function are reported by it, or by what it was inlined into. */
enum string { WRITE_INTERNAL, READ_INTERNAL, WRITE, READ, FILE_NAME };

static const char *const strings[] = { "=ssl_write_internal", "=ssl_read_internal", "=SSL_write",
				       "=SSL_read",	      "ssl_lib.c",	    NULL };

/* Before 3.0: by numbers (include/openssl/sslerr.h). */
static const struct code_number codes[] = {
	{ 524, 1 << WRITE_INTERNAL },
	{ 523, 1 << READ_INTERNAL },
	{ 208, 1 << WRITE },
	{ 223, 1 << READ },
};

struct functions {
	size_t n;
	uint64_t vaddr[FUNCTIONS_MAX];
};

#define VERSIONS_MAX 64 /* places that say "OpenSSL " that are looked at, in each step */

static bool has(const struct functions *f, uint64_t vaddr)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->vaddr[i] == vaddr)
			return true;
	return false;
}

/* Does the error report at a mention of the name, or of the file, name any of our functions? */
static unsigned int named_at(const struct locate_input *in, const struct site *s, bool by_code)
{
	size_t string = s->string - in->first_string;

	if (by_code)
		return string == FILE_NAME ? code_numbers_near(in->e, s->function, s->vaddr, codes,
							       ARRAY_LEN(codes))
					   : 0;
	return string < FILE_NAME ? 1u << string : 0;
}

/* Is the first error that is reported behind this beginning one of ours? Else it is that of
 * another function, and ours, whose beginning is not known, follows it. */
static bool begins_ours(const struct locate_input *in, uint64_t function, bool by_code)
{
	uint64_t first = 0;

	for (size_t i = 0; i < in->sites->n; i++) { /* in the order of their addresses */
		const struct site *s = &in->sites->site[i];

		if (s->function != function || s->string < in->first_string ||
		    s->string > in->first_string + FILE_NAME)
			continue;
		first = first ? first : s->vaddr;
		if (!code_is_straight(in->e, first, s->vaddr))
			return false;
		if (named_at(in, s, by_code))
			return true;
	}
	return false;
}

/* The functions that report errors of the one that is named so. */
static struct functions reporting(const struct locate_input *in, enum string name, bool by_code)
{
	struct functions f = { 0 };

	for (size_t i = 0; i < in->sites->n && f.n < FUNCTIONS_MAX; i++) {
		const struct site *s = &in->sites->site[i];

		if (s->function && named_at(in, s, by_code) & 1u << name && !has(&f, s->function) &&
		    begins_ours(in, s->function, by_code))
			f.vaddr[f.n++] = s->function;
	}
	return f;
}

/* "OpenSSL 3.4.0 22 Oct 2024" → 304. 0: it does not say. */
static unsigned int version_in(struct slice bytes)
{
	static const struct slice word = { "OpenSSL ", 8 };

	for (int n = 0; n < VERSIONS_MAX; n++) {
		ssize_t at = slice_find(bytes, word);
		const char *d;

		if (at < 0 || bytes.len - (size_t)at < word.len + 4)
			return 0;
		d = bytes.data + at + word.len;
		if (d[0] >= '1' && d[0] <= '9' && d[1] == '.' && d[2] >= '0' && d[2] <= '9' &&
		    d[3] == '.')
			return (unsigned int)(d[0] - '0') * 100 + (unsigned int)(d[2] - '0');
		bytes = slice_sub(bytes, (size_t)at + word.len, bytes.len);
	}
	return 0;
}

static bool find_version(void *arg, const struct walk_part *part)
{
	unsigned int *found = arg;

	*found = version_in((struct slice){ (const char *)part->bytes, part->len });
	return !*found;
}

static unsigned int version(const struct elf *e)
{
	unsigned int found = 0;

	return walk(e, 0, 0, find_version, &found) ? 0 : found;
}

/* One direction: the plain function, the inner one, and who calls that. */
struct direction {
	struct functions plain, inner;
	struct call_sites calls[FUNCTIONS_MAX];
	enum point_role role, out4, out5; /* ROLE_MAX: there is no such form */
	enum point_role inner_role;	  /* by the version */
};

/* Its entry, and the instructions behind its calls: it ends in a jump through a pointer. */
static int add_called(const struct locate_input *in, enum point_role role, uint64_t vaddr,
		      const struct call_sites *c, struct finding *ret)
{
	int r = finding_add(ret, in->e, role, false, x86_entry(in->e, vaddr, NULL));

	for (size_t i = 0; i < c->n && !r; i++)
		r = finding_add(ret, in->e, ROLE_RETURN, false, c->after[i]);
	return r;
}

/* The inner function, or where it was inlined the plain one; others that contain it have
 * its arguments (SSL_read_ex) or are left alone. A caller that nobody calls itself is taken for
 * the inner function, which is before it: what is passed tells them apart. */
static int locate_direction(const struct locate_input *in, const struct direction *d,
			    struct finding *ret)
{
	size_t before = ret->points.n;
	int r = 0;

	for (size_t i = 0; i < d->inner.n && !r; i++) {
		const struct call_sites *c = &d->calls[i];
		bool is_plain = has(&d->plain, d->inner.vaddr[i]) && !c->out;
		enum point_role role = c->out == 4   ? d->out4
				       : c->out == 5 ? d->out5
				       : is_plain    ? d->role
						     : d->inner_role;

		if (role == ROLE_MAX ||
		    (!is_plain && !c->out && d->inner.n > 2 && role == ROLE_OPENSSL_WRITE_OUT5))
			continue;
		r = is_plain || c->error ? finding_add_pair(ret, in->e, role, d->inner.vaddr[i], 0)
					 : add_called(in, role, d->inner.vaddr[i], c, ret);
	}
	if (!d->inner.n && d->plain.n == 1) /* before 1.1.1 there was no inner function */
		r = finding_add_pair(ret, in->e, d->role, d->plain.vaddr[0], 0);
	return r ? r : ret->points.n > before ? 0 : -ENOENT;
}

/* One pass over the code for both. */
static int find_callers(const struct locate_input *in, struct direction d[2])
{
	struct call_sites calls[2 * FUNCTIONS_MAX];
	uint64_t functions[2 * FUNCTIONS_MAX];
	size_t n = d[0].inner.n;
	int r;

	memcpy(functions, d[0].inner.vaddr, n * sizeof(*functions));
	memcpy(functions + n, d[1].inner.vaddr, d[1].inner.n * sizeof(*functions));
	r = call_sites_find(in->e, &in->sites->called, functions, n + d[1].inner.n, calls);
	memcpy(d[0].calls, calls, n * sizeof(*calls));
	memcpy(d[1].calls, calls + n, d[1].inner.n * sizeof(*calls));
	return r;
}

static int locate(const struct locate_input *in, bool by_code, unsigned int v, struct finding *ret)
{
	struct direction d[] = {
		{
			.plain = reporting(in, WRITE, by_code),
			.inner = reporting(in, WRITE_INTERNAL, by_code),
			.role = ROLE_OPENSSL_WRITE,
			.out4 = ROLE_OPENSSL_WRITE_OUT4,
			.out5 = ROLE_OPENSSL_WRITE_OUT5,
			/* SSL_write_ex2 (3.3) brought a flags argument before the length's. */
			.inner_role = v >= 303 ? ROLE_OPENSSL_WRITE_OUT5 : ROLE_OPENSSL_WRITE_OUT4,
		},
		{
			.plain = reporting(in, READ, by_code),
			.inner = reporting(in, READ_INTERNAL, by_code),
			.role = ROLE_OPENSSL_READ,
			.out4 = ROLE_OPENSSL_READ_OUT4,
			.out5 = ROLE_MAX,
			.inner_role = ROLE_OPENSSL_READ_OUT4,
		},
	};
	int r = find_callers(in, d);

	for (size_t i = 0; i < ARRAY_LEN(d) && !r; i++)
		r = locate_direction(in, &d[i], ret);
	return r;
}

static int by_names(const struct locate_input *in, struct finding *ret)
{
	uint64_t mentioned = in->sites->mentioned >> in->first_string;
	unsigned int v = 0;
	int r = -ENOENT;

	if (mentioned >> WRITE_INTERNAL & 1) {
		v = version(in->e);
		r = v && !locate(in, false, v, ret) ? 0 : -ENOTSUP;
		if (!r)
			finding_note(ret, "function names in its error reports (%u.%u, stripped)",
				     v / 100, v % 100);
		else
			finding_note(ret,
				     v ? "stripped, and no function reports errors as SSL_%s"
				       : "stripped, and its version is not known",
				     ret->points.n ? "read" : "write");
	}
	if (r && mentioned >> FILE_NAME & 1) {
		struct finding coded = { .stack = ret->stack };

		if (!locate(in, true, 0, &coded)) {
			*ret = coded;
			finding_note(ret, "function numbers in its error reports (stripped)");
			return 0;
		}
		if (!ret->note[0])
			finding_note(ret, "stripped, and no function reports errors as SSL_%s",
				     coded.points.n ? "read" : "write");
		r = -ENOTSUP;
	}
	return r;
}

const struct locator openssl_by_names = {
	.stack = STACK_OPENSSL,
	.slow = true,
	.strings = strings,
	.locate = by_names,
};
