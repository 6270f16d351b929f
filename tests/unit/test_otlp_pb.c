/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "pb.h"
#include "test.h"

#include <errno.h>

TEST(pb_varints)
{
	static const struct {
		uint64_t value;
		struct slice want;
	} rows[] = {
		{ 0, SLICE("\0") },
		{ 1, SLICE("\x01") },
		{ 127, SLICE("\x7f") },
		{ 128, SLICE("\x80\x01") },
		{ 150, SLICE("\x96\x01") },
		{ 16383, SLICE("\xff\x7f") },
		{ 16384, SLICE("\x80\x80\x01") },
		{ UINT32_MAX, SLICE("\xff\xff\xff\xff\x0f") },
		{ UINT64_MAX, SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

		test_row("%llu", (unsigned long long)rows[i].value);
		pb_varint(&b, rows[i].value);
		CHECK_SLICE(buf_slice(&b), rows[i].want);
		CHECK_INT(pb_varint_len(rows[i].value), rows[i].want.len);
	}
}

TEST(pb_submessages_of_every_length)
{
	static const size_t lens[] = { 0, 1, 126, 127, 128, 129, 16383, 16384, 16385, 2097152 };

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4 * 1024 * 1024);
		char *text = malloc(lens[i] + 1);
		struct slice rest, inner;
		struct pb_field f;
		size_t outer;

		memset(text, 'x', lens[i]);
		outer = pb_begin(&b, 3);
		pb_string(&b, 2, (struct slice){ text, lens[i] });
		pb_uint(&b, 1, 7);
		pb_end(&b, outer);
		rest = buf_slice(&b);
		CHECK_INT(pb_next(&rest, &f), 1);
		CHECK_INT(f.number, 3);
		CHECK_INT(rest.len, 0);
		CHECK_INT(b.len, pb_len_size(3, f.data.len));
		inner = f.data;
		CHECK_INT(pb_next(&inner, &f), 1);
		CHECK_SLICE(f.data, ((struct slice){ text, lens[i] }));
		CHECK_INT(pb_next(&inner, &f), 1);
		CHECK_INT(f.value, 7);
		CHECK_INT(pb_next(&inner, &f), 0);
		free(text);
	}
}

TEST(pb_strings_are_utf8)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100);

	pb_string(&b, 1, SLICE("plain text \xff and \xc3\xa9"));
	CHECK_STR(buf_slice(&b), "\x0a\x15plain text \xef\xbf\xbd and \xc3\xa9");
}

TEST(pb_reads_fields_and_refuses_garbage)
{
	static const struct {
		const char *name;
		struct slice in;
		int want;
		uint32_t number;
		enum pb_type type;
		uint64_t value;
	} rows[] = {
		{ "nothing", SLICE(""), 0, 0, 0, 0 },
		{ "varint", SLICE("\x08\x96\x01"), 1, 1, PB_VARINT, 150 },
		{ "fixed64", SLICE("\x11\x01\0\0\0\0\0\0\x80"), 1, 2, PB_FIXED64,
		  UINT64_C(0x8000000000000001) },
		{ "fixed32", SLICE("\x1d\x01\x02\x03\x04"), 1, 3, PB_FIXED32, 0x04030201 },
		{ "padded varint", SLICE("\x08\x81\x80\0"), 1, 1, PB_VARINT, 1 },
		{ "cut off tag", SLICE("\x88"), -EBADMSG, 0, 0, 0 },
		{ "cut off varint", SLICE("\x08\x96"), -EBADMSG, 0, 0, 0 },
		{ "cut off fixed64", SLICE("\x11\x01\0\0\0\0\0\0"), -EBADMSG, 0, 0, 0 },
		{ "cut off fixed32", SLICE("\x1d\x01\x02\x03"), -EBADMSG, 0, 0, 0 },
		{ "cut off bytes",
		  SLICE("\x0a\x05"
			"abcd"),
		  -EBADMSG, 0, 0, 0 },
		{ "huge length", SLICE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), -EBADMSG, 0,
		  0, 0 },
		{ "endless varint", SLICE("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		  -EBADMSG, 0, 0, 0 },
		{ "field 0", SLICE("\0\x01"), -EBADMSG, 0, 0, 0 },
		{ "field too large", SLICE("\xf8\xff\xff\xff\x7f\x01"), -EBADMSG, 0, 0, 0 },
		{ "group", SLICE("\x0b\x0c"), -EBADMSG, 0, 0, 0 },
		{ "type 6", SLICE("\x0e\x01"), -EBADMSG, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i].in;
		struct pb_field f = { 0 };

		test_row("%s", rows[i].name);
		CHECK_INT(pb_next(&rest, &f), rows[i].want);
		CHECK_INT(f.number, rows[i].number);
		CHECK_INT(f.type, rows[i].type);
		CHECK_INT(f.value, rows[i].value);
		CHECK_INT(rest.len, rows[i].want == 1 ? 0 : rows[i].in.len);
	}
}

TEST(pb_without_memory_or_room)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1000);
		size_t at = pb_begin(&b, 1);

		for (int i = 0; i < 30; i++) {
			pb_string(&b, 2, SLICE("0123456789"));
			pb_double(&b, 3, 1.5);
		}
		pb_end(&b, at);
		CHECK(buf_error(&b) == 0 || buf_error(&b) == -ENOMEM);
	}
	/* Every ceiling: the length that has to grow in place may be what does not fit. */
	for (size_t max = 0; max < 220; max++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(max);
		char text[200] = { 0 };
		size_t at = pb_begin(&b, 1);

		buf_add(&b, text, sizeof(text));
		pb_end(&b, at);
		CHECK_INT(buf_error(&b), max < 203 ? -ENOBUFS : 0);
	}
}
