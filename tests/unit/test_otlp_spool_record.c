/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_record.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>

TEST(heads_read_as_they_were_written)
{
	static const struct record_head rows[] = {
		{ .len = 0 },
		{ .len = 1, .units = 2, .content_sum = 3 },
		{ true, RECORD_CONTENT_MAX, UINT32_MAX, UINT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t bytes[RECORD_HEAD_LEN];
		struct record_head got = { 0 };

		record_head_write(bytes, &rows[i]);
		CHECK_INT(record_head_read(bytes, &got), 0);
		CHECK(got.delivered == rows[i].delivered && got.len == rows[i].len &&
		      got.units == rows[i].units && got.content_sum == rows[i].content_sum);
		/* Each bit, but for those of the byte of state. */
		for (size_t at = 0; at < sizeof(bytes) * 8; at++) {
			uint8_t flipped[RECORD_HEAD_LEN];

			memcpy(flipped, bytes, sizeof(bytes));
			flipped[at / 8] ^= (uint8_t)(1 << at % 8);
			CHECK_INT(record_head_read(flipped, &got),
				  at / 8 == RECORD_STATE_AT ? 0 : -EBADMSG);
		}
	}
}

TEST(too_long_is_none)
{
	const struct record_head h = { .len = RECORD_CONTENT_MAX + 1 };
	uint8_t bytes[RECORD_HEAD_LEN];
	struct record_head got;

	record_head_write(bytes, &h);
	CHECK_INT(record_head_read(bytes, &got), -EBADMSG);
}

TEST(the_sum_is_crc_32)
{
	CHECK_INT(record_sum(SLICE("123456789")), 0xcbf43926); /* the catalogue's check value */
}
