/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the Protocol Buffers wire format field by field, without a schema
 * (protobuf.dev, "Encoding"). Nothing is copied or allocated.
 *
 *	while (protobuf_next(&rest, &f) == 1)
 *		if (f.number == 3) ...
 *
 * Of a field that is there several times the last one counts, unless it is repeated.
 */
#ifndef WIRE_PROTOBUF_H
#define WIRE_PROTOBUF_H

#include "slice.h"

#define PROTOBUF_DEPTH_MAX 64 /* groups within groups */

enum protobuf_wire {
	PROTOBUF_VARINT = 0,
	PROTOBUF_I64 = 1,
	PROTOBUF_BYTES = 2, /* strings, bytes, messages, packed numbers */
	PROTOBUF_GROUP = 3, /* deprecated; skipped as one field */
	PROTOBUF_I32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_wire wire;
	uint64_t value;	    /* varint, i64, i32 */
	struct slice bytes; /* lent from the message; else absent */
};

/* Cuts the first field off *rest. 1; 0 at the end; -EBADMSG. */
int protobuf_next(struct slice *rest, struct protobuf_field *ret);
/* Cuts a varint off a packed field. 1; 0 at the end; -EBADMSG. */
int protobuf_next_varint(struct slice *rest, uint64_t *ret);
/* The last field of that number. 1; 0 when there is none; -EBADMSG. */
int protobuf_find(struct slice message, uint32_t number, struct protobuf_field *ret);
/* The bytes of the last field of that number; absent when there is none or it is not of
 * that kind. */
struct slice protobuf_bytes(struct slice message, uint32_t number);

/* What a value means. */
static inline int64_t protobuf_zigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

static inline double protobuf_double(uint64_t value)
{
	double d;

	__builtin_memcpy(&d, &value, sizeof(d));
	return d;
}

static inline float protobuf_float(uint64_t value)
{
	uint32_t low = (uint32_t)value;
	float f;

	__builtin_memcpy(&f, &low, sizeof(f));
	return f;
}

#endif
