/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json against cJSON: what one accepts the other does, with the same values, but for
 * what is known to differ (see peculiar()). A prefix of a document reads as its
 * beginning. Decoded strings are UTF-8 and come back the same from their JSON form.
 */
#include "fuzz.h"
#include "json.h"
#include "json_token.h"
#include "utf8.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>

#define TEXT_MAX (1 << 20)

static bool is_utf8(struct slice s)
{
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		n = utf8_len((const unsigned char *)s.data + i, s.len - i);
		if (!n)
			return false;
	}
	return true;
}

static bool is_digit(struct slice s, size_t at)
{
	return at < s.len && s.data[at] >= '0' && s.data[at] <= '9';
}

static bool in_number(struct slice s, size_t at)
{
	return at < s.len && (is_digit(s, at) || (s.data[at] && strchr("+-.eE", s.data[at])));
}

/* An escape that cJSON takes for NUL (bad digits) or refuses (half of a pair). */
static bool odd_escape(struct slice s, size_t at)
{
	if (at + 6 > s.len || s.data[at + 1] != 'u')
		return at + 1 < s.len && s.data[at + 1] == 'u';
	for (size_t i = at + 2; i < at + 6; i++)
		if (!strchr("0123456789abcdefABCDEF", s.data[i]) || !s.data[i])
			return true;
	return (s.data[at + 2] | 0x20) == 'd' && strchr("89abcdefABCDEF", s.data[at + 3]);
}

/* Numbers that strtod takes and RFC 8259 does not, and ones longer than cJSON's buffer. */
static bool odd_number(struct slice s, size_t at, size_t *ret_end)
{
	size_t end = at;
	bool odd = false;

	while (in_number(s, end)) {
		if (s.data[end] == '.' && (!is_digit(s, end + 1) || !end || !is_digit(s, end - 1)))
			odd = true;
		end++;
	}
	*ret_end = end;
	at += s.data[at] == '-';
	return odd || end - at > 60 || (at < s.len && s.data[at] == '0' && is_digit(s, at + 1));
}

static bool peculiar(struct slice s)
{
	bool in_string = false;

	/* cJSON passes over a BOM only in front of two bytes or more. */
	if (s.len <= 4 && slice_starts(s, SLICE("\xef\xbb\xbf")))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (in_string && c == '\\') {
			if (odd_escape(s, i))
				return true;
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && c < ' ' && c != '\t' && c != '\n' && c != '\r') {
			return true; /* white space to cJSON */
		} else if (!in_string && in_number(s, i)) {
			size_t end;

			if (odd_number(s, i, &end))
				return true;
			i = end - 1;
		}
	}
	return false;
}

static void compare_string(struct json_val v, const char *want)
{
	struct buf got = BUF_INIT(TEXT_MAX);
	struct slice s;

	REQUIRE(json_str(v, &got) == 0);
	s = buf_slice(&got);
	REQUIRE(is_utf8(s));
	if (is_utf8(slice_from(want))) {
		if (s.len) /* cJSON's strings end with the first NUL */
			s = slice_sub(s, 0, strnlen(s.data, s.len));
		REQUIRE(slice_eq(s, slice_from(want)));
		REQUIRE(s.len < got.len || json_is(v, want));
	}
	buf_release(&got);
}

static void compare_number(struct json_val v, double want)
{
	double got;
	int64_t n;

	if (json_f64(v, &got)) {
		REQUIRE(!isfinite(want));
		return;
	}
	REQUIRE(!memcmp(&got, &want, sizeof(got)));
	if (!json_i64(v, &n))
		REQUIRE((double)n == want);
}

static void compare(struct json_val v, const cJSON *c)
{
	const cJSON *child = c->child;
	enum json_type type = json_type(v);
	size_t n = 0;

	REQUIRE((type == JSON_NULL) == cJSON_IsNull(c));
	REQUIRE((type == JSON_TRUE) == cJSON_IsTrue(c));
	REQUIRE((type == JSON_FALSE) == cJSON_IsFalse(c));
	REQUIRE((type == JSON_NUMBER) == cJSON_IsNumber(c));
	REQUIRE((type == JSON_STRING) == cJSON_IsString(c));
	REQUIRE((type == JSON_ARRAY) == cJSON_IsArray(c));
	REQUIRE((type == JSON_OBJECT) == cJSON_IsObject(c));
	if (type == JSON_NUMBER)
		compare_number(v, c->valuedouble);
	if (type == JSON_STRING)
		compare_string(v, c->valuestring);
	for (struct json_val i = json_first(v); i.doc; i = json_next(i), child = child->next) {
		REQUIRE(child);
		if (type == JSON_OBJECT)
			compare_string((struct json_val){ i.doc, i.at - 1 }, child->string);
		else
			REQUIRE(!json_key(i).data);
		compare(i, child);
		n++;
	}
	REQUIRE(!child);
	REQUIRE(json_len(v) == n);
}

