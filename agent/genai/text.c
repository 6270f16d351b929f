/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and hashes of messages.h. */
#include "messages.h"

#include "cleanup.h"

#define TEXT_FIRST_SIZE 64

size_t messages_text_max(const struct decoder_config *config)
{
	return config->content ? config->content_max : CALL_TEXT_HEAD;
}

/* Room for bulk, which must leave the reserve alone. */
static void *bulk_alloc(struct call *c, size_t size)
{
	if (c->arena.max - c->arena.used < MESSAGES_RESERVE ||
	    size > c->arena.max - c->arena.used - MESSAGES_RESERVE)
		return NULL;
	return arena_alloc(&c->arena, size);
}

static bool text_grow(struct call *c, struct text *t, size_t need, size_t max)
{
	size_t size = t->size ? t->size : TEXT_FIRST_SIZE;
	char *data;

	while (size < need)
		size *= 2;
	if (size > max)
		size = max;
	data = bulk_alloc(c, size);
	if (!data)
		return false;
	if (t->len)
		memcpy(data, t->data, t->len);
	t->data = data;
	t->size = size;
	return true;
}

/* Multiplied out for eight bytes, so that the products do not wait for one another: whole
 * requests are hashed. */
static uint64_t hash_8(uint64_t h, const unsigned char *b)
{
	const uint64_t p = UINT64_C(0x9e3779b97f4a7c15), p2 = p * p, p3 = p2 * p, p4 = p2 * p2;
	const uint64_t p5 = p4 * p, p6 = p4 * p2, p7 = p4 * p3, p8 = p4 * p4;

	return (h + b[0] + 1) * p8 + (b[1] + 1) * p7 + (b[2] + 1) * p6 + (b[3] + 1) * p5 +
	       (b[4] + 1) * p4 + (b[5] + 1) * p3 + (b[6] + 1) * p2 + (b[7] + 1) * p;
}

uint64_t text_hash_more(uint64_t h, struct slice piece)
{
	const unsigned char *at = (const unsigned char *)piece.data, *end = at + piece.len;

	for (; end - at >= 8; at += 8)
		h = hash_8(h, at);
	for (; at < end; at++)
		h = (h + *at + 1) * UINT64_C(0x9e3779b97f4a7c15);
	return h;
}

void text_add(struct call *c, struct text *t, struct slice piece, size_t max)
{
	size_t keep;

	if (!t->present) {
		t->present = true;
		t->hash = SLICE_HASH;
	}
	t->hash = text_hash_more(t->hash, piece);
	/* What follows a cut would not belong there. */
	keep = t->len < t->total || t->len >= max ? 0 : MIN(piece.len, max - t->len);
	t->total += piece.len;
	if (!keep || (t->len + keep > t->size && !text_grow(c, t, t->len + keep, max)))
		return;
	memcpy(t->data + t->len, piece.data, keep);
	t->len += keep;
}

void text_add_json(struct call *c, struct text *t, struct json_val v, size_t max)
{
	struct slice text = json_text(v);
	struct buf decoded;

	if (text.data) {
		text_add(c, t, text, max);
		return;
	}
	if (json_type(v) != JSON_STRING)
		return;
	buf_init(&decoded, 3 * json_raw(v).len + 1);
	if (json_str(v, &decoded))
		c->arena.failed = true;
	text_add(c, t, buf_slice(&decoded), max);
	buf_release(&decoded);
}

struct slice text_slice(const struct text *t)
{
	size_t len = t->len, back = 0;

	if (!t->present)
		return SLICE_NONE;
	if (!t->data)
		return SLICE("");
	if (t->len == t->total)
		return (struct slice){ t->data, len };
	while (back < 3 && back < len && ((unsigned char)t->data[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len && (unsigned char)t->data[len - 1 - back] >= 0xc0)
		len -= back + 1;
	return (struct slice){ t->data, len };
}

uint64_t text_hash(const struct text *t)
{
	return t->present ? t->hash : SLICE_HASH;
}

bool json_has_text(struct json_val v)
{
	return json_type(v) == JSON_STRING && json_raw(v).len;
}

static uint64_t hash_u64(uint64_t h, uint64_t v)
{
	return slice_hash(h, (struct slice){ (const char *)&v, sizeof(v) });
}

static uint64_t hash_string(uint64_t h, struct json_val v)
{
	struct slice text = json_text(v);
	struct buf decoded;

	if (text.data)
		return slice_hash(h, text);
	buf_init(&decoded, 3 * json_raw(v).len + 1);
	json_str(v, &decoded);
	h = slice_hash(h, buf_slice(&decoded));
	buf_release(&decoded);
	return h;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
uint64_t json_hash(uint64_t h, struct json_val v)
{
	uint64_t members = 0;
	enum json_type type = json_type(v);

	h = hash_u64(h, type);
	switch (type) {
	case JSON_STRING:
		return hash_string(h, v);
	case JSON_NUMBER:
		return slice_hash(h, json_raw(v));
	case JSON_ARRAY:
		for (struct json_val i = json_first(v); i.doc; i = json_next(i))
			h = json_hash(h, i);
		return hash_u64(h, json_len(v));
	case JSON_OBJECT:
		/* A sum, so that order does not count. */
		for (struct json_val i = json_first(v); i.doc; i = json_next(i))
			if (!slice_eq(json_key(i), SLICE("cache_control")))
				members += json_hash(slice_hash(SLICE_HASH, json_key(i)), i);
		return hash_u64(h, members);
	default:
		return h;
	}
}
