/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) read in place: one pass makes a flat array of tokens over the text,
 * which the caller keeps alive; values are handles into it. No tree, no copy, one
 * growing allocation whatever the document holds.
 *
 * Made for other people's traffic: a document that ends too early is still readable
 * up to there (json_truncated), lone surrogates become U+FFFD when a string is
 * decoded, NUL is an ordinary character, of duplicate keys the last one counts, and
 * depth and token count have ceilings. Control characters in strings pass.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "buf.h"

#define JSON_DEPTH_MAX 128
#define JSON_TOKENS_MAX (4 * 1024 * 1024)

enum json_type {
	JSON_ABSENT, /* no such member; every getter copes with it */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_token;

struct json {
	struct slice text; /* borrowed */
	struct json_token *tokens;
	size_t count;
	size_t size;
	bool truncated;
};

/* A value; lent, valid while the document and its text are. Pass by value. */
struct json_val {
	const struct json *doc;
	uint32_t at; /* index of its token */
};

#define JSON_NONE ((struct json_val){ 0 })

void json_init(struct json *j);
void json_release(struct json *j);
/* Parses one document (a BOM in front is passed over); keeps the token array of an earlier one for
 * reuse. 0; -EBADMSG: not JSON (the tokens before the error are dropped); -ENOBUFS: a ceiling;
 * -ENOMEM. A document that ends too early is 0 with json_truncated() true: what stands
 * before the cut is there, and so is the beginning of a string that the cut went
 * through; a number it went through is absent, for it could be a wrong one. Text of
 * nothing but white space is -EBADMSG. */
int json_parse(struct json *j, struct slice text);
bool json_truncated(const struct json *j);
struct json_val json_root(const struct json *j);

enum json_type json_type(struct json_val v);
/* Did the text end inside this value (string, array, object)? */
bool json_cut(struct json_val v);
/* Member of an object by key; JSON_NONE when v is no object or has none. */
struct json_val json_member(struct json_val v, struct slice key);
static inline struct json_val json_get(struct json_val v, const char *key)
{
	return json_member(v, slice_from(key));
}
/* Members down a dotted path: json_path(v, "usage.prompt_tokens_details.cached_tokens"). */
struct json_val json_path(struct json_val v, const char *path);
/* Elements of an array or members of an object:
 * for (i = json_first(v); i.doc; i = json_next(i)) */
struct json_val json_first(struct json_val v);
struct json_val json_next(struct json_val v);
size_t json_len(struct json_val v); /* elements or members; 0 for others */
/* The raw (still escaped) key of a member reached by json_first/json_next. */
struct slice json_key(struct json_val v);

/* The raw text of a value; a string without its quotes, still escaped. */
struct slice json_raw(struct json_val v);
/* Is the decoded string equal to this? */
bool json_is(struct json_val v, const char *text);
/* The decoded string, lent, where it stands in the text as it is: a string without escapes
 * and of nothing but UTF-8. Else absent. */
struct slice json_text(struct json_val v);
/* Appends the decoded string: always UTF-8, U+FFFD for what is none. -ENOENT when v is absent or
 * null, -EINVAL when it is no string, or buf's error. */
int json_str(struct json_val v, struct buf *to);
/* Numbers: 0; -ENOENT absent or null; -EINVAL not a number; -ERANGE does not fit, not
 * finite or (i64) not a whole number. 12.0 and 1e3 are whole numbers. */
int json_i64(struct json_val v, int64_t *ret);
int json_f64(struct json_val v, double *ret);
int json_bool(struct json_val v, bool *ret);

#endif
