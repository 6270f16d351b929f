/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "json.h"
#include "test.h"

#include <errno.h>

#define TEXT_MAX (1 << 20)

static void release(struct json *j)
{
	json_release(j);
}

static struct json_val parse(struct json *j, const char *text)
{
	CHECK_INT(json_parse(j, slice_from(text)), 0);
	return json_root(j);
}

/* Writes the value back as compact JSON, so that whole documents can be compared. */
static void print(struct buf *to, struct json_val v)
{
	enum json_type type = json_type(v);
	struct buf s = BUF_INIT(TEXT_MAX);

	switch (type) {
	case JSON_ABSENT:
		buf_add_str(to, "<absent>");
		break;
	case JSON_STRING:
		json_str(v, &s);
		buf_add_json(to, buf_slice(&s));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		buf_add_char(to, type == JSON_ARRAY ? '[' : '{');
		for (struct json_val i = json_first(v); i.doc; i = json_next(i)) {
			if (i.at != json_first(v).at)
				buf_add_char(to, ',');
			if (type == JSON_OBJECT)
				buf_printf(to, "\"%.*s\":", SLICE_FMT(json_key(i)));
			print(to, i);
		}
		buf_add_char(to, type == JSON_ARRAY ? ']' : '}');
		break;
	default:
		buf_add_slice(to, json_raw(v));
	}
	buf_release(&s);
}

TEST(json_whole_documents)
{
	static const struct {
		const char *in;
		const char *want; /* NULL: not JSON */
	} rows[] = {
		{ "{}", "{}" },
		{ "[]", "[]" },
		{ " \t\r\n[ ] \n", "[]" },
		{ "\xef\xbb\xbf{}", "{}" },
		{ "null", "null" },
		{ "true", "true" },
		{ " false ", "false" },
		{ "12", "12" },
		{ "-0", "-0" },
		{ "\"\"", "\"\"" },
		{ "[1,-2.5,1e5,1E+5,0.1e-3,0]", "[1,-2.5,1e5,1E+5,0.1e-3,0]" },
		{ "{\"a\":{\"b\":[{},[],{\"c\":[1]}]},\"d\":null}",
		  "{\"a\":{\"b\":[{},[],{\"c\":[1]}]},\"d\":null}" },
		{ "{\"a\" : 1 , \"b\" : [ 1 , 2 ] }", "{\"a\":1,\"b\":[1,2]}" },
		{ "[\"0123456\\\\\",\"01234567\\\"\",\"\\\\\"]",
		  "[\"0123456\\\\\",\"01234567\\\"\",\"\\\\\"]" },
		{ "[\"a\nb\"]", "[\"a\\nb\"]" }, /* a raw control character passes */
		{ "", NULL },
		{ " ", NULL },
		{ "x", NULL },
		{ "{} x", NULL },
		{ "{}{}", NULL },
		{ "[1,]", NULL },
		{ "[,1]", NULL },
		{ "[1 2]", NULL },
		{ "{\"a\":1,}", NULL },
		{ "{,}", NULL },
		{ "{\"a\"}", NULL },
		{ "{\"a\",1}", NULL },
		{ "{a:1}", NULL },
		{ "{1:1}", NULL },
		{ "[}", NULL },
		{ "{]", NULL },
		{ "]", NULL },
		{ "[1]]", NULL },
		{ "[trux]", NULL },
		{ "truee", NULL },
		{ "[NaN]", NULL },
		{ "[01]", NULL },
		{ "[-]", NULL },
		{ "[-x]", NULL },
		{ "[1.]", NULL },
		{ "[.5]", NULL },
		{ "[1e]", NULL },
		{ "[1e+]", NULL },
		{ "[+1]", NULL },
		{ "[0x1]", NULL },
		{ "[\"\\x\"]", NULL },
		{ "[\"\\u12G4\"]", NULL },
		{ "['a']", NULL },
		{ "data: {}", NULL },
		{ "<html>", NULL },
	};

	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf got = BUF_INIT(TEXT_MAX);
		int r = json_parse(&j, slice_from(rows[i].in));

		test_row("%s", rows[i].in);
		CHECK_INT(r, rows[i].want ? 0 : -EBADMSG);
		CHECK(!json_truncated(&j));
		print(&got, json_root(&j));
		CHECK_STR(buf_slice(&got), rows[i].want ? rows[i].want : "<absent>");
		buf_release(&got);
	}
}

