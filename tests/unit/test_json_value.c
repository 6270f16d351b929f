/* SPDX-License-Identifier: Apache-2.0 */
/* Reading values; test_json.c has the documents. */
#include "cleanup.h"
#include "json.h"
#include "test.h"

#include <errno.h>

static void release(struct json *j)
{
	json_release(j);
}

static struct json_val parse(struct json *j, const char *text)
{
	CHECK_INT(json_parse(j, slice_from(text)), 0);
	return json_root(j);
}

TEST(json_strings)
{
	static const struct {
		const char *name;
		struct slice in;
		struct slice want;
	} rows[] = {
		{ "plain", SLICE("abc"), SLICE("abc") },
		{ "empty", SLICE(""), SLICE("") },
		{ "named", SLICE("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SLICE("\"\\/\b\f\n\r\t") },
		{ "nul", SLICE("a\\u0000b"), SLICE("a\0b") },
		{ "raw nul", SLICE("a\0b"), SLICE("a\0b") },
		{ "two bytes", SLICE("\\u00E9\\u07ff"), SLICE("\xc3\xa9\xdf\xbf") },
		{ "three bytes", SLICE("\\u20ac\\uffff"), SLICE("\xe2\x82\xac\xef\xbf\xbf") },
		{ "pair", SLICE("\\ud83d\\ude00"), SLICE("\xf0\x9f\x98\x80") },
		{ "highest", SLICE("\\uDBFF\\uDFFF"), SLICE("\xf4\x8f\xbf\xbf") },
		{ "lone high", SLICE("\\ud83dx"), SLICE("\xef\xbf\xbdx") },
		{ "lone low", SLICE("x\\ude00"), SLICE("x\xef\xbf\xbd") },
		{ "two highs", SLICE("\\ud83d\\ud83d\\ude00"),
		  SLICE("\xef\xbf\xbd\xf0\x9f\x98\x80") },
		{ "high, other escape", SLICE("\\ud83d\\n"), SLICE("\xef\xbf\xbd\n") },
		{ "high, character", SLICE("\\ud83d\\u0041"),
		  SLICE("\xef\xbf\xbd"
			"A") },
		{ "high, behind the lows", SLICE("\\ud83d\\ue000"),
		  SLICE("\xef\xbf\xbd\xee\x80\x80") },
		{ "not UTF-8", SLICE("a\xff\xc3(b"), SLICE("a\xef\xbf\xbd\xef\xbf\xbd(b") },
		{ "long, then an escape", SLICE("0123456789abcdef\\n0123456789"),
		  SLICE("0123456789abcdef\n0123456789") },
		{ "long, UTF-8",
		  SLICE("01234\xc3\xa9"
			"789abcdefgh\xe2\x82\xac"),
		  SLICE("01234\xc3\xa9"
			"789abcdefgh\xe2\x82\xac") },
	};
	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf doc = BUF_INIT(1000);
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1000);

		test_row("%s", rows[i].name);
		buf_add_char(&doc, '"');
		buf_add_slice(&doc, rows[i].in);
		buf_add_char(&doc, '"');
		CHECK_INT(json_parse(&j, buf_slice(&doc)), 0);
		CHECK_INT(json_str(json_root(&j), &got), 0);
		CHECK_SLICE(buf_slice(&got), rows[i].want);
		CHECK_SLICE(json_raw(json_root(&j)), rows[i].in);
	}
}

TEST(json_members)
{
	_cleanup_(release) struct json j;
	struct json_val v, i;

	json_init(&j);
	v = parse(&j, "{\"a\":1,\"b\":{\"c\":{\"d\":\"deep\"}},\"\\u0061b\":2,\"a\":3,\"\":4,"
		      "\"list\":[{\"a\":9},[7],8],\"null\":null,\"a\\u0000z\":5}");
	CHECK_STR(json_raw(json_get(v, "a")), "3"); /* the last one */
	CHECK_STR(json_raw(json_get(v, "ab")), "2");
	CHECK_STR(json_raw(json_get(v, "")), "4");
	CHECK(!json_get(v, "d").doc);
	CHECK(!json_get(v, "abc").doc);
	CHECK(json_is(json_path(v, "b.c.d"), "deep"));
	CHECK(!json_is(json_path(v, "b.c.d"), "dee"));
	CHECK(!json_is(json_path(v, "b.c.d"), "deeper"));
	CHECK(!json_path(v, "b.x.d").doc);
	CHECK(!json_path(v, "a.b").doc);
	CHECK_INT(json_type(json_path(v, "b.c")), JSON_OBJECT);
	CHECK_INT(json_len(v), 8);
	CHECK_INT(json_len(json_get(v, "list")), 3);
	CHECK_INT(json_len(json_get(v, "a")), 0);
	i = json_first(json_get(v, "list"));
	CHECK_STR(json_raw(json_get(i, "a")), "9");
	CHECK(!json_key(i).data);
	i = json_next(i);
	CHECK_STR(json_raw(json_first(i)), "7");
	CHECK(!json_next(json_first(i)).doc);
	i = json_next(i);
	CHECK_STR(json_raw(i), "8");
	CHECK(!json_next(i).doc);
	CHECK(!json_first(i).doc);
	CHECK_STR(json_key(json_get(v, "ab")), "\\u0061b");
	CHECK(!json_key(v).data);
	CHECK_INT(json_type(JSON_NONE), JSON_ABSENT);
	CHECK(!json_get(JSON_NONE, "a").doc);
	CHECK(!json_first(JSON_NONE).doc);
	CHECK(!json_next(JSON_NONE).doc);
	CHECK(!json_raw(JSON_NONE).data);
	CHECK(!json_is(json_get(v, "null"), "null"));
}

