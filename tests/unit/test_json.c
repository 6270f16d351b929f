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

static const struct {
	const char *in;
	const char *want; /* NULL: not JSON */
} documents[] = {
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

TEST(json_whole_documents)
{
	_cleanup_(release) struct json j;

	json_init(&j);
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		struct buf got = BUF_INIT(TEXT_MAX);
		int r = json_parse(&j, slice_from(documents[i].in));

		test_row("%s", documents[i].in);
		CHECK_INT(r, documents[i].want ? 0 : -EBADMSG);
		CHECK(!json_truncated(&j));
		print(&got, json_root(&j));
		CHECK_STR(buf_slice(&got), documents[i].want ? documents[i].want : "<absent>");
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