TEST(json_truncated_documents)
{
	static const struct {
		const char *in;
		const char *want;
	} rows[] = {
		{ "{", "{}" },
		{ "[", "[]" },
		{ "{\"", "{}" },
		{ "{\"a", "{}" },
		{ "{\"a\"", "{}" },
		{ "{\"a\":", "{}" },
		{ "{\"a\": ", "{}" },
		{ "{\"a\":1", "{}" }, /* 1 may be 17 */
		{ "{\"a\":1 ", "{\"a\":1}" },
		{ "{\"a\":1,", "{\"a\":1}" },
		{ "{\"a\":1,\"b\"", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":-", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":1.", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":1e", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":1e+", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":tru", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":true", "{\"a\":1,\"b\":true}" },
		{ "{\"a\":\"", "{\"a\":\"\"}" },
		{ "{\"a\":\"xy", "{\"a\":\"xy\"}" },
		{ "{\"a\":\"xy\\", "{\"a\":\"xy\"}" },
		{ "{\"a\":\"xy\\\\", "{\"a\":\"xy\\\\\"}" },
		{ "{\"a\":\"xy\\u00e", "{\"a\":\"xy\"}" },
		{ "{\"a\":\"xy\\u00e9", "{\"a\":\"xy\xc3\xa9\"}" },
		{ "{\"a\":\"xy\\ud83d", "{\"a\":\"xy\"}" },
		{ "{\"a\":\"xy\\ud83d\\ude", "{\"a\":\"xy\"}" },
		{ "{\"a\":\"xy\\\\ud83d", "{\"a\":\"xy\\\\ud83d\"}" },
		{ "{\"a\":\"\xc3", "{\"a\":\"\"}" },
		{ "{\"a\":\"\xf0\x9f\x98", "{\"a\":\"\"}" },
		{ "{\"a\":\"\xf0\x9f\x98\x80", "{\"a\":\"\xf0\x9f\x98\x80\"}" },
		{ "[\"x\"", "[\"x\"]" },
		{ "{\"a\":[\"x\"]", "{\"a\":[\"x\"]}" },
		{ "{\"a\":[\"x\"],\"", "{\"a\":[\"x\"]}" },
		{ "{\"a\":{\"b\":[1,{\"c\":\"d", "{\"a\":{\"b\":[1,{\"c\":\"d\"}]}}" },
		{ "-", "<absent>" },
		{ "1e", "<absent>" },
		{ "fal", "<absent>" },
		{ "\"abc", "\"abc\"" },
	};
	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf got = BUF_INIT(TEXT_MAX);

		test_row("%s", rows[i].in);
		print(&got, parse(&j, rows[i].in));
		CHECK(json_truncated(&j));
		CHECK_STR(buf_slice(&got), rows[i].want);
		buf_release(&got);
	}
}

TEST(json_cut_marks_what_is_unfinished)
{
	_cleanup_(release) struct json j;
	struct json_val v;

	json_init(&j);
	v = parse(&j, "{\"a\":[1],\"b\":\"x\",\"c\":[2,\"yz");
	CHECK(json_cut(v));
	CHECK(!json_cut(json_get(v, "a")));
	CHECK(!json_cut(json_get(v, "b")));
	CHECK(json_cut(json_get(v, "c")));
	CHECK(!json_cut(json_first(json_get(v, "c"))));
	CHECK(json_cut(json_next(json_first(json_get(v, "c")))));
	CHECK_STR(json_raw(json_get(v, "c")), "[2,\"yz");
	CHECK(!json_cut(JSON_NONE));
	v = parse(&j, "{\"a\":[]}");
	CHECK(!json_cut(v));
}

