/* SPDX-License-Identifier: Apache-2.0 */
/* The request side of Converse, and counts; a part of bedrock.h. */
#include "bedrock.h"

#include "cleanup.h"

void bedrock_read_rows(struct usage *u, struct json_val from, const struct bedrock_row *rows,
		       size_t count)
{
	/* Sums of which a part may be behind the cut are wrong ones. */
	if (json_type(from) != JSON_OBJECT || json_cut(from))
		return;
	for (size_t i = 0; i < count; i++)
		usage_set_json(u, rows[i].field, json_path(from, rows[i].path));
}

void bedrock_usage_add_up(struct usage *u, const struct usage *raw)
{
	struct usage now = *raw;

	if (usage_has(raw, USAGE_INPUT))
		usage_set(&now, USAGE_INPUT,
			  usage_get(raw, USAGE_INPUT) + usage_get(raw, USAGE_CACHE_READ) +
				  usage_get(raw, USAGE_CACHE_WRITE));
	usage_merge(u, &now);
}

static void read_text(struct call *c, struct part *p, struct json_val from, size_t max)
{
	part_set_string(c, p, from, max);
}

static struct slice mime_of(struct call *c, struct slice modality, struct slice format)
{
	char mime[64];
	int len = snprintf(mime, sizeof(mime), "%.*s/%.*s", SLICE_FMT(modality), SLICE_FMT(format));

	if (!format.len || len < 0 || (size_t)len >= sizeof(mime))
		return SLICE_NONE;
	return arena_copy(&c->arena, (struct slice){ mime, (size_t)len });
}

static void read_media(struct call *c, struct part *p, struct json_val from, size_t max)
{
	struct json_val uri = json_path(from, "source.s3Location.uri");

	if (json_type(uri) == JSON_STRING)
		p->type = PART_URI;
	else
		uri = json_path(from, "source.bytes");
	part_set_string(c, p, uri, max);
	/* {"format": "png"}; of documents it is a suffix, not half a type. */
	if (!slice_eq(p->modality, SLICE("document")))
		p->mime = mime_of(c, p->modality, json_raw(json_get(from, "format")));
}

static void read_tool_use(struct call *c, struct part *p, struct json_val from, size_t max)
{
	p->id = call_json_str(c, json_get(from, "toolUseId"));
	p->name = call_json_str(c, json_get(from, "name"));
	part_set_json(c, p, json_get(from, "input"), max);
}

static void read_tool_result(struct call *c, struct part *p, struct json_val from, size_t max)
{
	p->id = call_json_str(c, json_get(from, "toolUseId"));
	p->is_error = json_is(json_get(from, "status"), "error");
	part_set_json(c, p, json_get(from, "content"), max);
}

static void read_reasoning(struct call *c, struct part *p, struct json_val from, size_t max)
{
	part_set_string(c, p, json_path(from, "reasoningText.text"), max);
}

/* [{"text": …}, …]: Nova's citations and what a guardrail is to look at. */
static void read_texts(struct call *c, struct part *p, struct json_val from, size_t max)
{
	struct text text = { 0 };

	text_add_json(c, &text, json_path(from, "text.text"), max);
	for (struct json_val i = json_first(json_get(from, "content")); i.doc; i = json_next(i))
		text_add_json(c, &text, json_get(i, "text"), max);
	part_set_text(p, &text);
}

/* What a block is, by the one member that it has. */
static const struct {
	const char *member;
	enum part_type type;
	const char *modality;
	void (*read)(struct call *c, struct part *p, struct json_val from, size_t max);
} kinds[] = {
	{ "text", PART_TEXT, NULL, read_text },
	{ "toolUse", PART_TOOL_CALL, NULL, read_tool_use },
	{ "toolResult", PART_TOOL_RESPONSE, NULL, read_tool_result },
	{ "reasoningContent", PART_REASONING, NULL, read_reasoning },
	{ "image", PART_BLOB, "image", read_media },
	{ "document", PART_BLOB, "document", read_media },
	{ "video", PART_BLOB, "video", read_media },
	{ "audio", PART_BLOB, "audio", read_media },
	{ "citationsContent", PART_TEXT, NULL, read_texts },
	{ "guardContent", PART_TEXT, NULL, read_texts },
};

