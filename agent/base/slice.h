/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes: never owned, never NUL-terminated by promise. Its
 * lifetime is that of what it was taken from, which the lender's header names.
 * A slice with data == NULL is absent; one with len == 0 and data != NULL is
 * present and empty. Absent and empty differ on the wire, so they differ here.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct slice {
	const char *data;
	size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE ((struct slice){ 0 })
/* For printf: printf("%.*s", SLICE_FMT(s)) */
#define SLICE_FMT(s) (int)(s).len, (s).data ? (s).data : ""

/* NULL gives the absent slice. Inline, as those below: the length of a literal is known when
 * compiling, and most comparisons end with it. */
static inline struct slice slice_from(const char *cstr)
{
	return (struct slice){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII only */
static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && (!prefix.len || !memcmp(s.data, prefix.data, prefix.len));
}

bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Index of needle in s, or -1. */
ssize_t slice_find(struct slice s, struct slice needle);
ssize_t slice_find_char(struct slice s, char c);
/* The part of s from index `from` on, `len` at most. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct slice){ s.data ? s.data + from : NULL, len };
}

/* Without leading and trailing spaces, tabs, CR and LF. */
struct slice slice_trim(struct slice s);
/* Cuts the part before the first `c` off *rest and returns it; all of *rest when
 * there is none, and then *rest becomes absent. */
struct slice slice_cut(struct slice *rest, char c);
/* The segment of a path that begins behind `mark`; absent when the mark is not in it. */
struct slice slice_segment(struct slice path, struct slice mark);
/* The whole slice as a decimal number: 0, or -EINVAL, or -ERANGE. */
int slice_u64(struct slice s, uint64_t *ret);
/* The whole slice as a finite decimal number ("12", "-0.5", "7e-05"): 0 or -EINVAL. */
int slice_f64(struct slice s, double *ret);
/* 64 bits of it, the same on every machine. To chain, pass the hash of what came before as `h`,
 * or SLICE_HASH; two pieces do not hash as their whole does. For comparing, not against who
 * means to collide: tables have siphash.h. */
#define SLICE_HASH UINT64_C(0xcbf29ce484222325)
uint64_t slice_hash(uint64_t h, struct slice s);

/* Two small digits a byte, and a NUL. */
void hex_print(char *to, const uint8_t *bytes, size_t len);

#endif
