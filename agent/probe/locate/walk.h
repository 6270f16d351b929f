/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over all code of a file, in steps whose memory is given back to the kernel: for
 * bytes that may begin an instruction, and for calls. x86-64 code is not decoded here, so
 * what is found may also be the middle of another instruction.
 */
#ifndef LOCATE_WALK_H
#define LOCATE_WALK_H

#include "elf.h"

#define WALK_STEP (UINT64_C(8) << 20)
#define WALK_PAIR_MAX 12 /* arm64: instructions between the two that make an address */

/* Code of one step, and the bytes behind it that its last instructions may need: what is in
 * these is seen twice. */
struct code_run {
	const uint8_t *code;
	size_t len;
	uint64_t vaddr;
};

typedef void (*code_run_fn)(void *arg, const struct code_run *run);

void walk_code(const struct elf *e, code_run_fn each, void *arg);

static inline uint32_t code_read32(const void *at)
{
	uint32_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

/* The bytes of a run that are `value` under the mask. */
struct code_bytes {
	const struct code_run *run;
	uint8_t mask, value;
	size_t at;     /* of the block of 16 */
	uint32_t hits; /* a bit for each byte of it that is still to be told */
};

struct code_bytes code_bytes_of(const struct code_run *run, uint8_t mask, uint8_t value);
bool code_next_block(struct code_bytes *b); /* for code_next_byte alone */

/* Its index. False: no more. */
static inline bool code_next_byte(struct code_bytes *b, size_t *ret)
{
	if (!b->hits && !code_next_block(b))
		return false;
	*ret = b->at + (size_t)__builtin_ctz(b->hits);
	b->hits &= b->hits - 1;
	return true;
}

typedef void (*code_call_fn)(void *arg, uint64_t target, uint64_t from);

/* Calls each for every call, and for every jump when asked. */
void walk_calls(const struct elf *e, const struct code_run *run, bool jumps, code_call_fn each,
		void *arg);

#endif
