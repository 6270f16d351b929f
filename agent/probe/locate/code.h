/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a piece of machine code says of itself, x86-64 and arm64: which small numbers it
 * passes near a place, whether it stores to memory. Enough to tell functions apart that a
 * few facts of their source distinguish. Never used to place a probe.
 */
#ifndef LOCATE_CODE_H
#define LOCATE_CODE_H

#include "elf.h"

/* A number that an argument may have, and the bit that stands for it. */
struct code_number {
	uint32_t number;
	unsigned int bit;
};

/* Which of the numbers are loaded into registers around the instruction at vaddr of the
 * function: up to the call behind it, and shortly before it. */
unsigned int code_numbers_near(const struct elf *e, uint64_t function, uint64_t vaddr,
			       const struct code_number *numbers, size_t n);
/* From one instruction to another behind it there is no call, jump or return. */
bool code_is_straight(const struct elf *e, uint64_t from, uint64_t to);
/* Is the address in the function, as far as its branches show where that ends? */
bool code_contains(const struct elf *e, uint64_t function, uint64_t vaddr);
/* Does the function end before the address? Not where its end is not to be seen. */
bool code_ends_before(const struct elf *e, uint64_t function, uint64_t vaddr);
/* Does the function call another, or end in one? Where its end is not to be seen: yes. */
bool code_calls(const struct elf *e, uint64_t function);
/* How many instructions of the function store a register to memory other than the stack. */
int code_count_stores(const struct elf *e, uint64_t function);

#endif
