/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions begin whose addresses are in the file's data: what is called through the
 * global offset table, as Rust code does with C functions, or through tables of functions,
 * is the target of no call instruction. Read from RELATIVE relocations with addends (RELA)
 * and from what is in place in writable segments, where packed relocations (RELR) and executables
 * at fixed addresses have it; of the latter the constant data too.
 */
#ifndef LOCATE_POINTERS_H
#define LOCATE_POINTERS_H

#include "elf.h"

typedef bool (*pointer_fn)(void *arg, uint64_t where, uint64_t to);

/* Every word of data that is or may be an address in the file, with its place; what is relocated
 * first, then what is in place; each by ascending places where the linker sorted them. Ends the
 * part it is in when it returns false. 0 or -ENOMEM. */
int pointers_each(const struct elf *e, pointer_fn each, void *arg);

/* Those of them that are relocated, alone: real addresses all. */
void pointers_relocated(const struct elf *e, pointer_fn each, void *arg);

struct pointer_place {
	uint64_t vaddr;	   /* given: an instruction */
	uint64_t function; /* the last beginning known at or before it; may be given, or 0 */
};

/* Raises `function` of each place to the nearest function pointed to that is not behind it.
 * places: by vaddr. 0 or -ENOMEM. */
int pointers_improve(const struct elf *e, struct pointer_place *places, size_t n);

/* The places in writable segments that hold or will hold the address: slots of the global
 * offset table. Returns how many, max at most. */
size_t pointers_to(const struct elf *e, uint64_t vaddr, uint64_t *ret, size_t max);

#endif
