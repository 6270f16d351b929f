/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bedrock's Converse and ConverseStream (genai.md 4.9), and the native bodies of Amazon
 * Nova, which are the same but for the stream, where an event's type is its only member
 * (bedrock_invoke.c). Input tokens leave out cached ones; the stream's last event has them.
 */
#include "bedrock.h"

#include "cleanup.h"

struct converse_state {
	struct blocks blocks;
	struct usage raw;
	bool whole;
	bool stopped; /* messageStop */
	struct slice role;
};

static const struct bedrock_row usage_rows[] = {
	{ "inputTokens", USAGE_INPUT },
	{ "outputTokens", USAGE_OUTPUT },
	{ "totalTokens", USAGE_TOTAL },
	{ "cacheReadInputTokenCount", USAGE_CACHE_READ },
	{ "cacheReadInputTokens", USAGE_CACHE_READ },
	{ "cacheWriteInputTokenCount", USAGE_CACHE_WRITE },
	{ "cacheWriteInputTokens", USAGE_CACHE_WRITE },
};

static void read_cache_details(struct usage *raw, struct json_val usage)
{
	if (json_cut(usage))
		return;
	for (struct json_val i = json_first(json_get(usage, "cacheDetails")); i.doc;
	     i = json_next(i)) {
		struct json_val ttl = json_get(i, "ttl");

		usage_set_json(raw,
			       json_is(ttl, "5m")   ? USAGE_CACHE_WRITE_5M
			       : json_is(ttl, "1h") ? USAGE_CACHE_WRITE_1H
						    : USAGE_FIELDS,
			       json_get(i, "inputTokens"));
	}
}

/* Members of a whole response and of the stream's metadata. */
static void read_common(struct call *c, struct converse_state *st, struct json_val root)
{
	struct json_val usage = json_get(root, "usage");

	bedrock_read_rows(&st->raw, usage, usage_rows, ARRAY_LEN(usage_rows));
	read_cache_details(&st->raw, usage);
	call_update(c, &c->service_tier, json_path(root, "serviceTier.type"));
	call_update_seconds(&c->processing_s, json_path(root, "metrics.latencyMs"), 1e-3);
}

static void set_stop(struct call *c, struct json_val reason)
{
	if (json_has_text(reason))
		call_set_finish(c, 0, json_raw(reason));
}

static void converse_response(struct call *c, const struct decoder_config *config, void *state,
			      struct json_val root)
{
	struct converse_state *st = state;
	struct json_val content = json_path(root, "output.message.content");
	struct message *m;

	read_common(c, st, root);
	set_stop(c, json_get(root, "stopReason"));
	if (json_type(content) != JSON_ARRAY)
		return;
	st->whole = true;
	m = message_add(c, &c->output, &c->n_output, SLICE("assistant"));
	if (!m)
		return;
	for (struct json_val i = json_first(content); i.doc; i = json_next(i)) {
		struct part *p =
			converse_add_block(c, &m->parts, &m->n_parts, i, messages_text_max(config),
					   MESSAGES_ARGUMENTS_MAX);

		if (p && p->type == PART_TOOL_CALL)
			messages_add_tool_call(c, p, SLICE("function"), 0, json_cut(i));
	}
	message_seal(m);
}

static uint64_t block_index(struct json_val event)
{
	int64_t index = call_json_i64(json_get(event, "contentBlockIndex"));

	return index < 0 ? 0 : (uint64_t)index;
}

static void on_block_start(struct call *c, struct converse_state *st, struct json_val event)
{
	struct json_val tool = json_path(event, "start.toolUse");
	struct block *b;

	if (json_type(tool) != JSON_OBJECT)
		return;
	b = blocks_get(c, &st->blocks, block_index(event), PART_TOOL_CALL);
	if (!b)
		return;
	call_update(c, &b->id, json_get(tool, "toolUseId"));
	call_update(c, &b->name, json_get(tool, "name"));
}

static void on_block_delta(struct call *c, const struct decoder_config *config,
			   struct converse_state *st, struct json_val event, uint64_t ts_ns)
{
	static const struct {
		const char *path;
		enum part_type type;
	} kinds[] = {
		{ "delta.text", PART_TEXT },
		{ "delta.toolUse.input", PART_TOOL_CALL },
		{ "delta.reasoningContent.text", PART_REASONING },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_val v = json_path(event, kinds[i].path);
		struct block *b;

		if (json_type(v) != JSON_STRING)
			continue;
		b = blocks_get(c, &st->blocks, block_index(event), kinds[i].type);
		if (!b)
			return;
		b->cut = true; /* until contentBlockStop */
		b->end_ns = ts_ns;
		text_add_json(c, &b->text, v,
			      kinds[i].type == PART_TOOL_CALL ? MESSAGES_ARGUMENTS_MAX
							      : messages_text_max(config));
	}
}

static void converse_event(struct call *c, const struct decoder_config *config, void *state,
			   const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct converse_state *st = state;
	struct slice type = event->type;
	struct block *b;

	if (slice_eq(type, SLICE("contentBlockDelta"))) {
		on_block_delta(c, config, st, root, ts_ns);
	} else if (slice_eq(type, SLICE("contentBlockStart"))) {
		on_block_start(c, st, root);
	} else if (slice_eq(type, SLICE("contentBlockStop"))) {
		b = blocks_find(&st->blocks, block_index(root));
		if (b) {
			b->cut = false;
			b->end_ns = ts_ns;
		}
	} else if (slice_eq(type, SLICE("messageStart"))) {
		call_update(c, &st->role, json_get(root, "role"));
	} else if (slice_eq(type, SLICE("messageStop"))) {
		set_stop(c, json_get(root, "stopReason"));
		st->stopped = true;
	} else if (slice_eq(type, SLICE("metadata"))) {
		read_common(c, st, root);
	}
}

static void converse_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct converse_state *st = state;

	(void)config;
	bedrock_usage_add_up(&c->usage, &st->raw);
	if (!st->whole && (st->blocks.count || st->role.data))
		blocks_emit(c, &st->blocks, 0, SLICE("assistant"));
}

static bool converse_ended(const void *state)
{
	const struct converse_state *st = state;

	return st->stopped;
}

static void read_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	c->stream |= slice_ends(c->path, SLICE("/converse-stream"));
	converse_request(c, config, root);
}

static enum operation converse_path(struct slice method, struct slice path, bool *known)
{
	bool converse =
		slice_ends(path, SLICE("/converse")) || slice_ends(path, SLICE("/converse-stream"));

	if (slice_find(path, SLICE("/model/")) < 0)
		return OP_NONE;
	*known = converse || slice_ends(path, SLICE("/count-tokens"));
	return converse && slice_eq_nocase(method, SLICE("POST")) ? OP_CHAT : OP_NONE;
}

static bool converse_response_shape(struct json_val response)
{
	return json_path(response, "output.message.content").doc &&
	       json_path(response, "usage.inputTokens").doc;
}

const struct dialect dialect_bedrock_converse = {
	.name = "bedrock-converse",
	.provider = "aws.bedrock",
	.op = OP_CHAT,
	.state_size = sizeof(struct converse_state),
	.path = converse_path,
	.response_shape = converse_response_shape,
	.request = read_request,
	.response = converse_response,
	.event = converse_event,
	.finish = converse_finish,
	.ended = converse_ended,
};
