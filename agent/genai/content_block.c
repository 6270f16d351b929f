/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of message content as OpenAI and Anthropic write them; part of messages.h. */
#include "messages.h"

#include "cleanup.h"

struct reader {
	struct call *c;
	size_t max;
	struct part **list;
	size_t *count;
};

struct block_kind {
	struct slice type; /* of the block; as a suffix where `suffix` is set */
	bool suffix;
	enum part_type part;
	const char *key; /* member with the text, or what `read` makes of it */
	void (*read)(const struct reader *r, const struct block_kind *kind, struct json_val block);
};

static struct part *add(const struct reader *r, enum part_type type)
{
	return part_add(r->c, r->list, r->count, type);
}

static void read_text(const struct reader *r, const struct block_kind *kind, struct json_val block)
{
	struct json_val text = json_get(block, kind->key);
	struct text joined = { 0 };

	if (json_type(text) <= JSON_NULL)
		return;
	text_add_json(r->c, &joined, text, r->max);
	/* Mistral's thinking is itself a list of texts. */
	if (json_type(text) == JSON_ARRAY)
		for (struct json_val i = json_first(text); i.doc; i = json_next(i))
			text_add_json(r->c, &joined, json_get(i, "text"), r->max);
	part_set_text(add(r, kind->part), &joined);
}

struct part *messages_add_tool_use(struct call *c, struct part **list, size_t *count,
				   enum part_type type, struct json_val block, size_t max)
{
	struct part *p = part_add(c, list, count, type);

	if (!p)
		return NULL;
	p->id = call_json_str(c, json_get(block, "id"));
	p->name = call_json_str(c, json_get(block, "name"));
	part_set_json(c, p, json_get(block, "input"), max);
	return p;
}

static void read_tool_use(const struct reader *r, const struct block_kind *kind,
			  struct json_val block)
{
	messages_add_tool_use(r->c, r->list, r->count, kind->part, block, r->max);
}

static void read_tool_result(const struct reader *r, const struct block_kind *kind,
			     struct json_val block)
{
	struct part *p = add(r, kind->part);

	if (!p)
		return;
	p->id = call_json_str(r->c, json_get(block, "tool_use_id"));
	if (kind->part == PART_SERVER_TOOL_RESPONSE)
		p->name = call_json_str(r->c, json_get(block, "type"));
	json_bool(json_get(block, "is_error"), &p->is_error);
	part_set_json(r->c, p, json_get(block, "content"), r->max);
}

static void read_base64(const struct reader *r, struct part *p, struct json_val data,
			struct slice modality, struct slice mime)
{
	if (!p)
		return;
	p->type = PART_BLOB;
	p->modality = modality;
	p->mime = mime;
	part_set_string(r->c, p, data, r->max);
}

/* {"source": {"type": "base64" | "url" | "file" | "text", …}}: Anthropic. */
static void read_source(const struct reader *r, const struct block_kind *kind,
			struct json_val block)
{
	struct json_val source = json_get(block, "source");
	struct part *p = add(r, kind->part);
	struct json_val file = json_get(source, "file_id");

	if (!p)
		return;
	p->modality = slice_from(kind->key);
	p->mime = call_json_str(r->c, json_get(source, "media_type"));
	if (json_is(json_get(source, "type"), "text")) {
		p->type = PART_TEXT;
		part_set_string(r->c, p, json_get(source, "data"), r->max);
	} else if (json_type(json_get(source, "data")) == JSON_STRING) {
		read_base64(r, p, json_get(source, "data"), p->modality, p->mime);
	} else if (json_type(file) == JSON_STRING) {
		p->type = PART_FILE;
		part_set_string(r->c, p, file, r->max);
	} else {
		part_set_string(r->c, p, json_get(source, "url"), r->max);
	}
}

/* {"image_url": {"url": …}} (Chat Completions), {"image_url": "…"} or {"file_id": …}
 * (Responses). */
static void read_image_url(const struct reader *r, const struct block_kind *kind,
			   struct json_val block)
{
	struct json_val url = json_get(block, "image_url"), file = json_get(block, "file_id");
	struct part *p = add(r, kind->part);

	if (!p)
		return;
	if (json_type(url) == JSON_OBJECT)
		url = json_get(url, "url");
	if (json_type(url) == JSON_STRING) {
		part_set_url(r->c, p, url, r->max);
	} else {
		p->type = PART_FILE;
		part_set_string(r->c, p, file, r->max);
	}
	p->modality = slice_from(kind->key);
}

static void read_audio(const struct reader *r, const struct block_kind *kind, struct json_val block)
{
	static const struct slice formats[][2] = {
		{ SLICE("mp3"), SLICE("audio/mpeg") },
		{ SLICE("wav"), SLICE("audio/wav") },
	};
	struct json_val audio = json_get(block, "input_audio");
	struct slice mime = SLICE_NONE;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (slice_eq(json_raw(json_get(audio, "format")), formats[i][0]))
			mime = formats[i][1];
	read_base64(r, add(r, kind->part), json_get(audio, "data"), SLICE("audio"), mime);
}

