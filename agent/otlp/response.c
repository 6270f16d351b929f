/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a collector answers: Export{Trace,Metrics,Logs}ServiceResponse{1: partial_success{1:
 * rejected_{spans,data_points,log_records} int64, 2: error_message}}, in either encoding. Input of
 * a stranger: nothing here recurses or allocates.
 */
#include "encode.h"
#include "pb.h"

#include <errno.h>

enum { RESPONSE_PARTIAL_SUCCESS = 1 };
enum { PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2 };

struct partial {
	int64_t rejected;
	struct slice message;
};

static int pb_partial(struct slice data, struct partial *p)
{
	struct pb_field f;
	int r;

	while ((r = pb_next(&data, &f)) > 0) {
		if (f.number == PARTIAL_REJECTED && f.type == PB_VARINT)
			p->rejected = (int64_t)f.value;
		else if (f.number == PARTIAL_MESSAGE && f.type == PB_LEN)
			p->message = f.data;
	}
	return r;
}

static int pb_response(struct slice data, struct partial *p)
{
	struct pb_field f;
	int r;

	while ((r = pb_next(&data, &f)) > 0) {
		if (f.number != RESPONSE_PARTIAL_SUCCESS || f.type != PB_LEN)
			continue;
		r = pb_partial(f.data, p);
		if (r)
			return r;
	}
	return r;
}

static char json_peek(struct slice *s)
{
	while (s->len && strchr(" \t\r\n", *s->data) && *s->data)
		*s = slice_sub(*s, 1, s->len);
	return s->len ? *s->data : '\0';
}

static bool json_take(struct slice *s, char c)
{
	if (json_peek(s) != c || !s->len)
		return false;
	*s = slice_sub(*s, 1, s->len);
	return true;
}

/* Still escaped, without its quotes. */
static int json_string(struct slice *s, struct slice *ret)
{
	if (!json_take(s, '"'))
		return -EBADMSG;
	for (size_t i = 0; i < s->len; i++) {
		if (s->data[i] == '\\') {
			i++;
		} else if (s->data[i] == '"') {
			*ret = slice_sub(*s, 0, i);
			*s = slice_sub(*s, i + 1, s->len);
			return 0;
		}
	}
	return -EBADMSG;
}

/* A number or a word: what stands before the next delimiter. */
static struct slice json_word(struct slice *s)
{
	size_t len = 0;
	struct slice word;

	json_peek(s);
	while (len < s->len && !memchr(",:{}[]\" \t\r\n", s->data[len], 12))
		len++;
	word = slice_sub(*s, 0, len);
	*s = slice_sub(*s, len, s->len);
	return word;
}

/* Any value; brackets are counted, not matched by kind. */
static int json_skip(struct slice *s)
{
	struct slice ignored;
	size_t depth = 0;

	do {
		char c = json_peek(s);

		if (c == '"') {
			if (json_string(s, &ignored))
				return -EBADMSG;
		} else if (c == '{' || c == '[') {
			depth++;
			json_take(s, c);
		} else if (depth && (c == '}' || c == ']')) {
			depth--;
			json_take(s, c);
		} else if (depth && (c == ',' || c == ':')) {
			json_take(s, c);
		} else if (!json_word(s).len) {
			return -EBADMSG;
		}
	} while (depth);
	return 0;
}

static int json_int(struct slice *s, int64_t *ret)
{
	struct slice text;
	uint64_t n;
	bool negative;

	if (json_peek(s) != '"')
		text = json_word(s);
	else if (json_string(s, &text))
		return -EBADMSG;
	if (slice_eq(text, SLICE("null")))
		return 0;
	negative = slice_starts(text, SLICE("-"));
	if (slice_u64(slice_sub(text, negative, text.len), &n) || n > INT64_MAX)
		return -EBADMSG;
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

/* Calls member() with each key of an object; it has to consume the value. */
static int json_members(struct slice *s, struct partial *p,
			int (*member)(struct slice key, struct slice *s, struct partial *p))
{
	struct slice key;
	int r;

	if (!json_take(s, '{'))
		return -EBADMSG;
	if (json_take(s, '}'))
		return 0;
	do {
		if (json_string(s, &key) || !json_take(s, ':'))
			return -EBADMSG;
		r = member(key, s, p);
		if (r)
			return r;
	} while (json_take(s, ','));
	return json_take(s, '}') ? 0 : -EBADMSG;
}

/* Readers of the JSON mapping take the names of the .proto file as well. */
static bool key_is(struct slice key, struct slice camel, struct slice snake)
{
	return slice_eq(key, camel) || slice_eq(key, snake);
}

static int partial_member(struct slice key, struct slice *s, struct partial *p)
{
	if (key_is(key, SLICE("rejectedSpans"), SLICE("rejected_spans")) ||
	    key_is(key, SLICE("rejectedDataPoints"), SLICE("rejected_data_points")) ||
	    key_is(key, SLICE("rejectedLogRecords"), SLICE("rejected_log_records")))
		return json_int(s, &p->rejected);
	if (key_is(key, SLICE("errorMessage"), SLICE("error_message")) && json_peek(s) == '"')
		return json_string(s, &p->message);
	return json_skip(s);
}

static int response_member(struct slice key, struct slice *s, struct partial *p)
{
	if (key_is(key, SLICE("partialSuccess"), SLICE("partial_success")) && json_peek(s) == '{')
		return json_members(s, p, partial_member);
	return json_skip(s);
}

static int json_response(struct slice data, struct partial *p)
{
	if (!json_peek(&data) && !data.len)
		return 0;
	if (json_members(&data, p, response_member))
		return -EBADMSG;
	json_peek(&data);
	return data.len ? -EBADMSG : 0;
}

int otlp_decode_response(enum otlp_encoding e, struct slice data, int64_t *ret_rejected,
			 struct slice *ret_message)
{
	struct partial p = { 0, SLICE_NONE };

	if (e == OTLP_JSON ? json_response(data, &p) : pb_response(data, &p))
		return -EBADMSG;
	*ret_rejected = p.rejected;
	*ret_message = p.message;
	return 0;
}
