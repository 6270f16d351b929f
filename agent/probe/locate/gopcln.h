/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of a Go program by name, also of a stripped one: the runtime needs its table of
 * functions (pclntab) to unwind stacks and carries it in the file's read-only data.
 *
 * Format: cmd/link/internal/ld/pcln.go and runtime/symtab.go of Go 1.16 (header 0xfffffffa),
 * 1.18 (0xfffffff0) and 1.20 (0xfffffff1, the same layout). Entries are relative to the start
 * of the text since 1.18; where that is stands in the header until 1.25 and in the runtime's
 * moduledata always, either of which a relocation may have to fill in.
 */
#ifndef LOCATE_GOPCLN_H
#define LOCATE_GOPCLN_H

#include "elf.h"

#define GOPCLN_FUNCTIONS_MAX 4000000
#define GOPCLN_TEXTS_MAX 3

struct gopcln {
	struct slice bytes; /* from the header to the end of its segment */
	struct slice names;
	struct slice functions;		  /* from the table of (entry, offset) on */
	uint32_t n;			  /* functions */
	uint8_t field;			  /* bytes of an entry's numbers: 4 or 8 */
	uint8_t n_texts;		  /* candidates, best first; one for absolute entries */
	uint64_t texts[GOPCLN_TEXTS_MAX]; /* where the text may start */
};

struct gopcln_function {
	struct slice name; /* given */
	uint64_t entry;	   /* relative to the start of the text */
	uint64_t size;	   /* 0: not found */
};

/* By its section. 0; -ENOENT: there is none; -EBADMSG: it contradicts itself; -ENOTSUP: of a
 * version before 1.16. Lends from e. */
int gopcln_open(struct gopcln *ret, const struct elf *e);
/* Where no section is called so: looks at all data, if other sections do not say that it is no Go.
 * 0; -ENOENT: no table; -ENOMEM. */
int gopcln_search(struct gopcln *ret, const struct elf *e);
/* Fills in entry and size of the functions named; returns how many were found. */
int gopcln_find(const struct gopcln *p, struct gopcln_function *f, size_t n);
/* The next function name that ends with `tail`, from *at (0 at first) on: absent when there
 * is none left. */
struct slice gopcln_next_name(const struct gopcln *p, struct slice tail, size_t *at);

#endif
