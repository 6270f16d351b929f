/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the code of a stripped file mentions certain strings: names of source files that
 * error macros pass, names of functions. What a library says of itself when it fails is
 * stable across its versions and compilers; where its code is, is not.
 *
 * One pass over read-only data for the strings, one over the code for the instructions
 * that make their addresses (x86-64: lea reg, [rip + disp32] and, where addresses fit,
 * mov reg, imm32; arm64: adrp + add) and for the calls that tell where functions begin. Each on
 * several CPUs: the first process of a program that was never seen before waits for nobody.
 */
#ifndef LOCATE_SITES_H
#define LOCATE_SITES_H

#include "called.h"
#include "elf.h"

#define SITES_MAX 65536

struct site {
	uint64_t vaddr;	   /* of the instruction that makes the address */
	uint64_t function; /* where its function begins; 0: not known */
	uint32_t string;   /* index in the strings that were asked for */
};

struct sites {
	size_t n, size;
	struct site *site;  /* by vaddr */
	uint64_t mentioned; /* a bit for each string that code mentions */
	struct called called;
};

/* `strings`: ends of strings, without their NUL: code mentions the beginning of a string
 * that ends so (a path). With a '=' before it: code mentions what follows the '=' itself, be
 * it the tail of a longer one, which linkers share. At most 64. 0, -ENOMEM, or -EBADMSG
 * for code that is too far apart. */
int sites_find(struct sites *ret, const struct elf *e, const char *const *strings, size_t n);
void sites_release(struct sites *s);

/* The places that call one of the functions or jump to it; site.string is the index of the
 * function. known: what is called, of a search before (NULL: none). 0, or as sites_find. */
int sites_find_calls(struct sites *ret, const struct elf *e, const struct called *known,
		     const uint64_t *functions, size_t n);

#endif
