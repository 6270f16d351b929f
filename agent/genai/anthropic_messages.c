/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anthropic's Messages API (genai.md 4.7). Its input_tokens leave out cached ones, and a
 * stream reports usage twice: message_start and, cumulative, message_delta; so the raw
 * counts are merged field by field and added up once at the end.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"

#define EXTRAS_MAX 64

struct anthropic_state {
	struct blocks blocks;
	struct usage raw; /* USAGE_INPUT without cached tokens */
	bool whole;	  /* a response that was not streamed filled in the output itself */
	bool final_usage; /* not only message_start's, whose output count is a placeholder */
	bool usage_cut;	  /* the text ended inside a usage object */
	bool stopped;	  /* message_stop */
	struct slice role;
	struct slice stop_reason;
};

static const struct {
	const char *path;
	enum usage_field field;
} usage_rows[] = {
	{ "input_tokens", USAGE_INPUT },
	{ "cache_read_input_tokens", USAGE_CACHE_READ },
	{ "cache_creation_input_tokens", USAGE_CACHE_WRITE },
	{ "cache_creation.ephemeral_5m_input_tokens", USAGE_CACHE_WRITE_5M },
	{ "cache_creation.ephemeral_1h_input_tokens", USAGE_CACHE_WRITE_1H },
	{ "output_tokens", USAGE_OUTPUT },
	{ "output_tokens_details.thinking_tokens", USAGE_REASONING },
	{ "server_tool_use.web_search_requests", USAGE_WEB_SEARCHES },
	{ "server_tool_use.web_fetch_requests", USAGE_WEB_FETCHES },
	{ "server_tool_use.code_execution_requests", USAGE_CODE_EXECUTIONS },
};

static void read_counts(struct usage *u, struct json_val usage)
{
	for (size_t i = 0; i < ARRAY_LEN(usage_rows); i++)
		usage_set_json(u, usage_rows[i].field, json_path(usage, usage_rows[i].path));
}

/* Input tokens with the cached ones, which this API leaves out. */
static void add_cached(struct usage *u)
{
	if (usage_has(u, USAGE_INPUT))
		usage_set(u, USAGE_INPUT,
			  usage_get(u, USAGE_INPUT) + usage_get(u, USAGE_CACHE_READ) +
				  usage_get(u, USAGE_CACHE_WRITE));
}

/* Those that the message's own counts leave out. What comes later replaces what came before. */
static void read_iterations(struct call *c, struct json_val iterations)
{
	struct json_val i = json_first(iterations);

	if (json_type(iterations) != JSON_ARRAY)
		return;
	for (c->n_extras = 0; i.doc && c->n_extras < EXTRAS_MAX; i = json_next(i)) {
		bool compaction = json_is(json_get(i, "type"), "compaction");
		struct extra_usage *x;

		c->compacted |= compaction;
		if (json_cut(i) ||
		    (!compaction && !json_is(json_get(i, "type"), "advisor_message")))
			continue;
		x = arena_push(&c->arena, &c->extras, &c->n_extras, sizeof(*x));
		if (!x)
			return;
		*x = (struct extra_usage){ .kind = compaction ? EXTRA_COMPACTION : EXTRA_ADVISOR };
		x->model = call_json_str(c, json_get(i, "model"));
		read_counts(&x->usage, i);
		add_cached(&x->usage);
	}
}

static void read_usage(struct call *c, struct anthropic_state *st, struct json_val usage)
{
	if (json_type(usage) != JSON_OBJECT)
		return;
	read_counts(&st->raw, usage);
	/* Input is the sum of several members: some may be behind the cut. */
	st->usage_cut |= json_cut(usage);
	call_update(c, &c->service_tier, json_get(usage, "service_tier"));
	call_update(c, &c->speed, json_get(usage, "speed"));
	call_update(c, &c->inference_geo, json_get(usage, "inference_geo"));
	read_iterations(c, json_get(usage, "iterations"));
}

