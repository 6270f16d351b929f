/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#define ARENA_FIRST 960 /* many arenas never hold more */
#define ARENA_BLOCK 4000
#define ARENA_ALIGN _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	arena_init(a, a->max);
}

static struct arena_block *arena_block_new(size_t size)
{
	struct arena_block *b = calloc(1, sizeof(*b) + size);

	if (b)
		b->size = size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	size_t rounded;
	void *p;

	if (__builtin_add_overflow(size, ARENA_ALIGN - 1, &rounded))
		goto fail;
	rounded &= ~(ARENA_ALIGN - 1);
	if (rounded > a->max - a->used)
		goto fail;
	if (!b || b->size - b->used < rounded) {
		size_t usual = b ? ARENA_BLOCK : a->first ? a->first : ARENA_FIRST;
		bool big = rounded > (!b && a->first ? usual : usual / 2);
		struct arena_block *fresh = arena_block_new(big ? rounded : usual);

		if (!fresh)
			goto fail;
		/* A big one goes behind the current block, which may still have room. */
		if (b && big) {
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->blocks = fresh;
		}
		b = fresh;
	}
	p = b->data + b->used;
	b->used += rounded;
	a->used += rounded;
	return p;
fail:
	a->failed = true;
	return NULL;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p;

	if (!s.data || s.len == SIZE_MAX)
		return SLICE_NONE;
	p = arena_alloc(a, s.len + 1);
	if (!p)
		return SLICE_NONE;
	memcpy(p, s.data, s.len);
	return (struct slice){ p, s.len };
}

/* The capacity is not stored: it is the power of two at or above the count, so an
 * array moves exactly when its count is 0 or a power of two of at least 4. */
void *arena_push(struct arena *a, void *array, size_t *count, size_t elem_size)
{
	char **at = array;
	size_t n = *count, size;

	if (!n || (n >= 4 && !(n & (n - 1)))) {
		char *grown;

		if (__builtin_mul_overflow(n ? 2 * n : 4, elem_size, &size))
			return NULL;
		grown = arena_alloc(a, size);
		if (!grown)
			return NULL;
		if (n)
			memcpy(grown, *at, n * elem_size);
		*at = grown;
	}
	*count = n + 1;
	return *at + n * elem_size;
}