TEST(json_whole_numbers)
{
	static const struct {
		const char *in;
		int want; /* the return value */
		int64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "-0.0e9", 0, 0 },
		{ "12", 0, 12 },
		{ "12.0", 0, 12 },
		{ "1200e-2", 0, 12 },
		{ "1.2e1", 0, 12 },
		{ "1E3", 0, 1000 },
		{ "1e18", 0, 1000000000000000000 },
		{ "1e19", -ERANGE, 0 },
		{ "9007199254740993", 0, 9007199254740993 }, /* no double */
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775807.000", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "92233720368547758070e-1", 0, INT64_MAX },
		{ "1000000000000000000000000000000e-29", 0, 10 },
		{ "0.0000000000000000000001e22", 0, 1 },
		{ "1.5", -ERANGE, 0 },
		{ "1e-1", -ERANGE, 0 },
		{ "1e400", -ERANGE, 0 },
		{ "1e99999999999999999999", -ERANGE, 0 },
		{ "0e99999999999999999999", 0, 0 },
		{ "1e-99999999999999999999", -ERANGE, 0 },
		{ "1.00000000000000000000000000000001", -ERANGE, 0 },
		{ "\"12\"", -EINVAL, 0 },
		{ "true", -EINVAL, 0 },
		{ "null", -ENOENT, 0 },
	};
	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t got = 77;

		test_row("%s", rows[i].in);
		CHECK_INT(json_i64(parse(&j, rows[i].in), &got), rows[i].want);
		CHECK_INT(got, rows[i].want ? 77 : rows[i].value);
	}
}

TEST(json_doubles)
{
	static const char *const rows[] = {
		"0",
		"-0",
		"0.1",
		"0.3",
		"12.0",
		"1e22",
		"1e23",
		"123456789012345678",
		"9007199254740993",
		"1.7976931348623157e308",
		"5e-324",
		"1e-400",
		"2.2250738585072011e-308",
		"0.1e-6",
		"179769313486231580793728971405301e270",
		"3.141592653589793238462643383",
		"1000000000000000000000000000000e-29",
		"8.41e-22",
		"9.5e-23",
		"7e-23",
		"9007199254740993e5",
		"9007199254740993e-5",
		"9007199254740995e22",
		"1234567890123456789e-7",
		"8888888888888888881e3",
		"0.000000000000000000000001",
	};
	_cleanup_(release) struct json j;
	_cleanup_(buf_cleanup) struct buf longest = BUF_INIT(5000);
	double got = 77;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double want = strtod(rows[i], NULL);

		test_row("%s", rows[i]);
		CHECK_INT(json_f64(parse(&j, rows[i]), &got), 0);
		CHECK(!memcmp(&got, &want, sizeof(got))); /* -0 too */
	}
	test_row(NULL);
	got = 77;
	CHECK_INT(json_f64(parse(&j, "1e400"), &got), -ERANGE);
	CHECK_INT(json_f64(parse(&j, "-1e400"), &got), -ERANGE);
	CHECK_INT(json_f64(parse(&j, "null"), &got), -ENOENT);
	CHECK_INT(json_f64(parse(&j, "[]"), &got), -EINVAL);
	CHECK_INT(json_f64(JSON_NONE, &got), -ENOENT);
	buf_add_str(&longest, "0.");
	for (int i = 0; i < 2000; i++)
		buf_add_char(&longest, '7');
	CHECK_INT(json_f64(parse(&j, longest.data), &got), -ERANGE);
	CHECK(got == 77);
}

TEST(json_other_getters)
{
	_cleanup_(release) struct json j;
	_cleanup_(buf_cleanup) struct buf s = BUF_INIT(4);
	struct json_val v;
	bool b = false;

	json_init(&j);
	v = parse(&j, "{\"t\":true,\"f\":false,\"s\":\"12345\",\"z\":null}");
	CHECK_INT(json_bool(json_get(v, "t"), &b), 0);
	CHECK(b);
	CHECK_INT(json_bool(json_get(v, "f"), &b), 0);
	CHECK(!b);
	CHECK_INT(json_bool(json_get(v, "s"), &b), -EINVAL);
	CHECK_INT(json_bool(json_get(v, "z"), &b), -ENOENT);
	CHECK_INT(json_bool(json_get(v, "no"), &b), -ENOENT);
	CHECK_INT(json_str(json_get(v, "t"), &s), -EINVAL);
	CHECK_INT(json_str(json_get(v, "z"), &s), -ENOENT);
	CHECK_INT(json_str(json_get(v, "no"), &s), -ENOENT);
	CHECK_INT(s.len, 0);
	CHECK_INT(json_str(json_get(v, "s"), &s), -ENOBUFS);
}