/* The members of a message that are not its content. */
static void read_message(struct call *c, struct anthropic_state *st, struct json_val m)
{
	call_update(c, &c->response_id, json_get(m, "id"));
	call_update(c, &c->response_model, json_get(m, "model"));
	call_update(c, &st->role, json_get(m, "role"));
	call_update(c, &st->stop_reason, json_get(m, "stop_reason"));
	read_usage(c, st, json_get(m, "usage"));
}

static void anthropic_response(struct call *c, const struct decoder_config *config, void *state,
			       struct json_val root)
{
	struct anthropic_state *st = state;
	struct message *m;

	read_message(c, st, root);
	if (json_type(json_get(root, "content")) != JSON_ARRAY)
		return;
	st->whole = true;
	m = message_add(c, &c->output, &c->n_output, st->role.data ? st->role : SLICE("assistant"));
	if (!m)
		return;
	for (struct json_val i = json_first(json_get(root, "content")); i.doc; i = json_next(i)) {
		if (!json_is(json_get(i, "type"), "tool_use")) {
			messages_add_block(c, config, &m->parts, &m->n_parts, i);
			continue;
		}
		messages_add_tool_call(c,
				       messages_add_tool_use(c, &m->parts, &m->n_parts,
							     PART_TOOL_CALL, i,
							     MESSAGES_ARGUMENTS_MAX),
				       SLICE("function"), 0, json_cut(i));
	}
	message_seal(m);
}

/* Blocks that open with less than they will have. */
static const struct {
	struct slice type;
	enum part_type part;
} streamed_blocks[] = {
	{ SLICE("text"), PART_TEXT },
	{ SLICE("thinking"), PART_REASONING },
	{ SLICE("redacted_thinking"), PART_REASONING },
	{ SLICE("tool_use"), PART_TOOL_CALL },
	{ SLICE("server_tool_use"), PART_SERVER_TOOL_CALL },
	{ SLICE("mcp_tool_use"), PART_SERVER_TOOL_CALL },
	{ SLICE("compaction"), PART_COMPACTION },
};

static void block_start(struct call *c, const struct decoder_config *config,
			struct anthropic_state *st, uint64_t key, struct json_val from)
{
	struct slice type = json_raw(json_get(from, "type"));
	enum part_type part = PART_OTHER;
	size_t max = messages_text_max(config);
	struct block *b;

	for (size_t i = 0; i < ARRAY_LEN(streamed_blocks); i++)
		if (slice_eq(type, streamed_blocks[i].type))
			part = streamed_blocks[i].part;
	if (slice_ends(type, SLICE("_tool_result")))
		part = PART_SERVER_TOOL_RESPONSE;
	b = blocks_get(c, &st->blocks, key, part);
	if (!b)
		return;
	b->type = part;
	c->compacted |= part == PART_COMPACTION;
	switch (part) {
	case PART_TEXT:
		text_add_json(c, &b->text, json_get(from, "text"), max);
		break;
	case PART_REASONING:
		text_add_json(c, &b->text, json_get(from, "thinking"), max);
		break;
	case PART_TOOL_CALL:
	case PART_SERVER_TOOL_CALL:
		call_update(c, &b->id, json_get(from, "id"));
		call_update(c, &b->name, json_get(from, "name"));
		/* Whole here only in other people's copies of the API. */
		if (json_len(json_get(from, "input")))
			text_add(c, &b->text, json_raw(json_get(from, "input")),
				 MESSAGES_ARGUMENTS_MAX);
		break;
	case PART_SERVER_TOOL_RESPONSE:
		call_update(c, &b->id, json_get(from, "tool_use_id"));
		text_add(c, &b->text, json_raw(json_get(from, "content")), max);
		b->json = true;
		json_bool(json_get(from, "is_error"), &b->is_error);
		/* fallthrough */
	default:
		call_update(c, &b->name, json_get(from, "type"));
	}
}

