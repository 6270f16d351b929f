/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "protobuf.h"
#include "test.h"

#include <errno.h>

TEST(protobuf_fields)
{
	/* 1: 150, 2: "testing", 3: {1: 5}, 4: -1, 5: 1.0f, 6: 1.0, 7: packed 3, 270 */
	const struct slice message = SLICE("\x08\x96\x01\x12\x07testing\x1a\x02\x08\x05"
					   "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
					   "\x2d\0\0\x80\x3f\x31\0\0\0\0\0\0\xf0\x3f"
					   "\x3a\x03\x03\x8e\x02");
	struct slice rest = message, packed;
	struct protobuf_field f;
	uint64_t value;

	for (uint32_t i = 1; i <= 7; i++) {
		CHECK_INT(protobuf_next(&rest, &f), 1);
		CHECK_INT(f.number, i);
	}
	CHECK_INT(protobuf_next(&rest, &f), 0);
	CHECK_INT(protobuf_find(message, 1, &f), 1);
	CHECK_INT(f.value, 150);
	CHECK_STR(protobuf_bytes(message, 2), "testing");
	CHECK_INT(protobuf_find(protobuf_bytes(message, 3), 1, &f), 1);
	CHECK_INT(f.value, 5);
	CHECK_INT(protobuf_find(message, 4, &f), 1);
	CHECK_INT((int64_t)f.value, -1);
	CHECK_INT(protobuf_find(message, 5, &f), 1);
	CHECK(protobuf_float(f.value) == 1.0f);
	CHECK_INT(protobuf_find(message, 6, &f), 1);
	CHECK(protobuf_double(f.value) == 1.0);
	packed = protobuf_bytes(message, 7);
	CHECK_INT(protobuf_next_varint(&packed, &value), 1);
	CHECK_INT(value, 3);
	CHECK_INT(protobuf_next_varint(&packed, &value), 1);
	CHECK_INT(value, 270);
	CHECK_INT(protobuf_next_varint(&packed, &value), 0);
	CHECK_INT(protobuf_find(message, 8, &f), 0);
	CHECK_SLICE(protobuf_bytes(message, 1), SLICE_NONE);
	CHECK_INT(protobuf_zigzag(1), -1);
	CHECK_INT(protobuf_zigzag(4294967294), 2147483647);
}

TEST(protobuf_last_one_counts)
{
	struct protobuf_field f;

	CHECK_INT(protobuf_find(SLICE("\x08\x01\x08\x02"), 1, &f), 1);
	CHECK_INT(f.value, 2);
}

TEST(protobuf_groups_are_one_field)
{
	struct slice rest = SLICE("\x0b\x08\x01\x13\x08\x07\x14\x0c\x08\x03");
	struct protobuf_field f;

	CHECK_INT(protobuf_next(&rest, &f), 1);
	CHECK_INT(f.number, 1);
	CHECK_INT(f.wire, PROTOBUF_GROUP);
	CHECK_INT(protobuf_next(&rest, &f), 1);
	CHECK_INT(f.value, 3);
	CHECK_INT(protobuf_next(&rest, &f), 0);
}

TEST(protobuf_garbage)
{
	static char deep[200];
	static const struct slice rows[] = {
		SLICE("\x08"),	   /* no value */
		SLICE("\x08\x80"), /* half a varint */
		SLICE("\x00\x01"), /* field 0 */
		SLICE("\x0e\x01"), /* wire type 6 */
		SLICE("\x12\x05"
		      "abcd"), /* longer than the message */
		SLICE("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		SLICE("\x0d\0\0\0"),
		SLICE("\x09\0\0\0\0\0\0\0"),
		SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* 65 bits */
		SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		SLICE("\x80\x80\x80\x80\x10\x01"), /* number of 30 bits */
		SLICE("\x0c"),			   /* end of no group */
		SLICE("\x0b\x14"),		   /* end of another group */
		SLICE("\x0b\x08\x01"),		   /* group without end */
		{ deep, sizeof(deep) },
	};

	memset(deep, 0x0b, sizeof(deep));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i];
		struct protobuf_field f;

		test_row("row %zu", i);
		CHECK_INT(protobuf_next(&rest, &f), -EBADMSG);
		CHECK_INT(rest.len, rows[i].len);
		CHECK_INT(protobuf_find(rows[i], 1, &f), -EBADMSG);
	}
}