/* {"file": {"file_id" | "file_data"}} (Chat Completions) or the same members at the top
 * with "file_url" (Responses). */
static void read_file(const struct reader *r, const struct block_kind *kind, struct json_val block)
{
	struct json_val file = json_get(block, "file");
	struct part *p = add(r, kind->part);

	if (!p)
		return;
	if (json_type(file) != JSON_OBJECT)
		file = block;
	if (json_type(json_get(file, "file_id")) == JSON_STRING) {
		part_set_string(r->c, p, json_get(file, "file_id"), r->max);
	} else if (json_type(json_get(file, "file_data")) == JSON_STRING) {
		part_set_url(r->c, p, json_get(file, "file_data"), r->max);
		p->type = PART_BLOB; /* also without the data: in front */
	} else {
		part_set_url(r->c, p, json_get(file, "file_url"), r->max);
	}
	if (!p->modality.data)
		p->modality = SLICE("document");
}

static void read_compaction(const struct reader *r, const struct block_kind *kind,
			    struct json_val block)
{
	struct part *p = add(r, kind->part);

	r->c->compacted = true;
	if (!p)
		return;
	p->id = call_json_str(r->c, json_get(block, "id"));
	part_set_string(r->c, p, json_get(block, kind->key), r->max);
}

static void read_other(const struct reader *r, const struct block_kind *kind, struct json_val block)
{
	struct part *p = add(r, kind->part);

	if (!p)
		return;
	p->name = call_json_str(r->c, json_get(block, "type"));
	p->hash = json_hash(SLICE_HASH, block);
}

/* The last row takes what no other does. */
static const struct block_kind kinds[] = {
	{ SLICE("text"), false, PART_TEXT, "text", read_text },
	{ SLICE("input_text"), false, PART_TEXT, "text", read_text },
	{ SLICE("output_text"), false, PART_TEXT, "text", read_text },
	{ SLICE("summary_text"), false, PART_REASONING, "text", read_text },
	{ SLICE("reasoning_text"), false, PART_REASONING, "text", read_text },
	{ SLICE("thinking"), false, PART_REASONING, "thinking", read_text },
	{ SLICE("redacted_thinking"), false, PART_REASONING, "", read_text },
	{ SLICE("refusal"), false, PART_TEXT, "refusal", read_text },
	{ SLICE("tool_use"), false, PART_TOOL_CALL, NULL, read_tool_use },
	{ SLICE("server_tool_use"), false, PART_SERVER_TOOL_CALL, NULL, read_tool_use },
	{ SLICE("mcp_tool_use"), false, PART_SERVER_TOOL_CALL, NULL, read_tool_use },
	{ SLICE("tool_result"), false, PART_TOOL_RESPONSE, NULL, read_tool_result },
	{ SLICE("_tool_result"), true, PART_SERVER_TOOL_RESPONSE, NULL, read_tool_result },
	{ SLICE("image"), false, PART_URI, "image", read_source },
	{ SLICE("document"), false, PART_URI, "document", read_source },
	{ SLICE("image_url"), false, PART_URI, "image", read_image_url },
	{ SLICE("input_image"), false, PART_URI, "image", read_image_url },
	{ SLICE("input_audio"), false, PART_BLOB, NULL, read_audio },
	{ SLICE("file"), false, PART_FILE, NULL, read_file },
	{ SLICE("input_file"), false, PART_FILE, NULL, read_file },
	{ SLICE("compaction"), false, PART_COMPACTION, "content", read_compaction },
	{ SLICE(""), true, PART_OTHER, NULL, read_other },
};

void messages_add_block(struct call *c, const struct decoder_config *config, struct part **list,
			size_t *count, struct json_val block)
{
	const struct reader r = { c, messages_text_max(config), list, count };
	struct slice type = json_raw(json_get(block, "type"));
	const struct block_kind *kind = kinds;

	if (json_type(block) == JSON_STRING) {
		part_set_string(c, part_add(c, list, count, PART_TEXT), block, r.max);
		return;
	}
	if (json_type(block) != JSON_OBJECT || !type.data)
		return;
	while (kind->suffix ? !slice_ends(type, kind->type) : !slice_eq(type, kind->type))
		kind++;
	kind->read(&r, kind, block);
}

void messages_add_content(struct call *c, const struct decoder_config *config, struct part **list,
			  size_t *count, struct json_val content)
{
	if (json_type(content) != JSON_ARRAY) {
		messages_add_block(c, config, list, count, content);
		return;
	}
	for (struct json_val i = json_first(content); i.doc; i = json_next(i))
		messages_add_block(c, config, list, count, i);
}
