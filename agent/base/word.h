/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight bytes at a time: a word is loaded so that its lowest byte is the first one in
 * memory, on any machine. Marks are words with the top bit set in the bytes that are
 * meant; behind the first marked byte there may be marks that mean nothing.
 */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_LEN sizeof(uint64_t)
#define WORD_ONES UINT64_C(0x0101010101010101)
#define WORD_TOPS UINT64_C(0x8080808080808080)

static inline uint64_t word_load(const void *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

/* Marks the bytes that are c. */
static inline uint64_t word_find(uint64_t v, unsigned char c)
{
	v ^= WORD_ONES * c;
	return (v - WORD_ONES) & ~v & WORD_TOPS;
}

/* Marks the bytes that are not ASCII. */
static inline uint64_t word_find_high(uint64_t v)
{
	return v & WORD_TOPS;
}

/* Index of the first marked byte; marks is not 0. */
static inline size_t word_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
