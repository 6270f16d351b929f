/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a Protocol Buffers message as JSON, by a table of its fields: what an API says
 * over gRPC becomes what it says over HTTP, and one reader does for both. After the
 * protobuf JSON mapping (protobuf.dev, "ProtoJSON Format"), but that fields of the default
 * value stay absent, as they are on the wire, and that fields without a row are left out.
 *
 * A table has one row per field, and the rows of one message's fields stand together. Two
 * messages that differ in their numbers alone share a table: who reads says which numbers.
 */
#ifndef WIRE_PROTOBUF_JSON_H
#define WIRE_PROTOBUF_JSON_H

#include "buf.h"

#define PROTOBUF_JSON_DEPTH 40 /* messages within messages; deeper ones become null */

enum protobuf_kind {
	PROTOBUF_STRING,
	PROTOBUF_INT, /* int32, int64, enum: two's complement */
	PROTOBUF_BOOL,
	PROTOBUF_FLOAT,
	PROTOBUF_DOUBLE,
	PROTOBUF_WORD, /* enum, by its words; a number without one stays a number */
	PROTOBUF_MESSAGE,
	PROTOBUF_STRUCT, /* google.protobuf.Struct: any JSON object */
	PROTOBUF_VALUE,	 /* google.protobuf.Value: any JSON */
};

#define PROTOBUF_LAYOUTS 2

struct protobuf_row {
	uint32_t number[PROTOBUF_LAYOUTS]; /* 0: not in that layout */
	bool repeated;
	enum protobuf_kind kind;
	const char *name;
	const struct protobuf_message *message; /* of PROTOBUF_MESSAGE */
	const char *const *words;		/* of PROTOBUF_WORD; NULL ends them */
};

struct protobuf_message {
	const struct protobuf_row *rows;
	size_t n_rows;
};

/* `layout` chooses the numbers. 0; -EBADMSG when it is no message, and then what was read before
 * the damage stands there as valid JSON; the buffer's own error when it did not fit. */
int protobuf_json(struct buf *to, const struct protobuf_message *type, unsigned int layout,
		  struct slice message);

#endif
