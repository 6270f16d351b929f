/* SPDX-License-Identifier: Apache-2.0 */
/* Reading values out of a token array; numbers are in json_number.c. */
#include "json.h"
#include "json_token.h"
#include "utf8.h"
#include "word.h"

#include <errno.h>

static const struct json_token *token(struct json_val v)
{
	return v.doc && v.at < v.doc->count ? &v.doc->tokens[v.at] : NULL;
}

static struct slice text_of(const struct json *j, const struct json_token *t)
{
	return (struct slice){ j->text.data + t->start, t->len };
}

enum json_type json_type(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? (enum json_type)t->type : JSON_ABSENT;
}

bool json_cut(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->cut;
}

struct json_val json_first(struct json_val v)
{
	const struct json_token *t = token(v);

	if (!t || !t->children)
		return JSON_NONE;
	return (struct json_val){ v.doc, v.at + (t->type == JSON_OBJECT ? 2 : 1) };
}

struct json_val json_next(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->next ? (struct json_val){ v.doc, t->next } : JSON_NONE;
}

size_t json_len(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? t->children : 0;
}

struct slice json_key(struct json_val v)
{
	const struct json_token *t = token(v);

	return t && t->member ? text_of(v.doc, t - 1) : SLICE_NONE;
}

struct slice json_raw(struct json_val v)
{
	const struct json_token *t = token(v);

	return t ? text_of(v.doc, t) : SLICE_NONE;
}

/* Four hex digits, which the tokenizer has checked. */
static uint32_t hex4(const char *at)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
	return v;
}

/* Cuts a \u escape, or the two of a pair, off *rest; half a pair is no character. */
static struct slice take_unicode(struct slice *rest, char to[4])
{
	uint32_t c = hex4(rest->data + 2), low;

	*rest = slice_sub(*rest, 6, rest->len);
	if (c >= 0xd800 && c < 0xe000) {
		if (c >= 0xdc00 || !slice_starts(*rest, SLICE("\\u")))
			return SLICE(UTF8_REPLACEMENT);
		low = hex4(rest->data + 2);
		if (low < 0xdc00 || low >= 0xe000)
			return SLICE(UTF8_REPLACEMENT);
		*rest = slice_sub(*rest, 6, rest->len);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return (struct slice){ to, utf8_put(c, to) };
}

/* What the character behind a backslash stands for. */
static char escape_meaning(char c)
{
	static const char meaning[] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
	};

	return meaning[(unsigned char)c];
}

static struct slice take_escape(struct slice *rest, char to[4])
{
	if (rest->data[1] == 'u')
		return take_unicode(rest, to);
	to[0] = escape_meaning(rest->data[1]);
	*rest = slice_sub(*rest, 2, rest->len);
	return (struct slice){ to, 1 };
}

/* Marks bytes that do not mean themselves: backslashes and what is not ASCII. */
static uint64_t special_bytes(const char *at)
{
	uint64_t v = word_load(at);

	return word_find(v, '\\') | word_find_high(v);
}

/* Length of the text in front that means itself: no escape, nothing that is not UTF-8. */
static size_t plain_len(struct slice s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t len;

		if (s.len - i >= WORD_LEN && !special_bytes(s.data + i)) {
			i += WORD_LEN;
			continue;
		}
		len = s.data[i] == '\\' ? 0
					: utf8_len((const unsigned char *)s.data + i, s.len - i);
		if (!len)
			break;
		i += len;
	}
	return i;
}

/* Cuts the next piece of the decoded string off the escaped text. */
static struct slice take_piece(struct slice *rest, char to[4])
{
	size_t plain = plain_len(*rest);
	struct slice piece = slice_sub(*rest, 0, plain);

	if (!plain && rest->data[0] == '\\')
		return take_escape(rest, to);
	if (!plain) {
		*rest = slice_sub(*rest, 1, rest->len);
		return SLICE(UTF8_REPLACEMENT);
	}
	*rest = slice_sub(*rest, plain, rest->len);
	return piece;
}