static void compare_documents(const struct json *j, int r, struct slice text)
{
	const char *end = NULL;
	cJSON *c = cJSON_ParseWithLengthOpts(text.data, text.len, &end, false);
	bool whole = c && !slice_trim(slice_sub(text, (size_t)(end - text.data), text.len)).len;

	if (r != -ENOBUFS && !peculiar(text)) {
		REQUIRE(whole == (r == 0 && !json_truncated(j)));
		if (whole)
			compare(json_root(j), c);
	}
	cJSON_Delete(c);
}

/* Getters on every value, right type or not, and strings there and back. */
static void read_all(const struct json *j)
{
	for (uint32_t at = 0; at < j->count; at++) {
		struct json_val v = { j, at };
		struct buf first = BUF_INIT(TEXT_MAX), form = BUF_INIT(4 * TEXT_MAX),
			   second = BUF_INIT(TEXT_MAX);
		struct slice raw = json_raw(v);
		struct json again;
		int64_t n;
		double f;
		bool b;

		REQUIRE(raw.data >= j->text.data &&
			raw.data + raw.len <= j->text.data + j->text.len);
		json_i64(v, &n);
		json_f64(v, &f);
		json_bool(v, &b);
		json_path(v, "a.b");
		json_is(v, "a");
		json_init(&again);
		if (json_type(v) == JSON_STRING) {
			REQUIRE(json_str(v, &first) == 0);
			REQUIRE(is_utf8(buf_slice(&first)));
			REQUIRE(buf_add_json(&form, buf_slice(&first)) == 0);
			REQUIRE(json_parse(&again, buf_slice(&form)) == 0);
			REQUIRE(!json_truncated(&again));
			REQUIRE(json_str(json_root(&again), &second) == 0);
			REQUIRE(slice_eq(buf_slice(&first), buf_slice(&second)));
		}
		json_release(&again);
		buf_release(&first);
		buf_release(&form);
		buf_release(&second);
	}
}

static void compare_token(const struct json_token *cut, const struct json_token *whole)
{
	REQUIRE(cut->start == whole->start && cut->type == whole->type);
	REQUIRE(cut->member == whole->member);
	if (cut->cut)
		REQUIRE(cut->len <= whole->len && cut->children <= whole->children);
	else
		REQUIRE(cut->len == whole->len && cut->children == whole->children);
}

/* The document up to `len` says the same as the whole one, as far as it goes. */
static void compare_prefix(const struct json *whole, size_t len)
{
	char *copy = malloc(len + 1);
	struct json cut;
	int r;

	REQUIRE(copy);
	memcpy(copy, whole->text.data, len);
	json_init(&cut);
	r = json_parse(&cut, (struct slice){ copy, len });
	REQUIRE(r == 0 || (r == -EBADMSG && !slice_trim((struct slice){ copy, len }).len) ||
		(r == -EBADMSG && len <= 3 && (unsigned char)copy[0] == 0xef) ||
		(r == -EBADMSG && (unsigned char)copy[0] == 0xef &&
		 !slice_trim((struct slice){ copy + 3, len - 3 }).len));
	/* A number that is all there is has no end that could be seen. */
	if (json_type(json_root(&cut)) != JSON_NUMBER) {
		REQUIRE(cut.count <= whole->count);
		for (size_t i = 0; i < cut.count; i++)
			compare_token(&cut.tokens[i], &whole->tokens[i]);
	}
	json_release(&cut);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t chain = fuzz_seed(data, len);
	char *text = malloc(len ? len : 1);
	struct json j;
	int r;

	REQUIRE(text);
	memcpy(text, data, len);
	json_init(&j);
	r = json_parse(&j, (struct slice){ text, len });
	REQUIRE(r == 0 || r == -EBADMSG || r == -ENOBUFS);
	REQUIRE(r == 0 || !j.count);
	compare_documents(&j, r, j.text);
	read_all(&j);
	for (int i = 0; i < 4 && r == 0 && len; i++)
		compare_prefix(&j, fuzz_pick(&chain, len));
	json_release(&j);
	free(text);
	return 0;
}
