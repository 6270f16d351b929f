/* SPDX-License-Identifier: Apache-2.0 */
#include "slice.h"

#include "word.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !strncasecmp(a.data, b.data, a.len));
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       (!prefix.len || !strncasecmp(s.data, prefix.data, prefix.len));
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       (!suffix.len || !memcmp(s.data + s.len - suffix.len, suffix.data, suffix.len));
}

ssize_t slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (!needle.len)
		return 0;
	if (!s.len)
		return -1;
	at = memmem(s.data, s.len, needle.data, needle.len);
	return at ? at - s.data : -1;
}

ssize_t slice_find_char(struct slice s, char c)
{
	const char *at = s.len ? memchr(s.data, c, s.len) : NULL;

	return at ? at - s.data : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_space(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

struct slice slice_cut(struct slice *rest, char c)
{
	struct slice all = *rest;
	ssize_t at = slice_find_char(all, c);

	if (at < 0) {
		*rest = SLICE_NONE;
		return all;
	}
	*rest = slice_sub(all, (size_t)at + 1, all.len);
	return slice_sub(all, 0, (size_t)at);
}

struct slice slice_segment(struct slice path, struct slice mark)
{
	ssize_t at = slice_find(path, mark);
	struct slice rest;

	if (at < 0)
		return SLICE_NONE;
	rest = slice_sub(path, (size_t)at + mark.len, path.len);
	return slice_cut(&rest, '/');
}

int slice_u64(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.data[i] - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int slice_f64(struct slice s, double *ret)
{
	char text[64], *end;
	double v;

	if (!s.len || s.len >= sizeof(text))
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (!s.data[i] || !strchr("0123456789.eE+-", s.data[i]))
			return -EINVAL;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	v = strtod(text, &end);
	if (end != text + s.len || !isfinite(v))
		return -EINVAL;
	*ret = v;
	return 0;
}

static uint64_t mix(uint64_t h, uint64_t word, uint64_t factor)
{
	h = (h ^ word) * factor;
	return h ^ h >> 32;
}

/* A word at a time: bytes would wait for a multiplication each. The last ones have a factor of
 * their own, so that no word looks like them. */
uint64_t slice_hash(uint64_t h, struct slice s)
{
	uint64_t tail;

	for (; s.len >= WORD_LEN; s = slice_sub(s, WORD_LEN, s.len))
		h = mix(h, word_load(s.data), UINT64_C(0x9e3779b97f4a7c15));
	if (!s.len)
		return h;
	tail = (uint64_t)s.len << 56;
	for (size_t i = 0; i < s.len; i++)
		tail |= (uint64_t)(unsigned char)s.data[i] << 8 * i;
	return mix(h, tail, UINT64_C(0xc2b2ae3d27d4eb4f));
}

void hex_print(char *to, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	*to = '\0';
}
