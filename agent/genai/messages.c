/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include "cleanup.h"

#include <errno.h>

/* Lists may not eat the reserve either; growing one at most doubles it. */
static void *bulk_push(struct call *c, void *list, size_t *count, size_t size)
{
	size_t room = c->arena.max - c->arena.used;

	if (room < MESSAGES_RESERVE || (room - MESSAGES_RESERVE) / size < 2 * *count + 4)
		return NULL;
	return arena_push(&c->arena, list, count, size);
}

struct message *message_add(struct call *c, struct message **list, size_t *count, struct slice role)
{
	struct message *m = bulk_push(c, list, count, sizeof(*m));

	if (m)
		m->role = role;
	return m;
}

struct part *part_add(struct call *c, struct part **list, size_t *count, enum part_type type)
{
	struct part *p = bulk_push(c, list, count, sizeof(*p));

	if (p) {
		p->type = type;
		p->hash = SLICE_HASH;
	}
	return p;
}

void part_set_text(struct part *p, const struct text *t)
{
	if (!p)
		return;
	p->text = text_slice(t);
	p->len = t->total;
	p->hash = text_hash(t);
}

void part_set_string(struct call *c, struct part *p, struct json_val v, size_t max)
{
	struct text t = { 0 };

	text_add_json(c, &t, v, max);
	part_set_text(p, &t);
}

void part_set_json(struct call *c, struct part *p, struct json_val v, size_t max)
{
	struct text t = { 0 };

	if (json_type(v) == JSON_STRING) {
		part_set_string(c, p, v, max);
		return;
	}
	if (!p || json_type(v) <= JSON_NULL)
		return;
	text_add(c, &t, json_raw(v), max);
	part_set_text(p, &t);
	if (json_cut(v))
		p->len++; /* there was more of it */
	p->json = true;
	p->hash = json_hash(SLICE_HASH, v);
}

/* Is `whole` JSON to be hashed as such? A JSON string is rather a text with quotes. */
static bool arguments_hash(struct call *c, struct slice whole, uint64_t *ret)
{
	bool json = false;
	struct json doc;

	json_init(&doc);
	switch (json_parse(&doc, whole)) {
	case 0:
		json = !json_truncated(&doc) && json_type(json_root(&doc)) != JSON_STRING;
		if (json)
			*ret = json_hash(SLICE_HASH, json_root(&doc));
		break;
	case -ENOMEM:
		c->arena.failed = true;
		break;
	}
	json_release(&doc);
	return json;
}

static const struct slice no_arguments = SLICE("{}");

void part_set_arguments(struct call *c, struct part *p, const struct text *t)
{
	if (!p)
		return;
	part_set_text(p, t);
	if (!t->total) {
		p->text = no_arguments;
		p->len = no_arguments.len;
	}
	if (p->text.len == p->len)
		p->json = arguments_hash(c, p->text, &p->hash);
}

void part_set_arguments_string(struct call *c, struct part *p, struct json_val v, size_t max)
{
	struct buf whole = BUF_INIT(3 * json_raw(v).len + 1);
	struct text t = { 0 };

	if (!p)
		return;
	if (json_type(v) == JSON_STRING && json_str(v, &whole))
		c->arena.failed = true;
	if (whole.len)
		text_add(c, &t, buf_slice(&whole), max);
	part_set_arguments(c, p, &t);
	if (json_cut(v)) {
		p->json = false;
		p->len++; /* there was more of it */
	} else if (t.len < t.total) {
		p->json = arguments_hash(c, buf_slice(&whole), &p->hash);
	}
	buf_release(&whole);
}

static const struct {
	struct slice mime;
	struct slice modality;
} modalities[] = {
	{ SLICE("image/"), SLICE("image") },
	{ SLICE("audio/"), SLICE("audio") },
	{ SLICE("video/"), SLICE("video") },
	{ SLICE(""), SLICE("document") },
};

void part_set_mime(struct part *p, struct slice mime)
{
	size_t i = 0;

	p->mime = mime;
	while (!slice_starts_nocase(mime, modalities[i].mime))
		i++;
	p->modality = modalities[i].modality;
}

void part_set_url(struct call *c, struct part *p, struct json_val url, size_t max)
{
	static const struct slice scheme = SLICE("data:");
	struct slice raw = json_raw(url), head;
	struct text t = { 0 };
	ssize_t comma;

	if (!p || json_type(url) != JSON_STRING)
		return;
	p->type = PART_URI;
	comma = slice_find_char(raw, ',');
	if (!slice_starts_nocase(raw, scheme) || comma < 0) {
		part_set_string(c, p, url, max);
		return;
	}
	/* data:[<mime>][;base64],<data>. Base64 needs no JSON escape but that of '/'. */
	p->type = PART_BLOB;
	head = slice_sub(raw, scheme.len, (size_t)comma - scheme.len);
	part_set_mime(p, arena_copy(&c->arena, slice_cut(&head, ';')));
	text_add(c, &t, slice_sub(raw, (size_t)comma + 1, raw.len), max);
	part_set_text(p, &t);
}

