/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file from one end to the other, for bytes that may begin an instruction, for calls, for
 * strings: part by part through a small buffer, as a file of 400 MB is not to become part of this
 * process's memory, and on several CPUs where the order does not matter. x86-64 code is not decoded
 * here, so what is found may also be the middle of another instruction.
 */
#ifndef LOCATE_WALK_H
#define LOCATE_WALK_H

#include "elf.h"

#include <elf.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WALK_STEP (UINT64_C(512) << 10)
#define WALK_OVERLAP 1024
#define WALK_LANES_MAX 4
#define WALK_LANE_MIN (UINT64_C(4) << 20) /* bytes that are worth a thread */
#define WALK_PAIR_MAX 12 /* arm64: instructions between the two that make an address */

/* Of one segment. Its last WALK_OVERLAP bytes are seen again at the beginning of the next one. */
struct walk_part {
	const uint8_t *bytes;
	size_t len;
	size_t seen; /* of these bytes, by the part before it */
	uint64_t vaddr;
};

/* False: enough. */
typedef bool (*walk_fn)(void *arg, const struct walk_part *part);

/* The segments that have all flags of `with` and none of `without`. In order, or in parallel: then
 * `each` is called by several threads at a time. 0 or -ENOMEM. */
int walk(const struct elf *e, uint32_t with, uint32_t without, walk_fn each, void *arg);
int walk_parallel(const struct elf *e, uint32_t with, uint32_t without, walk_fn each, void *arg);

static inline uint32_t code_read32(const void *at)
{
	uint32_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

/* A byte that is `value` under the mask, and `distance` behind it another, after `add2` was added
 * to that. */
struct code_pattern {
	uint8_t mask, value;
	uint8_t distance, add2, mask2, value2; /* mask2 0: any */
};

#define CODE_BLOCK 64
#define CODE_DISTANCE_MAX 15

/* Of CODE_BLOCK bytes and CODE_DISTANCE_MAX behind them: a bit for each where the pattern is. */
static inline uint64_t code_hits(const uint8_t *at, struct code_pattern p)
{
	uint64_t hits = 0;

#ifdef __SSE2__
	const __m128i mask = _mm_set1_epi8((char)p.mask), value = _mm_set1_epi8((char)p.value);
	const __m128i mask2 = _mm_set1_epi8((char)p.mask2), value2 = _mm_set1_epi8((char)p.value2);
	const __m128i add2 = _mm_set1_epi8((char)p.add2);

	for (int i = 0; i < CODE_BLOCK; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(at + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(at + i + p.distance));

		a = _mm_cmpeq_epi8(_mm_and_si128(a, mask), value);
		b = _mm_cmpeq_epi8(_mm_and_si128(_mm_add_epi8(b, add2), mask2), value2);
		hits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_and_si128(a, b)) << i;
	}
#else
	for (int i = 0; i < CODE_BLOCK; i++)
		hits |= (uint64_t)((at[i] & p.mask) == p.value &&
				   ((at[i + p.distance] + p.add2) & p.mask2) == p.value2)
			<< i;
#endif
	return hits;
}

/* The places of a part where the pattern is. Of what is done to a file this is done to most of
 * it. */
struct code_places {
	const struct walk_part *part;
	struct code_pattern pattern;
	size_t next;   /* block */
	uint64_t hits; /* of the block before it, that are still to be told */
};

static inline struct code_places code_places(const struct walk_part *part, struct code_pattern p)
{
	return (struct code_places){ .part = part, .pattern = p };
}

/* Its index. False: no more. */
static inline bool code_next(struct code_places *c, size_t *ret)
{
	while (!c->hits) {
		uint8_t last[CODE_BLOCK + CODE_DISTANCE_MAX] = { 0 };
		const uint8_t *at = c->part->bytes + c->next;

		if (c->next >= c->part->len)
			return false;
		if (c->part->len - c->next < sizeof(last)) {
			__builtin_memcpy(last, at, c->part->len - c->next);
			at = last;
		}
		c->hits = code_hits(at, c->pattern);
		if (c->part->len - c->next < CODE_BLOCK)
			c->hits &= (UINT64_C(1) << (c->part->len - c->next)) - 1;
		c->next += CODE_BLOCK;
	}
	*ret = c->next - CODE_BLOCK + (size_t)__builtin_ctzll(c->hits);
	c->hits &= c->hits - 1;
	return true;
}

typedef void (*code_call_fn)(void *arg, uint64_t target, uint64_t from);

static inline void walk_calls_arm(const struct walk_part *part, bool jumps, code_call_fn each,
				  void *arg)
{
	for (size_t i = 0; i + 4 <= part->len; i += 4) {
		uint32_t insn = code_read32(part->bytes + i);
		int64_t rel = (int64_t)((uint64_t)insn << 38) >> 36;

		if (insn >> 26 == 0x25 || (jumps && insn >> 26 == 0x05)) /* bl, b */
			each(arg, part->vaddr + i + (uint64_t)rel, part->vaddr + i);
	}
}

/* x86-64: a call's last byte is its distance in 16 MiB, less than all code is long. */
static inline struct code_pattern call_pattern(const struct elf *e, bool jumps)
{
	struct code_pattern p = { jumps ? 0xfe : 0xff, 0xe8, 4, 1, 0xfe, 0 };

	uint64_t len = elf_code(e, NULL);

	while (p.add2 < 128 && len > (uint64_t)p.add2 << 24) {
		p.add2 *= 2;
		p.mask2 = (uint8_t)(p.mask2 << 1);
	}
	return p;
}

/* Calls each for every call, and for every jump when asked. */
static inline void walk_calls(const struct elf *e, const struct walk_part *part, bool jumps,
			      code_call_fn each, void *arg)
{
	struct code_places calls = code_places(part, call_pattern(e, jumps));
	size_t at;

	if (e->machine == EM_AARCH64) {
		walk_calls_arm(part, jumps, each, arg);
		return;
	}
	while (code_next(&calls, &at) && at + 5 <= part->len) {
		int64_t rel = (int32_t)code_read32(part->bytes + at + 1);

		each(arg, part->vaddr + at + 5 + (uint64_t)rel, part->vaddr + at);
	}
}

#endif
