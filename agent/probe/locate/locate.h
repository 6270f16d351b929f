/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which TLS implementations a file contains and where each is to be observed. One row of
 * the table in locate.c per way to find one; a row's function is pure: from a mapped ELF
 * file to probe points, or to the reason why there are none. Rows of one stack are tried
 * in the order of the table until one succeeds; every stack that is found is observed, and
 * whichever is in use fires.
 *
 * Rows that read the whole file are `slow`: they run off the event loop (scout.h), and
 * what they found is remembered (cache.h), so that a file costs that once.
 */
#ifndef LOCATE_LOCATE_H
#define LOCATE_LOCATE_H

#include "elf.h"
#include "points.h"

#define FINDINGS_MAX 8
#define FINDING_NOTE_MAX 80

enum tls_stack {
	STACK_OPENSSL,
	STACK_BORINGSSL,
	STACK_GNUTLS,
	STACK_NSS,
	STACK_S2N,
	STACK_MBEDTLS,
	STACK_WOLFSSL,
	STACK_AWSLC, /* its AEAD functions, under rustls */
	STACK_RING,
	STACK_GO,
	STACK_JAVA, /* a JVM; its own TLS (JSSE) is seen through agent/probe/java */
	STACK_MAX,
};

/* What one file has of one stack. */
struct finding {
	enum tls_stack stack;
	struct points points;	     /* none: it is there, but cannot be observed */
	char note[FINDING_NOTE_MAX]; /* how it was found, or why it cannot be observed */
};

struct findings {
	size_t n;
	bool entries_only; /* asked for: no instructions inside of OpenSSL's functions */
	struct finding finding[FINDINGS_MAX];
};

struct sites;

/* What a row's function is given. */
struct locate_input {
	const struct elf *e;
	const struct elf_symbol *symbols; /* of the row's names, in their order */
	const struct sites *sites;	  /* of the row's strings; slow rows only */
	size_t first_string;		  /* the index in `sites` of the row's first string */
	bool entries_only;
};

/* 0: ret->points and ret->note are set. -ENOENT: the stack is not in the file. Any other
 * -errno: it is, but cannot be located, and ret->note says why. */
typedef int (*locate_fn)(const struct locate_input *in, struct finding *ret);

struct locator {
	enum tls_stack stack;
	bool slow;
	const char *const *symbols; /* functions it asks for; ends with NULL; NULL: none */
	/* Strings of read-only data that its code mentions, as sites.h has them. Ends with NULL;
	 * NULL: none. */
	const char *const *strings;
	/* Bits of stacks that use this one: where one of them is observed, this need not be. */
	uint32_t used_by;
	/* Bits of stacks whose names it exports, where it exports any: found by those, it is no
	 * other. */
	uint32_t named_as;
	locate_fn locate;
};

#define LOCATE_NAMES_MAX 64 /* symbols of all rows together; strings too */

const char *tls_stack_name(enum tls_stack stack);
const char *point_role_name(enum point_role role);

/* The rows that are quick, or those that are slow; adds to ret. Slow rows skip the stacks
 * that are in it with points already. 0, or -ENOMEM: not all was looked at. */
int locate_quick(const struct elf *e, struct findings *ret);
int locate_slow(const struct elf *e, struct findings *ret);

/* Why a finding has no points, or how it was found: printf into its note. */
void finding_note(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds the point at an address of the file: 0; -ENOENT outside of it; -EOPNOTSUPP where the
 * kernel would refuse it. */
int finding_add(struct finding *f, const struct elf *e, enum point_role role, bool at_return,
		uint64_t vaddr);
/* Where the function returns (returns.h); where that cannot be known, by a return probe. `size`
 * as for returns_find(). */
int finding_add_returns(struct finding *f, const struct elf *e, enum point_role role,
			uint64_t vaddr, uint64_t size);
/* First instruction (past an endbr64 that a cheaper push follows) and returns. */
int finding_add_pair(struct finding *f, const struct elf *e, enum point_role role, uint64_t vaddr,
		     uint64_t size);

#endif