static uint64_t hash_more(uint64_t h, struct slice s)
{
	/* A byte that UTF-8 lacks keeps neighbours apart. */
	return slice_hash(slice_hash(h, s), SLICE("\xff"));
}

static bool is_sent_back(const struct part *p)
{
	return p->type != PART_REASONING && p->type != PART_SERVER_TOOL_CALL &&
	       p->type != PART_SERVER_TOOL_RESPONSE && (p->type != PART_TEXT || p->len);
}

static uint64_t hash_message(const struct message *m, bool with_ids)
{
	uint64_t h = hash_more(SLICE_HASH, m->role);

	for (size_t i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->parts[i];
		struct slice type = { (const char *)&p->type, sizeof(p->type) };
		struct slice hash = { (const char *)&p->hash, sizeof(p->hash) };

		if (!is_sent_back(p))
			continue;
		h = slice_hash(h, type);
		h = hash_more(h, with_ids ? p->id : SLICE_NONE);
		h = hash_more(h, p->name);
		h = slice_hash(h, hash);
	}
	return h;
}

void message_seal(struct message *m)
{
	m->hash = hash_message(m, true);
	m->hash_without_ids = hash_message(m, false);
}

struct block *blocks_find(struct blocks *b, uint64_t key)
{
	if (b->last < b->count && b->list[b->last].key == key)
		return &b->list[b->last];
	for (size_t i = 0; i < b->count; i++) {
		if (b->list[i].key != key)
			continue;
		b->last = i;
		return &b->list[i];
	}
	return NULL;
}

struct block *blocks_get(struct call *c, struct blocks *b, uint64_t key, enum part_type type)
{
	struct block *block = blocks_find(b, key);

	if (block || b->count >= MESSAGES_BLOCKS_MAX)
		return block;
	block = bulk_push(c, &b->list, &b->count, sizeof(*block));
	if (!block)
		return NULL;
	b->last = b->count - 1;
	block->key = key;
	block->type = type;
	return block;
}

void messages_add_tool_call(struct call *c, const struct part *p, struct slice kind,
			    uint64_t end_ns, bool cut)
{
	struct tool_call *t;

	if (!p)
		return;
	t = bulk_push(c, &c->tool_calls, &c->n_tool_calls, sizeof(*t));
	if (!t)
		return;
	t->id = p->id;
	t->name = p->name;
	t->type = kind.data ? kind : SLICE("function");
	t->arguments = p->text;
	t->truncated = cut || p->text.len < p->len;
	t->end_ns = end_ns;
}

struct tool_definition *messages_add_tool(struct call *c, struct slice type, struct slice name)
{
	struct tool_definition *t = bulk_push(c, &c->tools, &c->n_tools, sizeof(*t));

	if (t) {
		t->type = type;
		t->name = name;
	}
	return t;
}

/* Some providers send one with each answer. */
static bool is_empty_tool(const struct block *b)
{
	return b->type == PART_TOOL_CALL && !b->id.len && !b->name.len && !b->text.total;
}

void blocks_emit(struct call *c, const struct blocks *b, size_t choice, struct slice role)
{
	struct message *m = message_add(c, &c->output, &c->n_output, role);

	if (!m)
		return;
	for (size_t i = 0; i < b->count; i++) {
		const struct block *block = &b->list[i];
		struct part *p;

		if (block->choice != choice || is_empty_tool(block))
			continue;
		p = part_add(c, &m->parts, &m->n_parts, block->type);
		if (!p)
			break;
		p->id = block->id;
		p->name = block->name;
		p->is_error = block->is_error;
		if (block->type != PART_TOOL_CALL && block->type != PART_SERVER_TOOL_CALL) {
			part_set_text(p, &block->text);
			p->json = block->json;
			continue;
		}
		part_set_arguments(c, p, &block->text);
		if (block->type == PART_TOOL_CALL)
			messages_add_tool_call(c, p, block->kind, block->end_ns, block->cut);
	}
	message_seal(m);
}

void message_add_content(struct call *c, const struct decoder_config *config,
			 struct json_val content)
{
	struct message *m = NULL;

	if (json_has_text(content) || json_type(content) == JSON_ARRAY)
		m = message_add(c, &c->input, &c->n_input, SLICE("user"));
	if (!m)
		return;
	messages_add_content(c, config, &m->parts, &m->n_parts, content);
	message_seal(m);
}

void message_add_answer(struct call *c, const struct text *text)
{
	struct message *m = NULL;

	if (text->present)
		m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	if (!m)
		return;
	part_set_text(part_add(c, &m->parts, &m->n_parts, PART_TEXT), text);
	message_seal(m);
}
