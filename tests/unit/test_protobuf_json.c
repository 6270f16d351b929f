/* SPDX-License-Identifier: Apache-2.0 */
#include "protobuf_json.h"
#include "cleanup.h"
#include "test.h"

#include <errno.h>

static const char *const words[] = { "ZERO", "ONE", NULL };
static const struct protobuf_message type;
static const struct protobuf_row fields[] = {
	{ { 1, 1 }, false, PROTOBUF_STRING, "s", NULL, NULL },
	{ { 2, 2 }, true, PROTOBUF_STRING, "ss", NULL, NULL },
	{ { 3, 3 }, false, PROTOBUF_INT, "i", NULL, NULL },
	{ { 4, 4 }, false, PROTOBUF_BOOL, "b", NULL, NULL },
	{ { 5, 5 }, true, PROTOBUF_FLOAT, "f", NULL, NULL },
	{ { 6, 6 }, false, PROTOBUF_DOUBLE, "d", NULL, NULL },
	{ { 7, 7 }, false, PROTOBUF_WORD, "w", NULL, words },
	{ { 8, 8 }, true, PROTOBUF_MESSAGE, "m", &type, NULL },
	{ { 9, 9 }, false, PROTOBUF_STRUCT, "any", NULL, NULL },
	{ { 11, 12 }, true, PROTOBUF_VALUE, "values", NULL, NULL },
	{ { 13, 0 }, false, PROTOBUF_INT, "first", NULL, NULL },
	{ { 0, 13 }, false, PROTOBUF_INT, "second", NULL, NULL },
};
static const struct protobuf_message type = { fields, ARRAY_LEN(fields) };

static const struct {
	const char *name;
	struct slice message;
	int error;
	const char *want;
} cases[] = {
	{ "nothing", SLICE(""), 0, "{}" },
	{ "a string, escaped",
	  SLICE("\x0a\x03"
		"a\"\n"),
	  0, "{\"s\":\"a\\\"\\n\"}" },
	{ "no UTF-8", SLICE("\x0a\x01\xff"), 0, "{\"s\":\"\xef\xbf\xbd\"}" },
	{ "the last one counts",
	  SLICE("\x0a\x01"
		"a\x18\x01\x0a\x01"
		"b"),
	  0, "{\"s\":\"b\",\"i\":1}" },
	{ "repeated, in their order",
	  SLICE("\x12\x01"
		"a\x0a\x00\x12\x01"
		"b"),
	  0, "{\"s\":\"\",\"ss\":[\"a\",\"b\"]}" },
	{ "a negative number", SLICE("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0,
	  "{\"i\":-1}" },
	{ "bool", SLICE("\x20\x01"), 0, "{\"b\":true}" },
	{ "floats as they were written; not what JSON has no word for",
	  SLICE("\x2d\x33\x33\x33\x3f\x2d\x00\x00\x80\x7f\x2d\x00\x00\xc0\x7f"), 0,
	  "{\"f\":[0.7,null,null]}" },
	{ "double", SLICE("\x31\x9a\x99\x99\x99\x99\x99\xb9\x3f"), 0,
	  "{\"d\":0.10000000000000001}" },
	{ "a word, and a number that has none", SLICE("\x38\x01"), 0, "{\"w\":\"ONE\"}" },
	{ "a number without a word", SLICE("\x38\x02"), 0, "{\"w\":2}" },
	{ "messages in messages", SLICE("\x42\x04\x42\x02\x18\x05\x42\x00"), 0,
	  "{\"m\":[{\"m\":[{\"i\":5}]},{}]}" },
	{ "fields without a row, and of another type than theirs",
	  SLICE("\x50\x01\x0d\x00\x00\x00\x00\x18\x02"), 0, "{\"i\":2}" },
	{ "any object: number, string, bool, null, list, object, no value",
	  SLICE("\x4a\x3a"
		"\x0a\x0e\x0a\x01"
		"a\x12\x09\x11\0\0\0\0\0\0\xf8\x3f"
		"\x0a\x0d\x0a\x01"
		"l\x12\x08\x32\x06\x0a\x02\x20\x01\x0a\x00"
		"\x0a\x12\x0a\x01"
		"o\x12\x0d\x2a\x0b\x0a\x09\x0a\x01"
		"x\x12\x04\x1a\x02"
		"hi"
		"\x0a\x03\x0a\x01"
		"n"
		"\x0a\x00"),
	  0, "{\"any\":{\"a\":1.5,\"l\":[true,null],\"o\":{\"x\":\"hi\"},\"n\":null,\"\":null}}" },
	{ "any values", SLICE("\x5a\x03\x1a\x01x\x5a\x02\x20\x00\x5a\x00"), 0,
	  "{\"values\":[\"x\",false,null]}" },
	{ "damaged behind what is read", SLICE("\x18\x01\xff"), -EBADMSG, "{\"i\":1}" },
	{ "damaged inside", SLICE("\x42\x02\x18\xff\x18\x01"), -EBADMSG, "{\"i\":1,\"m\":[{}]}" },
};

TEST(protobuf_json_of_every_kind)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(64 * 1024);

		test_row("%s", cases[i].name);
		CHECK_INT(protobuf_json(&got, &type, 0, cases[i].message), cases[i].error);
		CHECK_STR(buf_slice(&got), cases[i].want);
	}
}

TEST(protobuf_json_by_layout)
{
	static const char *const want[PROTOBUF_LAYOUTS] = { "{\"values\":[1],\"first\":5}",
							    "{\"values\":[2],\"second\":5}" };

	for (unsigned int layout = 0; layout < PROTOBUF_LAYOUTS; layout++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(64 * 1024);

		CHECK_INT(protobuf_json(&got, &type, layout,
					SLICE("\x5a\x09\x11\0\0\0\0\0\0\xf0\x3f"
					      "\x62\x09\x11\0\0\0\0\0\0\x00\x40"
					      "\x68\x05")),
			  0);
		CHECK_STR(buf_slice(&got), want[layout]);
	}
}

TEST(protobuf_json_has_ceilings)
{
	_cleanup_(buf_cleanup) struct buf message = BUF_INIT(64 * 1024), got = BUF_INIT(64 * 1024);
	_cleanup_(buf_cleanup) struct buf small = BUF_INIT(8);
	char nested[300];
	size_t len = 0;

	/* Each level is the tag and the length of what is inside. */
	for (int depth = 0; depth < 60; depth++) {
		memmove(nested + 2, nested, len);
		nested[0] = 0x42;
		nested[1] = (char)len;
		len += 2;
	}
	CHECK_INT(protobuf_json(&got, &type, 0, (struct slice){ nested, len }), 0);
	CHECK(slice_find(buf_slice(&got), SLICE("null")) > 0);
	CHECK_INT(protobuf_json(&small, &type, 0,
				SLICE("\x0a\x05"
				      "hello")),
		  -ENOBUFS);
}

TEST(protobuf_json_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(64 * 1024);
		int r = protobuf_json(&got, &type, 0, cases[13].message);

		CHECK(!r || r == -ENOMEM || r == buf_error(&got));
	}
}
