/* SPDX-License-Identifier: Apache-2.0 */
#include "locate.h"
#include "awslc.h"
#include "boringssl.h"
#include "go.h"
#include "java.h"
#include "libraries.h"
#include "nss.h"
#include "openssl.h"
#include "returns.h"
#include "ring_aead.h"
#include "sites.h"
#include "x86.h"

#include "cleanup.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>

static const char *const stack_names[STACK_MAX] = {
	[STACK_OPENSSL] = "OpenSSL", [STACK_BORINGSSL] = "BoringSSL",
	[STACK_GNUTLS] = "GnuTLS",   [STACK_NSS] = "NSS",
	[STACK_S2N] = "s2n",	     [STACK_MBEDTLS] = "mbedTLS",
	[STACK_WOLFSSL] = "wolfSSL", [STACK_AWSLC] = "AWS-LC AEAD",
	[STACK_RING] = "ring",	     [STACK_GO] = "Go",
	[STACK_JAVA] = "Java",
};

static const char *const role_names[ROLE_MAX] = {
	[ROLE_OPENSSL_WRITE] = "write",
	[ROLE_OPENSSL_WRITE_OUT4] = "write, length by 4",
	[ROLE_OPENSSL_WRITE_OUT5] = "write, length by 5",
	[ROLE_OPENSSL_READ] = "read",
	[ROLE_OPENSSL_READ_OUT4] = "read, length by 4",
	[ROLE_BORINGSSL_WRITE] = "write",
	[ROLE_BORINGSSL_READ] = "read",
	[ROLE_GNUTLS_WRITE] = "write",
	[ROLE_GNUTLS_READ] = "read",
	[ROLE_NSS_WRITE] = "write",
	[ROLE_NSS_READ] = "read",
	[ROLE_OTHER_WRITE] = "write",
	[ROLE_OTHER_READ] = "read",
	[ROLE_GO_WRITE] = "write",
	[ROLE_GO_WRITE_ROOM] = "write, behind the look at the stack",
	[ROLE_GO_READ] = "read",
	[ROLE_GO_READ_COPY] = "read, where it copies",
	[ROLE_GO_CLOSE] = "close",
	[ROLE_JAVA_TAP] = "what its agent hands over",
	[ROLE_AEAD_SEAL] = "seal",
	[ROLE_AEAD_SEAL_SCATTER] = "seal, tag apart",
	[ROLE_AEAD_OPEN] = "open",
	[ROLE_AEAD_OPEN_GATHER] = "open, tag apart",
	[ROLE_RING_SEAL] = "seal",
	[ROLE_RING_OPEN] = "open",
	[ROLE_GO_READ_RETURN] = "result",
	[ROLE_RING_OPEN_RETURN] = "result",
	[ROLE_AEAD_OPEN_RETURN] = "result",
	[ROLE_RETURN] = "result",
	[ROLE_FREE] = "free",
};

/* The order of the attempts. */
static const struct locator *const locators[] = {
	&openssl_by_symbols, &gnutls_by_symbols,  &nss_by_operations, &s2n_by_symbols,
	&mbedtls_by_symbols, &wolfssl_by_symbols, &go_by_section,     &boringssl_by_errors,
	&openssl_by_names,   &awslc_by_errors,	  &ring_by_table,     &go_by_search,
	&java_by_symbols,
};

const char *tls_stack_name(enum tls_stack stack)
{
	return stack_names[stack];
}

const char *point_role_name(enum point_role role)
{
	return role_names[role];
}

static bool is_located(const struct findings *f, enum tls_stack stack)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->finding[i].stack == stack && f->finding[i].points.n)
			return true;
	return false;
}

static bool is_needless(const struct findings *f, const struct locator *l)
{
	for (int stack = 0; stack < STACK_MAX; stack++)
		if (l->used_by >> stack & 1 && is_located(f, (enum tls_stack)stack))
			return true;
	return false;
}

static bool has_offset(const struct finding *f, uint64_t offset)
{
	for (size_t i = 0; i < f->points.n; i++)
		if (f->points.point[i].offset == offset)
			return true;
	return false;
}

/* Is it what was found by its names already: at the same places, or to be found there alone? */
static bool is_named(const struct findings *f, const struct locator *l, const struct finding *found)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *other = &f->finding[i];

		if (other->points.n && l->named_as >> other->stack & 1 &&
		    (!found->points.n || has_offset(other, found->points.point[0].offset)))
			return true;
	}
	return false;
}

