/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"
#include "cleanup.h"
#include "test.h"

#include <errno.h>

TEST(buf_grows_to_its_ceiling)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1000);

	for (int i = 0; i < 1000; i++)
		CHECK_INT(buf_add_char(&b, 'x'), 0);
	CHECK_INT(b.len, 1000);
	CHECK_INT(buf_add_char(&b, 'x'), -ENOBUFS);
	CHECK_INT(buf_error(&b), -ENOBUFS);
	CHECK_INT(b.len, 1000);
	buf_reset(&b, 0);
	CHECK_INT(buf_add_str(&b, "again"), 0);
	CHECK_STR(buf_slice(&b), "again");
}

TEST(buf_error_is_sticky_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000);
		size_t want = 0;

		for (int i = 0; i < 300; i++)
			want += buf_printf(&b, "%03d", i) ? 0 : 3;
		CHECK_INT(b.len, want);
		CHECK(!buf_error(&b) == (want == 900));
	}
}

TEST(buf_hex)
{
	const unsigned char bytes[] = { 0x00, 0x0f, 0xa0, 0xff };
	struct buf b = BUF_INIT(9);

	CHECK_INT(buf_add_hex(&b, bytes, sizeof(bytes)), 0);
	CHECK_SLICE(buf_slice(&b), SLICE("000fa0ff"));
	CHECK_INT(buf_add_hex(&b, bytes, 0), 0);
	CHECK_INT(buf_add_hex(&b, bytes, 1), -ENOBUFS);
	CHECK_SLICE(buf_slice(&b), SLICE("000fa0ff"));
	buf_release(&b);
}

TEST(buf_json_strings)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *want;
	} rows[] = {
		{ "plain", SLICE("abc"), "\"abc\"" },
		{ "empty", SLICE(""), "\"\"" },
		{ "quotes", SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\"" },
		{ "controls", SLICE("\n\r\t\x01\x7f"), "\"\\n\\r\\t\\u0001\\u007f\"" },
		{ "nul", SLICE("a\0b"), "\"a\\u0000b\"" },
		{ "utf-8", SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "stray byte",
		  SLICE("a\xff"
			"b"),
		  "\"a\xef\xbf\xbd"
		  "b\"" },
		{ "overlong", SLICE("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "surrogate", SLICE("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "cut off", SLICE("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1000);

		test_row("%s", rows[i].name);
		buf_add_json(&b, rows[i].in);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
}

TEST(buf_text_is_utf8)
{
	static const struct {
		struct slice in;
		const char *want;
	} rows[] = {
		{ SLICE(""), "" },
		{ SLICE("plain text, longer than a word"), "plain text, longer than a word" },
		{ SLICE("12345678\xc3\xa9"
			"2345678\xff"
			"x"),
		  "12345678\xc3\xa9"
		  "2345678\xef\xbf\xbdx" },
		{ SLICE("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd" },
		{ SLICE("\n\x01\"\\"), "\n\x01\"\\" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1000);

		test_row("%zu", i);
		buf_add_utf8(&b, rows[i].in);
		CHECK_STR(buf_slice(&b), rows[i].want);
	}
}

TEST(buf_base64)
{
	static const struct {
		struct slice text;
		struct slice want;
		int result;
	} rows[] = {
		{ SLICE(""), SLICE(""), 0 },
		{ SLICE("QQ=="), SLICE("A"), 0 },
		{ SLICE("QUJD\r\n RA"), SLICE("ABCD"), 0 },
		{ SLICE("+/+/"), SLICE("\xfb\xff\xbf"), 0 },
		{ SLICE("A-B_"), SLICE(""), -EBADMSG },
		{ SLICE("A\0AA"), SLICE(""), -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(64);

		test_row("%s", rows[i].text.data);
		CHECK_INT(buf_add_base64(&b, rows[i].text), rows[i].result);
		if (!rows[i].result)
			CHECK(slice_eq(buf_slice(&b), rows[i].want) ||
			      (!b.len && !rows[i].want.len));
	}
	test_row(NULL);
}