/* Every prefix of a document is that document, cut: nothing that can be read in it is
 * anything but the beginning of what the whole one says. */
TEST(json_every_cut_reads_a_beginning)
{
	static const char text[] =
		"{\"id\":\"c-\\u00e9\\ud83d\\ude00\",\"n\":[12,-3.5e+2,true,null],\"o\":{\"k\\n\":"
		"{\"t\":\"\xe2\x82\xac\"},\"e\":{},\"f\":[]},\"usage\":{\"total\":1234}}";
	_cleanup_(release) struct json whole, cut;
	_cleanup_(buf_cleanup) struct buf id = BUF_INIT(100);

	json_init(&whole);
	json_init(&cut);
	parse(&whole, text);
	json_str(json_get(json_root(&whole), "id"), &id);
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		_cleanup_(buf_cleanup) struct buf part = BUF_INIT(100);
		_cleanup_free_ char *copy = malloc(len); /* ASan sees a read past the end */
		int64_t total = 1234;

		memcpy(copy, text, len);
		test_row("%zu bytes", len);
		CHECK_INT(json_parse(&cut, (struct slice){ copy, len }), 0);
		CHECK(json_truncated(&cut));
		CHECK(cut.count <= whole.count);
		json_str(json_get(json_root(&cut), "id"), &part);
		CHECK(slice_starts(buf_slice(&id), buf_slice(&part)));
		json_i64(json_path(json_root(&cut), "usage.total"), &total);
		CHECK_INT(total, 1234);
		if (json_get(json_root(&cut), "usage").doc)
			CHECK_INT(json_len(json_get(json_root(&cut), "n")), 4);
	}
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

TEST(json_depth_has_a_ceiling)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	_cleanup_(release) struct json j;

	json_init(&j);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	CHECK_INT(json_parse(&j, (struct slice){ text + 1, 2 * JSON_DEPTH_MAX }), 0);
	CHECK(!json_truncated(&j));
	CHECK_INT(json_parse(&j, (struct slice){ text, 2 * JSON_DEPTH_MAX + 2 }), -ENOBUFS);
	CHECK(!json_root(&j).doc);
}

TEST(json_tokens_have_a_ceiling)
{
	size_t len = 2 * (size_t)JSON_TOKENS_MAX + 3;
	_cleanup_free_ char *text = malloc(len);
	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 2 ? '1' : ',';
	text[0] = '[';
	text[2 * ((size_t)JSON_TOKENS_MAX - 1)] = ']';
	CHECK_INT(json_parse(&j, (struct slice){ text, 2 * ((size_t)JSON_TOKENS_MAX - 1) + 1 }), 0);
	CHECK_INT(json_len(json_root(&j)), JSON_TOKENS_MAX - 1);
	text[2 * ((size_t)JSON_TOKENS_MAX - 1)] = ',';
	text[len - 1] = ']';
	CHECK_INT(json_parse(&j, (struct slice){ text, len }), -ENOBUFS);
	CHECK_INT(json_parse(&j, SLICE("{}")), 0);
	CHECK(j.size < 4096); /* the large array is not kept for a small document */
}

TEST(json_without_memory)
{
	static const char text[] =
		"[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,"
		"3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,"
		"5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0]";
	int oom = 0, fine = 0;

	EACH_MALLOC_FAILURE
	{
		struct json j;
		int r;

		json_init(&j);
		r = json_parse(&j, slice_from(text));
		oom += r == -ENOMEM && !json_root(&j).doc;
		fine += r == 0 && json_len(json_root(&j)) == 80;
		json_release(&j);
	}
	CHECK_INT(oom, 2);
	CHECK_INT(fine, 1);
}
