/* SPDX-License-Identifier: Apache-2.0 */
#include "pb.h"

#include <errno.h>

size_t pb_varint_len(uint64_t v)
{
	size_t len = 1;

	while (v >>= 7)
		len++;
	return len;
}

static size_t put_varint(char *to, uint64_t v)
{
	size_t len = 0;

	for (; v >= 0x80; v >>= 7)
		to[len++] = (char)(v | 0x80);
	to[len++] = (char)v;
	return len;
}

void pb_varint(struct buf *b, uint64_t v)
{
	char *to = buf_reserve(b, pb_varint_len(v));

	if (to)
		buf_commit(b, put_varint(to, v));
}

static void pb_tag(struct buf *b, uint32_t field, enum pb_type type)
{
	pb_varint(b, (uint64_t)field << 3 | type);
}

void pb_uint(struct buf *b, uint32_t field, uint64_t v)
{
	pb_tag(b, field, PB_VARINT);
	pb_varint(b, v);
}

static void put_le(struct buf *b, uint64_t v, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to)
		return;
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(v >> 8 * i);
	buf_commit(b, len);
}

void pb_fixed64(struct buf *b, uint32_t field, uint64_t v)
{
	pb_tag(b, field, PB_FIXED64);
	put_le(b, v, 8);
}

void pb_fixed32(struct buf *b, uint32_t field, uint32_t v)
{
	pb_tag(b, field, PB_FIXED32);
	put_le(b, v, 4);
}

void pb_double(struct buf *b, uint32_t field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	pb_fixed64(b, field, bits);
}

void pb_len(struct buf *b, uint32_t field, size_t len)
{
	pb_tag(b, field, PB_LEN);
	pb_varint(b, len);
}

size_t pb_len_size(uint32_t field, size_t len)
{
	return pb_varint_len((uint64_t)field << 3) + pb_varint_len(len) + len;
}

void pb_bytes(struct buf *b, uint32_t field, struct slice v)
{
	pb_len(b, field, v.len);
	buf_add_slice(b, v);
}

void pb_string(struct buf *b, uint32_t field, struct slice v)
{
	size_t begin = pb_begin(b, field);

	buf_add_utf8(b, v);
	pb_end(b, begin);
}

/* Most submessages are shorter than 128 bytes: room for a length of one byte is left,
 * and what is longer is moved. */
size_t pb_begin(struct buf *b, uint32_t field)
{
	pb_tag(b, field, PB_LEN);
	buf_add_char(b, 0);
	return b->len;
}

void pb_end(struct buf *b, size_t begin)
{
	size_t len, extra;

	if (buf_error(b))
		return;
	len = b->len - begin;
	extra = pb_varint_len(len) - 1;
	if (extra) {
		if (!buf_reserve(b, extra))
			return;
		memmove(b->data + begin + extra, b->data + begin, len);
		buf_commit(b, extra);
	}
	put_varint(b->data + begin - 1, len);
}

static int get_varint(struct slice *rest, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < rest->len && i < PB_VARINT_MAX; i++) {
		uint8_t byte = (uint8_t)rest->data[i];

		v |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		*rest = slice_sub(*rest, i + 1, rest->len);
		*ret = v;
		return 0;
	}
	return -EBADMSG;
}

static int get_le(struct slice *rest, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	if (rest->len < len)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)(uint8_t)rest->data[i] << 8 * i;
	*rest = slice_sub(*rest, len, rest->len);
	*ret = v;
	return 0;
}

int pb_next(struct slice *rest, struct pb_field *ret)
{
	struct slice at = *rest;
	struct pb_field f = { 0 };
	uint64_t tag;
	int r;

	if (!at.len)
		return 0;
	r = get_varint(&at, &tag);
	if (r || !(tag >> 3) || tag >> 3 > UINT32_MAX >> 3)
		return -EBADMSG;
	f.number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case PB_VARINT:
		f.type = PB_VARINT;
		r = get_varint(&at, &f.value);
		break;
	case PB_FIXED64:
		f.type = PB_FIXED64;
		r = get_le(&at, 8, &f.value);
		break;
	case PB_FIXED32:
		f.type = PB_FIXED32;
		r = get_le(&at, 4, &f.value);
		break;
	case PB_LEN:
		f.type = PB_LEN;
		r = get_varint(&at, &f.value);
		if (!r && f.value > at.len)
			r = -EBADMSG;
		if (r)
			break;
		f.data = slice_sub(at, 0, f.value);
		at = slice_sub(at, f.value, at.len);
		break;
	default:
		r = -EBADMSG;
	}
	if (r)
		return r;
	*ret = f;
	*rest = at;
	return 1;
}
