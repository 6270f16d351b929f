/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol Buffers wire format (protobuf.dev/programming-guides/encoding): as much of
 * it as OTLP needs. Pure.
 *
 * Writers append to a buf, whose sticky error tells; they write zeros too: whether a
 * field is left out at its default is the caller's to know (in a oneof it may not be).
 */
#ifndef OTLP_PB_H
#define OTLP_PB_H

#include "buf.h"

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_LEN = 2, PB_FIXED32 = 5 };

#define PB_VARINT_MAX 10 /* bytes of the longest varint */

size_t pb_varint_len(uint64_t v);
void pb_varint(struct buf *b, uint64_t v);

void pb_uint(struct buf *b, uint32_t field, uint64_t v); /* also int64, bool, enum */
void pb_fixed64(struct buf *b, uint32_t field, uint64_t v);
void pb_fixed32(struct buf *b, uint32_t field, uint32_t v);
void pb_double(struct buf *b, uint32_t field, double v);
void pb_bytes(struct buf *b, uint32_t field, struct slice v);
/* A string has to be UTF-8, or the receiver refuses the whole request: other bytes
 * become U+FFFD. */
void pb_string(struct buf *b, uint32_t field, struct slice v);

/* A submessage whose length is not known yet: pb_end takes what pb_begin returned. */
size_t pb_begin(struct buf *b, uint32_t field);
void pb_end(struct buf *b, size_t begin);
/* One whose length is known: its tag and length; the caller appends the content. */
void pb_len(struct buf *b, uint32_t field, size_t len);
size_t pb_len_size(uint32_t field, size_t len); /* bytes of tag, length and content */

struct pb_field {
	uint32_t number;
	enum pb_type type;
	uint64_t value;	   /* VARINT, FIXED64, FIXED32 */
	struct slice data; /* LEN: lent from the input */
};

/* Cuts the next field off *rest. 1; 0 at the end; -EBADMSG for what is no message
 * (groups, gone from the format since 2008, included). */
int pb_next(struct slice *rest, struct pb_field *ret);

#endif
