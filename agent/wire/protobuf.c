/* SPDX-License-Identifier: Apache-2.0 */
#include "protobuf.h"

#include <errno.h>

#define END_GROUP 4
#define NUMBER_MAX ((1u << 29) - 1)

int protobuf_next_varint(struct slice *rest, uint64_t *ret)
{
	uint64_t value = 0;

	if (!rest->len)
		return 0;
	for (size_t i = 0; i < rest->len && i < 10; i++) {
		uint64_t byte = (unsigned char)rest->data[i];

		if (i == 9 && byte > 1)
			return -EBADMSG; /* more than 64 bits */
		value |= (byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		*rest = slice_sub(*rest, i + 1, rest->len);
		*ret = value;
		return 1;
	}
	return -EBADMSG;
}

static int get_fixed(struct slice *rest, size_t len, uint64_t *ret)
{
	uint64_t value = 0;

	if (rest->len < len)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)(unsigned char)rest->data[i] << (8 * i);
	*rest = slice_sub(*rest, len, rest->len);
	*ret = value;
	return 1;
}

static int get_bytes(struct slice *rest, struct slice *ret)
{
	uint64_t len;

	if (protobuf_next_varint(rest, &len) != 1 || len > rest->len)
		return -EBADMSG;
	*ret = slice_sub(*rest, 0, len);
	*rest = slice_sub(*rest, len, rest->len);
	return 1;
}

/* Key and value of one field, or one edge of a group. */
static int next_item(struct slice *rest, struct protobuf_field *ret, unsigned int *ret_wire)
{
	struct protobuf_field f = { 0 };
	uint64_t key;
	int r = protobuf_next_varint(rest, &key);

	if (r != 1)
		return r;
	if (key >> 3 == 0 || key >> 3 > NUMBER_MAX)
		return -EBADMSG;
	f.number = (uint32_t)(key >> 3);
	f.wire = (enum protobuf_wire)(key & 7);
	*ret_wire = key & 7;
	switch (*ret_wire) {
	case PROTOBUF_VARINT:
		r = protobuf_next_varint(rest, &f.value) == 1 ? 1 : -EBADMSG;
		break;
	case PROTOBUF_I64:
		r = get_fixed(rest, 8, &f.value);
		break;
	case PROTOBUF_BYTES:
		r = get_bytes(rest, &f.bytes);
		break;
	case PROTOBUF_I32:
		r = get_fixed(rest, 4, &f.value);
		break;
	case PROTOBUF_GROUP:
	case END_GROUP:
		break;
	default:
		r = -EBADMSG;
	}
	if (r == 1)
		*ret = f;
	return r;
}

/* Skips to the end of the group that has begun. */
static int skip_group(struct slice *rest, uint32_t number)
{
	uint32_t open[PROTOBUF_DEPTH_MAX];
	size_t depth = 0;

	open[depth++] = number;
	while (depth) {
		struct protobuf_field f;
		unsigned int wire;

		if (next_item(rest, &f, &wire) != 1)
			return -EBADMSG;
		if (wire == PROTOBUF_GROUP) {
			if (depth == PROTOBUF_DEPTH_MAX)
				return -EBADMSG;
			open[depth++] = f.number;
		} else if (wire == END_GROUP && open[--depth] != f.number) {
			return -EBADMSG;
		}
	}
	return 1;
}

int protobuf_next(struct slice *rest, struct protobuf_field *ret)
{
	struct slice after = *rest;
	struct protobuf_field f;
	unsigned int wire;
	int r = next_item(&after, &f, &wire);

	if (r == 1 && wire == END_GROUP)
		r = -EBADMSG;
	else if (r == 1 && wire == PROTOBUF_GROUP)
		r = skip_group(&after, f.number);
	if (r != 1)
		return r;
	*rest = after;
	*ret = f;
	return 1;
}

int protobuf_find(struct slice message, uint32_t number, struct protobuf_field *ret)
{
	struct protobuf_field f, found = { 0 };
	int r;

	while ((r = protobuf_next(&message, &f)) == 1)
		if (f.number == number)
			found = f;
	if (r == 0 && found.number) {
		*ret = found;
		r = 1;
	}
	return r;
}

struct slice protobuf_bytes(struct slice message, uint32_t number)
{
	struct protobuf_field f;

	return protobuf_find(message, number, &f) == 1 ? f.bytes : SLICE_NONE;
}