/* A reason gives way to points, and to a later reason. */
static void keep(struct findings *f, const struct finding *found)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->finding[i].stack != found->stack)
			continue;
		if (!f->finding[i].points.n)
			f->finding[i] = *found;
		return;
	}
	if (f->n < FINDINGS_MAX)
		f->finding[f->n++] = *found;
}

static void try_row(const struct locator *l, const struct locate_input *in, struct findings *ret)
{
	struct finding found = { .stack = l->stack };
	int r;

	if (is_located(ret, l->stack) || is_needless(ret, l))
		return;
	r = l->locate(in, &found);
	if (r == -ENOENT)
		return;
	if (r) {
		found.points.n = 0;
		if (!found.note[0])
			finding_note(&found, "%s", strerror(-r));
	}
	if (!is_named(ret, l, &found))
		keep(ret, &found);
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	return n;
}

/* The names of all rows in one list, looked for in one pass. */
struct names {
	size_t n;
	const char *name[LOCATE_NAMES_MAX];
	size_t first[ARRAY_LEN(locators)]; /* of a row */
};

static void gather(struct names *ret, bool slow, bool strings)
{
	ret->n = 0;
	for (size_t i = 0; i < ARRAY_LEN(locators); i++) {
		const struct locator *l = locators[i];
		const char *const *from = strings ? l->strings : l->symbols;
		size_t n = l->slow == slow ? count_names(from) : 0;

		ret->first[i] = ret->n;
		for (size_t k = 0; k < n && ret->n < LOCATE_NAMES_MAX; k++)
			ret->name[ret->n++] = from[k];
	}
}

int locate_quick(const struct elf *e, struct findings *ret)
{
	struct elf_symbol found[LOCATE_NAMES_MAX];
	struct names names;

	gather(&names, false, false);
	elf_find_symbols(e, names.name, names.n, found);
	for (size_t i = 0; i < ARRAY_LEN(locators); i++) {
		const struct locate_input in = { .e = e,
						 .symbols = found + names.first[i],
						 .entries_only = ret->entries_only };

		if (!locators[i]->slow)
			try_row(locators[i], &in, ret);
	}
	return 0;
}

int locate_slow(const struct elf *e, struct findings *ret)
{
	struct elf_symbol found[LOCATE_NAMES_MAX];
	struct names symbols, strings;
	struct sites sites = { 0 };
	int r;

	gather(&symbols, true, false);
	gather(&strings, true, true);
	if (symbols.n)
		elf_find_symbols(e, symbols.name, symbols.n, found);
	r = sites_find(&sites, e, strings.name, strings.n);
	for (size_t i = 0; i < ARRAY_LEN(locators); i++) {
		const struct locate_input in = {
			.e = e,
			.symbols = found + symbols.first[i],
			.sites = &sites,
			.first_string = strings.first[i],
		};

		if (locators[i]->slow)
			try_row(locators[i], &in, ret);
	}
	sites_release(&sites);
	return r;
}

/* ---- What rows share ---------------------------------------------------------------- */

void finding_note(struct finding *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->note, sizeof(f->note), fmt, args);
	va_end(args);
}

int finding_add(struct finding *f, const struct elf *e, enum point_role role, bool at_return,
		uint64_t vaddr)
{
	uint64_t offset;

	if (!vaddr || elf_offset(e, vaddr, &offset))
		return -ENOENT;
	if (!x86_can_probe(e, vaddr))
		return -EOPNOTSUPP;
	points_add(&f->points, role, at_return, offset);
	return 0;
}

static bool has_point(const struct points *p, enum point_role role, uint64_t offset)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->point[i].role == role && p->point[i].offset == offset)
			return true;
	return false;
}

int finding_add_returns(struct finding *f, const struct elf *e, enum point_role role,
			uint64_t vaddr, uint64_t size)
{
	struct returns ends;
	uint64_t offset;
	int r = returns_find(e, vaddr, size, &ends);

	if (r || f->points.n + ends.n > POINTS_MAX)
		return finding_add(f, e, role, true, x86_entry(e, vaddr, NULL));
	for (size_t i = 0; i < ends.n && !r; i++)
		if (elf_offset(e, ends.vaddr[i], &offset) || !has_point(&f->points, role, offset))
			r = finding_add(f, e, role, false, ends.vaddr[i]);
	return r;
}

int finding_add_pair(struct finding *f, const struct elf *e, enum point_role role, uint64_t vaddr,
		     uint64_t size)
{
	int r = finding_add(f, e, role, false, x86_entry(e, vaddr, NULL));

	return r ? r : finding_add_returns(f, e, ROLE_RETURN, vaddr, size);
}