static void block_delta(struct call *c, const struct decoder_config *config,
			struct anthropic_state *st, uint64_t key, struct json_val delta,
			uint64_t ts_ns)
{
	static const struct {
		const char *member;
		enum part_type part; /* when the block's start was lost */
	} kinds[] = {
		{ "text", PART_TEXT },
		{ "thinking", PART_REASONING },
		{ "partial_json", PART_TOOL_CALL },
		{ "content", PART_COMPACTION },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_val v = json_get(delta, kinds[i].member);
		struct block *b;

		if (json_type(v) != JSON_STRING)
			continue;
		b = blocks_get(c, &st->blocks, key, kinds[i].part);
		if (!b)
			return;
		b->cut = true; /* until content_block_stop */
		b->end_ns = ts_ns;
		text_add_json(c, &b->text, v,
			      kinds[i].part == PART_TOOL_CALL ? MESSAGES_ARGUMENTS_MAX
							      : messages_text_max(config));
		return;
	}
}

static void anthropic_event(struct call *c, const struct decoder_config *config, void *state,
			    const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct anthropic_state *st = state;
	struct json_val type = json_get(root, "type");
	int64_t index = call_json_i64(json_get(root, "index"));
	uint64_t key = index < 0 ? 0 : (uint64_t)index;
	struct block *b;

	(void)event;
	if (json_is(type, "content_block_delta")) {
		block_delta(c, config, st, key, json_get(root, "delta"), ts_ns);
	} else if (json_is(type, "content_block_start")) {
		block_start(c, config, st, key, json_get(root, "content_block"));
	} else if (json_is(type, "content_block_stop")) {
		b = blocks_find(&st->blocks, key);
		if (b) {
			b->cut = false;
			b->end_ns = ts_ns;
		}
	} else if (json_is(type, "message_start")) {
		read_message(c, st, json_get(root, "message"));
	} else if (json_is(type, "message_delta")) {
		call_update(c, &st->stop_reason, json_path(root, "delta.stop_reason"));
		read_usage(c, st, json_get(root, "usage"));
		st->final_usage |= json_type(json_path(root, "usage.output_tokens")) == JSON_NUMBER;
	} else if (json_is(type, "message_stop")) {
		st->stopped = true;
	}
}

/* Takes back what is not known for sure. Without a message_delta the output tokens are
 * not, whatever message_start holds; its input tokens stand unless the delta was lost,
 * which may have raised them. */
static void drop_doubtful(const struct call *c, const struct anthropic_state *st, struct usage *u)
{
	bool first_only = c->stream && !st->whole && !st->final_usage;

	if (first_only) {
		usage_unset(u, USAGE_OUTPUT);
		usage_unset(u, USAGE_REASONING);
	}
	if (!st->usage_cut && !(first_only && call_has_gap(c)))
		return;
	for (enum usage_field f = USAGE_INPUT; f < USAGE_OUTPUT; f++)
		usage_unset(u, f);
}

static void anthropic_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct anthropic_state *st = state;
	struct usage *u = &st->raw;

	(void)config;
	drop_doubtful(c, st, u);
	add_cached(u);
	usage_merge(&c->usage, u);
	if (st->stop_reason.data)
		call_set_finish(c, 0, st->stop_reason);
	if (!st->whole && (st->blocks.count || st->role.data))
		blocks_emit(c, &st->blocks, 0, st->role.data ? st->role : SLICE("assistant"));
}

static bool anthropic_ended(const void *state)
{
	const struct anthropic_state *st = state;

	return st->stopped;
}

static enum operation anthropic_path(struct slice method, struct slice path, bool *known)
{
	static const struct slice mark = SLICE("/v1/messages");
	ssize_t at = slice_find(path, mark);
	struct slice rest;

	if (at < 0 && slice_find(path, SLICE("/publishers/anthropic/models/")) >= 0) {
		*known = slice_ends(path, SLICE(":rawPredict")) ||
			 slice_ends(path, SLICE(":streamRawPredict"));
		return *known && slice_find(path, SLICE("/count-tokens:")) < 0 ? OP_CHAT : OP_NONE;
	}
	if (at < 0)
		return OP_NONE;
	rest = slice_sub(path, (size_t)at + mark.len, path.len);
	*known = !rest.len || slice_starts(rest, SLICE("/count_tokens")) ||
		 slice_starts(rest, SLICE("/batches"));
	return !rest.len && slice_eq_nocase(method, SLICE("POST")) ? OP_CHAT : OP_NONE;
}

