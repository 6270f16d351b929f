/* SPDX-License-Identifier: Apache-2.0 */
#include "slab_column.h"

#include "cleanup.h"

#include <endian.h>
#include <errno.h>

#define HEAD 9

struct extent {
	int64_t least, most;
	size_t known;
};

static struct extent measure(const struct slab_column *c, size_t n)
{
	struct extent e = { INT64_MAX, INT64_MIN, 0 };

	for (size_t i = 0; i < n; i++) {
		if (!c->known[i])
			continue;
		e.least = MIN(e.least, c->values[i]);
		e.most = MAX(e.most, c->values[i]);
		e.known++;
	}
	return e;
}

/* Bytes that hold the codes of this extent. */
static unsigned int width_of(const struct extent *e, size_t n)
{
	uint64_t range = (uint64_t)e->most - (uint64_t)e->least;

	if (!range && e->known == n)
		return 0;
	for (unsigned int w = 1; w < 8; w++)
		if (range + 1 < UINT64_C(1) << 8 * w)
			return w;
	return 8;
}

static void encode_bits(const bool *known, size_t n, struct buf *to)
{
	unsigned char byte = 0;

	for (size_t i = 0; i < n; i++) {
		byte |= (unsigned char)(known[i] << i % 8);
		if (i % 8 == 7 || i + 1 == n) {
			buf_add(to, &byte, 1);
			byte = 0;
		}
	}
}

void slab_column_encode(const struct slab_column *c, size_t n, struct buf *to)
{
	struct extent e = measure(c, n);
	unsigned char width = (unsigned char)width_of(&e, n);
	uint64_t least = htole64((uint64_t)e.least);
	char *codes;

	if (!e.known)
		return;
	buf_add(to, &width, 1);
	buf_add(to, &least, sizeof(least));
	codes = width ? buf_reserve(to, n * width) : NULL;
	if (!codes)
		return;
	for (size_t i = 0; i < n; i++) {
		uint64_t code = (uint64_t)c->values[i] - (uint64_t)e.least + (width < 8);

		code = htole64(c->known[i] ? code : 0);
		memcpy(codes + i * width, &code, width);
	}
	buf_commit(to, n * width);
	if (width == 8)
		encode_bits(c->known, n, to);
}

/* Narrow codes, but for those so near the end that eight bytes cannot be read at once. */
static size_t decode_fast(const char *codes, size_t n, unsigned int width, uint64_t least,
			  struct slab_column *to)
{
	uint64_t mask = (UINT64_C(1) << 8 * width) - 1, code;
	size_t safe = n * width >= 8 ? (n * width - 8) / width + 1 : 0;

	for (size_t i = 0; i < safe; i++) {
		memcpy(&code, codes + i * width, 8);
		code = le64toh(code) & mask;
		to->known[i] = code;
		to->values[i] = code ? (int64_t)(least + code - 1) : 0;
	}
	return safe;
}

static void decode_narrow(const char *codes, size_t n, unsigned int width, uint64_t least,
			  struct slab_column *to)
{
	for (size_t i = decode_fast(codes, n, width, least, to); i < n; i++) {
		uint64_t code = 0;

		memcpy(&code, codes + i * width, width);
		code = le64toh(code);
		to->known[i] = code;
		to->values[i] = code ? (int64_t)(least + code - 1) : 0;
	}
}

static void decode_wide(const char *codes, size_t n, uint64_t least, struct slab_column *to)
{
	const char *bits = codes + 8 * n;

	for (size_t i = 0; i < n; i++) {
		uint64_t code;

		memcpy(&code, codes + 8 * i, 8);
		to->known[i] = bits[i / 8] >> i % 8 & 1;
		to->values[i] = to->known[i] ? (int64_t)(least + le64toh(code)) : 0;
	}
}

/* -EBADMSG, or the width. */
static int read_head(struct slice bytes, size_t n, uint64_t *ret_least)
{
	unsigned int width = (unsigned char)bytes.data[0];

	if (width > 8 || bytes.len != HEAD + n * width + (width == 8 ? (n + 7) / 8 : 0))
		return -EBADMSG;
	memcpy(ret_least, bytes.data + 1, sizeof(*ret_least));
	*ret_least = le64toh(*ret_least);
	return (int)width;
}

int slab_column_decode(struct slice bytes, size_t n, struct slab_column *to)
{
	uint64_t least;
	int width;

	if (!bytes.len) {
		memset(to->values, 0, n * sizeof(*to->values));
		memset(to->known, 0, n * sizeof(*to->known));
		return 0;
	}
	width = read_head(bytes, n, &least);
	if (width < 0)
		return width;
	if (width == 8)
		decode_wide(bytes.data + HEAD, n, least, to);
	else if (width)
		decode_narrow(bytes.data + HEAD, n, (unsigned int)width, least, to);
	for (size_t i = 0; !width && i < n; i++) {
		to->values[i] = (int64_t)least;
		to->known[i] = true;
	}
	return 0;
}

static void decode_one(const char *codes, size_t n, unsigned int width, uint64_t least, size_t i,
		       struct slab_column *to)
{
	uint64_t code = 0;

	memcpy(&code, codes + i * width, width);
	code = le64toh(code);
	to->known[i] = width < 8 ? code : (uint64_t)(codes[8 * n + i / 8] >> i % 8 & 1);
	to->values[i] = to->known[i] ? (int64_t)(least + code - (width < 8)) : 0;
}

int slab_column_decode_at(struct slice bytes, size_t n, const uint16_t *at, size_t n_at,
			  struct slab_column *to)
{
	const char *codes = bytes.data + HEAD;
	uint64_t least = 0;
	int width = bytes.len ? read_head(bytes, n, &least) : 0;

	if (width < 0)
		return width;
	if (!width)
		for (size_t i = 0; i < n_at; i++) {
			to->known[at[i]] = bytes.len;
			to->values[at[i]] = (int64_t)least;
		}
		/* Told apart so that each copies a fixed number of bytes. */
#define WIDTH(w)                                                                                   \
	case w:                                                                                    \
		for (size_t i = 0; i < n_at; i++)                                                  \
			decode_one(codes, n, w, least, at[i], to);                                 \
		break
	switch (width) {
		WIDTH(1);
		WIDTH(2);
		WIDTH(3);
		WIDTH(4);
		WIDTH(5);
		WIDTH(6);
		WIDTH(7);
		WIDTH(8);
	}
#undef WIDTH
	return 0;
}