/* Compares without decoding where there is nothing to decode. */
static bool string_is(const struct json *j, const struct json_token *t, struct slice want)
{
	struct slice rest = text_of(j, t);
	char to[4];

	if (!t->escaped)
		return slice_eq(rest, want);
	while (rest.len) {
		struct slice piece = take_piece(&rest, to);

		if (!slice_starts(want, piece))
			return false;
		want = slice_sub(want, piece.len, want.len);
	}
	return !want.len;
}

bool json_is(struct json_val v, const char *text)
{
	const struct json_token *t = token(v);

	return t && t->type == JSON_STRING && string_is(v.doc, t, slice_from(text));
}

/* The getters are asked for many members that are not there: most keys differ in length or
 * in their first byte, and are passed over by that. */
static bool key_is(const struct json *j, const struct json_token *t, struct slice key)
{
	const char *at = j->text.data + t->start;

	if (t->escaped)
		return string_is(j, t, key);
	return t->len == key.len &&
	       (!key.len || (*at == *key.data && !memcmp(at, key.data, key.len)));
}

struct json_val json_member(struct json_val v, struct slice key)
{
	const struct json_token *object = token(v), *tokens;
	uint32_t found = 0;

	if (!object || object->type != JSON_OBJECT || !object->children)
		return JSON_NONE;
	tokens = v.doc->tokens;
	for (uint32_t at = v.at + 2; at; at = tokens[at].next)
		if (key_is(v.doc, &tokens[at - 1], key))
			found = at;
	return found ? (struct json_val){ v.doc, found } : JSON_NONE;
}

struct json_val json_path(struct json_val v, const char *path)
{
	struct slice rest = slice_from(path);

	while (rest.data && v.doc)
		v = json_member(v, slice_cut(&rest, '.'));
	return v;
}

static inline void advance(struct slice *s, size_t len)
{
	s->data += len;
	s->len -= len;
}

/* Decodes up to a byte that is not UTF-8, to where there is room for rest->len bytes:
 * nothing but such bytes gets longer by decoding. */
static size_t decode(struct slice *rest, char *to)
{
	char *out = to;

	while (rest->len) {
		const char *at = rest->data;
		size_t used, len;

		if (rest->len >= WORD_LEN) {
			uint64_t special = special_bytes(at);

			memcpy(out, at, WORD_LEN);
			len = special ? word_first(special) : WORD_LEN;
			advance(rest, len);
			out += len;
			if (!special)
				continue;
			at += len;
		}
		if (at[0] == '\\' && at[1] != 'u') {
			used = 2;
			len = 1;
			*out = escape_meaning(at[1]);
		} else if (at[0] == '\\') {
			char escape[4];
			struct slice after = *rest, piece = take_unicode(&after, escape);

			used = rest->len - after.len;
			len = piece.len;
			memcpy(out, piece.data, len);
		} else {
			used = len = utf8_len((const unsigned char *)at, rest->len);
			memcpy(out, at, len);
		}
		if (!used)
			break;
		advance(rest, used);
		out += len;
	}
	return (size_t)(out - to);
}

struct slice json_text(struct json_val v)
{
	const struct json_token *t = token(v);
	struct slice text = json_raw(v);

	if (!t || t->type != JSON_STRING || t->escaped || plain_len(text) < text.len)
		return SLICE_NONE;
	return text;
}

int json_str(struct json_val v, struct buf *to)
{
	struct slice rest = json_raw(v);
	char decoded[4];

	if (json_type(v) != JSON_STRING)
		return json_mismatch(v);
	while (rest.len && !buf_error(to)) {
		/* Near the ceiling, the room that decoding gains has to count. */
		char *at = rest.len <= to->max - to->len ? buf_reserve(to, rest.len) : NULL;

		if (at)
			buf_commit(to, decode(&rest, at));
		if (rest.len)
			buf_add_slice(to, take_piece(&rest, decoded));
	}
	return buf_error(to);
}

int json_bool(struct json_val v, bool *ret)
{
	enum json_type type = json_type(v);

	if (type != JSON_TRUE && type != JSON_FALSE)
		return json_mismatch(v);
	*ret = type == JSON_TRUE;
	return 0;
}
