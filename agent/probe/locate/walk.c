/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include <elf.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Of all that is done to a file this is done to most of it: 16 bytes at a time. */
static inline uint32_t hits_in(const uint8_t *at, uint8_t mask, uint8_t value)
{
#ifdef __SSE2__
	__m128i bytes = _mm_loadu_si128((const __m128i *)at);

	bytes = _mm_and_si128(bytes, _mm_set1_epi8((char)mask));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)value)));
#else
	uint32_t hits = 0;

	for (int i = 0; i < 16; i++)
		hits |= (uint32_t)((at[i] & mask) == value) << i;
	return hits;
#endif
}

static uint32_t hits_at(const struct code_bytes *b)
{
	size_t len = b->run->len - b->at;
	uint8_t last[16] = { 0 };

	if (len >= sizeof(last))
		return hits_in(b->run->code + b->at, b->mask, b->value);
	memcpy(last, b->run->code + b->at, len);
	return hits_in(last, b->mask, b->value) & ((1u << len) - 1);
}

struct code_bytes code_bytes_of(const struct code_run *run, uint8_t mask, uint8_t value)
{
	struct code_bytes b = { .run = run, .mask = mask, .value = value };

	b.hits = hits_at(&b);
	return b;
}

bool code_next_block(struct code_bytes *b)
{
	while (!b->hits) {
		if (b->run->len - b->at <= 16)
			return false;
		b->at += 16;
		b->hits = hits_at(b);
	}
	return true;
}

void walk_code(const struct elf *e, code_run_fn each, void *arg)
{
	const size_t overlap = 4 * (WALK_PAIR_MAX + 1);

	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *seg = &e->segments[i];
		struct slice code = elf_segment_bytes(e, i);

		if (!(seg->flags & PF_X))
			continue;
		for (uint64_t at = 0; at < code.len; at += WALK_STEP) {
			struct slice part = slice_sub(code, at, WALK_STEP + overlap);
			const struct code_run run = { (const uint8_t *)part.data, part.len,
						      seg->vaddr + at };

			each(arg, &run);
			elf_drop(e, slice_sub(code, at, WALK_STEP));
		}
	}
}

void walk_calls(const struct elf *e, const struct code_run *run, bool jumps, code_call_fn each,
		void *arg)
{
	struct code_bytes calls = code_bytes_of(run, jumps ? 0xfe : 0xff, 0xe8);
	size_t at;

	if (e->machine == EM_AARCH64) {
		for (size_t i = 0; i + 4 <= run->len; i += 4) {
			uint32_t insn = code_read32(run->code + i);
			int64_t rel = (int64_t)((uint64_t)insn << 38) >> 36;

			if (insn >> 26 == 0x25 || (jumps && insn >> 26 == 0x05)) /* bl, b */
				each(arg, run->vaddr + i + (uint64_t)rel, run->vaddr + i);
		}
		return;
	}
	while (code_next_byte(&calls, &at))
		if (at + 5 <= run->len)
			each(arg,
			     run->vaddr + at + 5 +
				     (uint64_t)(int64_t)(int32_t)code_read32(run->code + at + 1),
			     run->vaddr + at);
}
