/* SPDX-License-Identifier: Apache-2.0 */
#include "api_error.h"

#include "cleanup.h"

/* A code that is a name. Numbers repeat the HTTP status and say less than a type. */
static bool is_word(struct json_val v)
{
	uint64_t number;

	return json_type(v) == JSON_STRING && json_raw(v).len && slice_u64(json_raw(v), &number);
}

static struct slice error_word(struct call *c, struct json_val error)
{
	/* Google's status is the name of its code; elsewhere it is absent or a number. */
	static const char *const keys[] = { "status", "code", "type", "__type", "name" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct json_val v = json_get(error, keys[i]);

		if (is_word(v) && !json_is(v, "error"))
			return call_json_str(c, v);
	}
	return SLICE_NONE;
}

static struct slice error_number(struct call *c, struct json_val error)
{
	struct json_val code = json_get(error, "code");

	if (json_type(code) == JSON_NUMBER)
		return arena_copy(&c->arena, json_raw(code));
	return call_json_str(c, code);
}

static struct slice error_text(struct call *c, struct json_val error)
{
	static const char *const keys[] = { "message", "Message", "detail", "error_description",
					    "msg" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct json_val v = json_get(error, keys[i]);

		if (json_type(v) == JSON_STRING)
			return slice_sub(call_json_str(c, v), 0, API_ERROR_MESSAGE_MAX);
	}
	return SLICE_NONE;
}

void api_error_set(struct call *c, struct json_val error)
{
	struct slice type = error_word(c, error), text;

	if (json_type(error) == JSON_STRING) {
		/* A bare string is prose, or a code that looks like one. */
		text = slice_sub(call_json_str(c, error), 0, API_ERROR_MESSAGE_MAX);
		call_set_error(c, SLICE("_OTHER"), text);
		return;
	}
	text = error_text(c, error);
	if (!type.data)
		type = error_number(c, error);
	call_set_error(c, type.data ? type : SLICE("_OTHER"), text);
}

static bool is_error(struct json_val v)
{
	return json_type(v) == JSON_OBJECT || (json_type(v) == JSON_STRING && json_raw(v).len);
}

bool api_error_in(struct call *c, struct json_val root)
{
	struct json_val error;

	if (json_type(root) == JSON_ARRAY)
		root = json_first(root);
	error = json_get(root, "error");
	if (!is_error(error))
		return false;
	api_error_set(c, error);
	return true;
}

static struct slice status_text(struct call *c)
{
	char digits[16];
	int len = snprintf(digits, sizeof(digits), "%d", c->status);

	return arena_copy(&c->arena, (struct slice){ digits, (size_t)len });
}

/* What of a body that is no JSON can stand as a message: not a page of HTML. */
static struct slice plain_message(struct slice text)
{
	text = slice_trim(slice_sub(text, 0, API_ERROR_MESSAGE_MAX));
	return !text.len || text.data[0] == '<' ? SLICE_NONE : text;
}

void api_error_response(struct call *c, struct json_val root, struct slice text, struct slice named)
{
	struct slice other = named.len ? named : status_text(c), type;
	struct json_val error;

	if (json_type(root) == JSON_ARRAY)
		root = json_first(root);
	if (json_type(root) != JSON_OBJECT) {
		call_set_error(c, other, plain_message(text));
		return;
	}
	error = json_get(root, "error");
	if (json_type(error) == JSON_STRING) {
		/* {"error": "model 'x' not found"}: the message is all there is. */
		call_set_error(c, other, call_json_str(c, error));
		return;
	}
	if (json_type(error) != JSON_OBJECT)
		error = root;
	type = error_word(c, error);
	call_set_error(c, type.data && !named.len ? type : other, error_text(c, error));
}
