/* SPDX-License-Identifier: Apache-2.0 */
#include "clues.h"

#include "cleanup.h"
#include "secret.h"
#include "siphash.h"

bool clue_header_allowed(struct slice name)
{
	return name.len && !secret_name(name);
}

bool clue_member_allowed(struct slice path)
{
	return path.len && !secret_name(path);
}

static void add(struct call *c, const char *kind, const char *name, struct slice value)
{
	struct clue *clue;
	struct slice copy;
	char text[160];
	int n = snprintf(text, sizeof(text), "%s%s", kind, name);

	value = slice_trim(slice_sub(value, 0, CLUE_VALUE_MAX));
	if (!value.len || n < 0 || (size_t)n >= sizeof(text) || c->n_clues >= CLUES_MAX)
		return;
	copy = arena_copy(&c->arena, value);
	clue = copy.data ? arena_push(&c->arena, &c->clues, &c->n_clues, sizeof(*clue)) : NULL;
	if (!clue)
		return;
	clue->name = arena_copy(&c->arena, slice_from(text));
	clue->value = copy;
}

/* The part of an Authorization field that names who pays. */
static struct slice credential(struct slice field)
{
	const struct slice aws = SLICE("Credential=");
	struct slice rest = field, scheme = slice_cut(&rest, ' ');
	ssize_t at = slice_find(field, aws);

	if (at >= 0) { /* AWS Signature Version 4: the access key's id, before the date */
		rest = slice_sub(field, (size_t)at + aws.len, field.len);
		return slice_cut(&rest, '/');
	}
	return rest.data ? slice_trim(rest) : scheme;
}

static void add_key(struct call *c, const uint8_t salt[16], const struct http_head *head)
{
	static const struct slice fields[] = { SLICE("authorization"), SLICE("x-api-key"),
					       SLICE("api-key"), SLICE("x-goog-api-key") };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice value = http_head_get(head, fields[i]);
		uint8_t hash[16];
		char text[17];

		if (!i)
			value = credential(value);
		if (!value.len)
			continue;
		siphash128(salt, value.data, value.len, hash);
		for (size_t k = 0; k < 8; k++)
			snprintf(text + 2 * k, 3, "%02x", hash[k]);
		add(c, "key", "", slice_from(text));
		return;
	}
}

void clues_read_head(struct call *c, const struct clue_config *config, const struct http_head *head)
{
	for (const char *const *h = config->headers; h && *h; h++)
		if (clue_header_allowed(slice_from(*h)))
			add(c, "header:", *h, http_head_get(head, slice_from(*h)));
	if (config->key)
		add_key(c, config->key_salt, head);
}

static struct slice text_of(struct json_val v, struct buf *b)
{
	buf_reset(b, CLUE_VALUE_MAX);
	switch (json_type(v)) {
	case JSON_STRING:
		json_str(v, b); /* cut at the ceiling: the beginning of a name is still one */
		return buf_slice(b);
	case JSON_NUMBER:
	case JSON_TRUE:
	case JSON_FALSE:
		return json_raw(v);
	default:
		return SLICE_NONE;
	}
}

void clues_read_body(struct call *c, const struct clue_config *config, struct json_val root)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(CLUE_VALUE_MAX);

	for (const char *const *m = config->members; m && *m; m++)
		if (clue_member_allowed(slice_from(*m)))
			add(c, "body:", *m, text_of(json_path(root, *m), &b));
}

struct slice clue_get(const struct call *c, struct slice name)
{
	for (size_t i = 0; i < c->n_clues; i++)
		if (slice_eq(c->clues[i].name, name))
			return c->clues[i].value;
	return SLICE_NONE;
}
