/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions begin in a stripped file: what is called somewhere, or through a pointer of the
 * file, as Rust calls C. Bytes that look like a call may be part of another instruction; those that
 * lead to what no function begins with are left out.
 */
#ifndef LOCATE_CALLED_H
#define LOCATE_CALLED_H

#include "elf.h"

/* A bit for each byte of the code (arm64: for each instruction). */
struct called {
	uint64_t low, n;
	unsigned int shift;
	uint64_t *bits; /* NULL: not looked for */
};

/* 0, -ENOMEM; -EBADMSG for a file whose code is said to be further apart than code can be. */
int called_init(struct called *c, const struct elf *e);
/* A call's target, by any thread: a code_call_fn (walk.h). */
void called_add(void *called, uint64_t target, uint64_t from);
void called_add_pointers(struct called *c, const struct elf *e);
/* The last beginning of a function in [from, to]. 0: none. */
uint64_t called_last(const struct called *c, const struct elf *e, uint64_t from, uint64_t to);
void called_release(struct called *c);

#endif
