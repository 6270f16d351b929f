/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many small allocations that die together, with a ceiling on their sum. What an
 * arena lends lives until arena_release. One call, one arena: freeing a call is
 * one function whatever was hung on it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out */
	size_t max;
	size_t first; /* bytes that most need: those of the first block; 0: not known */
	bool failed;  /* an allocation was refused: something is missing */
};

void arena_init(struct arena *a, size_t max);
void arena_release(struct arena *a);

/* Zeroed and aligned for any type; NULL at the ceiling or without memory. */
void *arena_alloc(struct arena *a, size_t size);
/* A NUL-terminated copy; the absent slice when s is absent or there is no room. */
struct slice arena_copy(struct arena *a, struct slice s);
/* Grows an array of `count` elements by one and returns the new, zeroed element;
 * *array may move. NULL when there is no room (the old array stays). */
void *arena_push(struct arena *a, void *array, size_t *count, size_t elem_size);

#endif