struct part *converse_add_block(struct call *c, struct part **list, size_t *count,
				struct json_val block, size_t text_max, size_t arguments_max)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_val from = json_get(block, kinds[i].member);
		struct part *p;

		if (json_type(from) <= JSON_NULL)
			continue;
		p = part_add(c, list, count, kinds[i].type);
		if (!p)
			return NULL;
		p->modality = slice_from(kinds[i].modality);
		kinds[i].read(c, p, from,
			      kinds[i].type == PART_TOOL_CALL ? arguments_max : text_max);
		return p;
	}
	return NULL;
}

static void add_tool(struct call *c, const struct decoder_config *config, struct json_val from)
{
	struct json_val spec = json_get(from, "toolSpec");
	struct tool_definition *t;
	struct part schema = { 0 };

	if (json_type(spec) != JSON_OBJECT)
		return;
	t = messages_add_tool(c, SLICE("function"), call_json_str(c, json_get(spec, "name")));
	if (!t || !config->content)
		return;
	t->description = call_json_str(c, json_get(spec, "description"));
	part_set_json(c, &schema, json_path(spec, "inputSchema.json"), config->content_max);
	if (schema.text.len == schema.len)
		t->parameters = schema.text;
}

static void read_parameters(struct call *c, struct json_val root)
{
	struct json_val inference = json_get(root, "inferenceConfig");
	struct json_val more = json_get(root, "additionalModelRequestFields");
	struct json_val top_k = json_get(more, "top_k");

	if (json_type(top_k) != JSON_NUMBER)
		top_k = json_path(more, "inferenceConfig.topK");
	if (json_type(top_k) != JSON_NUMBER)
		top_k = json_get(inference, "topK");
	c->max_tokens = call_json_i64(json_get(inference, "maxTokens"));
	if (c->max_tokens < 0)
		c->max_tokens = call_json_i64(json_get(inference, "max_new_tokens"));
	c->temperature = call_json_f64(json_get(inference, "temperature"));
	c->top_p = call_json_f64(json_get(inference, "topP"));
	c->top_k = call_json_i64(top_k);
	call_json_strs(c, json_get(inference, "stopSequences"), &c->stop_sequences,
		       &c->n_stop_sequences);
	if (json_is(json_path(root, "outputConfig.textFormat.type"), "json_schema"))
		c->output_type = SLICE("json");
	call_update(c, &c->reasoning_level, json_path(root, "outputConfig.effort"));
	call_update(c, &c->request_service_tier, json_path(root, "serviceTier.type"));
	call_update(c, &c->guardrail_id, json_path(root, "guardrailConfig.guardrailIdentifier"));
	call_update(c, &c->user, json_path(root, "requestMetadata.user_id"));
}

void converse_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	size_t max = messages_text_max(config);

	read_parameters(c, root);
	for (struct json_val i = json_first(json_get(root, "system")); i.doc; i = json_next(i))
		converse_add_block(c, &c->system, &c->n_system, i, max, max);
	for (struct json_val i = json_first(json_path(root, "toolConfig.tools")); i.doc;
	     i = json_next(i))
		add_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "messages")); i.doc; i = json_next(i)) {
		struct message *m;

		if (!json_has_text(json_get(i, "role")))
			continue;
		m = message_add(c, &c->input, &c->n_input, call_json_str(c, json_get(i, "role")));
		if (!m)
			return;
		for (struct json_val b = json_first(json_get(i, "content")); b.doc;
		     b = json_next(b))
			converse_add_block(c, &m->parts, &m->n_parts, b, max, max);
		message_seal(m);
	}
}