static bool has_anthropic_blocks(struct json_val messages)
{
	for (struct json_val m = json_first(messages); m.doc; m = json_next(m)) {
		struct json_val content = json_get(m, "content");

		for (struct json_val b = json_first(content); b.doc; b = json_next(b)) {
			struct json_val type = json_get(b, "type");

			if (json_is(type, "tool_use") || json_is(type, "tool_result") ||
			    json_is(type, "thinking") || json_get(b, "cache_control").doc)
				return true;
		}
	}
	return false;
}

/* Told from Chat Completions, which has messages too, by what only this API has. */
static bool anthropic_shape(struct json_val request)
{
	struct json_val messages = json_get(request, "messages");
	struct json_val system = json_get(request, "system");

	if (json_type(messages) != JSON_ARRAY)
		return false;
	return json_get(request, "anthropic_version").doc || json_type(system) == JSON_STRING ||
	       json_type(system) == JSON_ARRAY ||
	       json_get(json_first(json_get(request, "tools")), "input_schema").doc ||
	       has_anthropic_blocks(messages);
}

static bool anthropic_response_shape(struct json_val response)
{
	struct json_val type = json_get(response, "type");

	return json_is(type, "message_start") ||
	       (json_is(type, "message") && json_get(response, "role").doc);
}

static void read_tool(struct call *c, const struct decoder_config *config, struct json_val tool)
{
	struct slice type = call_json_str(c, json_get(tool, "type"));
	struct part schema = { 0 };
	struct tool_definition *t;

	/* A tool of the client has no type, or "custom"; a server tool has a dated one. */
	if (!type.data || slice_eq(type, SLICE("custom")))
		type = SLICE("function");
	t = messages_add_tool(c, type, call_json_str(c, json_get(tool, "name")));
	if (!t || !config->content)
		return;
	t->description = call_json_str(c, json_get(tool, "description"));
	part_set_json(c, &schema, json_get(tool, "input_schema"), config->content_max);
	if (schema.text.len == schema.len)
		t->parameters = schema.text;
}

static void anthropic_request(struct call *c, const struct decoder_config *config,
			      struct json_val root)
{
	struct json_val format = json_path(root, "output_config.format.type");

	call_update(c, &c->request_model, json_get(root, "model"));
	json_bool(json_get(root, "stream"), &c->stream);
	c->max_tokens = call_json_i64(json_get(root, "max_tokens"));
	c->temperature = call_json_f64(json_get(root, "temperature"));
	c->top_p = call_json_f64(json_get(root, "top_p"));
	c->top_k = call_json_i64(json_get(root, "top_k"));
	call_json_strs(c, json_get(root, "stop_sequences"), &c->stop_sequences,
		       &c->n_stop_sequences);
	call_update(c, &c->request_service_tier, json_get(root, "service_tier"));
	call_update(c, &c->request_speed, json_get(root, "speed"));
	call_update(c, &c->reasoning_level, json_path(root, "output_config.effort"));
	call_update(c, &c->user, json_path(root, "metadata.user_id"));
	if (json_is(format, "json_schema"))
		c->output_type = SLICE("json");
	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "system"));
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		read_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "messages")); i.doc; i = json_next(i)) {
		struct message *m;

		if (!json_has_text(json_get(i, "role")))
			continue;
		m = message_add(c, &c->input, &c->n_input, call_json_str(c, json_get(i, "role")));
		if (!m)
			break;
		messages_add_content(c, config, &m->parts, &m->n_parts, json_get(i, "content"));
		message_seal(m);
	}
}

const struct dialect dialect_anthropic_messages = {
	.name = "anthropic-messages",
	.provider = "anthropic",
	.op = OP_CHAT,
	.state_size = sizeof(struct anthropic_state),
	.path = anthropic_path,
	.shape = anthropic_shape,
	.response_shape = anthropic_response_shape,
	.request = anthropic_request,
	.response = anthropic_response,
	.event = anthropic_event,
	.finish = anthropic_finish,
	.ended = anthropic_ended,
};
