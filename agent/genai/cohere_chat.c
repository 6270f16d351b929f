/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cohere's chat, second API (server-sent events, messages as OpenAI writes them) and first
 * (NDJSON, a message and its history); Cohere's models on Bedrock speak the first.
 */
#include "cohere.h"
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"
#include "openai_chat.h"

enum { KEY_PLAN = 1, KEY_TEXT, KEY_CONTENT = 1 << 16, KEY_TOOL = 1 << 20 };

struct cohere_state {
	struct blocks blocks;
	bool ended;
};

struct reader {
	struct call *c;
	struct cohere_state *st;
	size_t text_max;
	uint64_t ts_ns;
};

/* What is billed counts before what was used, which is more. */
void cohere_usage_read(struct usage *u, struct json_val usage)
{
	static const char *const kinds[] = { "tokens", "billed_units" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct json_val counts = json_get(usage, kinds[i]);

		/* Of a text that ends within, the other may have been behind the end. */
		if (json_cut(usage))
			return;
		usage_set_json(u, USAGE_INPUT, json_get(counts, "input_tokens"));
		usage_set_json(u, USAGE_OUTPUT, json_get(counts, "output_tokens"));
		usage_set_json(u, USAGE_SEARCH_UNITS, json_get(counts, "search_units"));
	}
	/* A part of `tokens`; what is billed leaves it out, and may be less. */
	if (!json_get(usage, "billed_units").doc)
		usage_set_json(u, USAGE_CACHE_READ, json_get(usage, "cached_tokens"));
}

static struct block *get_block(const struct reader *r, uint64_t key, enum part_type type)
{
	struct block *b = blocks_get(r->c, &r->st->blocks, key, type);

	if (b)
		b->end_ns = r->ts_ns;
	return b;
}

static void add_text(const struct reader *r, uint64_t key, enum part_type type, struct json_val v)
{
	struct block *b = json_has_text(v) ? get_block(r, key, type) : NULL;

	if (b)
		text_add_json(r->c, &b->text, v, r->text_max);
}

/* {type, text | thinking}. */
static void add_content(const struct reader *r, uint64_t index, struct json_val content)
{
	add_text(r, KEY_CONTENT + index, PART_TEXT, json_get(content, "text"));
	add_text(r, KEY_CONTENT + index, PART_REASONING, json_get(content, "thinking"));
}

/* {id, function: {name, arguments}}, or {name, parameters} of the first API. */
static void add_tool(const struct reader *r, uint64_t index, struct json_val tool, bool whole)
{
	struct block *b = get_block(r, KEY_TOOL + index, PART_TOOL_CALL);
	struct json_val function = json_get(tool, "function");
	struct json_val parameters = json_get(tool, "parameters");

	if (!b)
		return;
	call_update(r->c, &b->id, json_get(tool, "id"));
	call_update(r->c, &b->name, json_get(function, "name"));
	call_update(r->c, &b->name, json_get(tool, "name"));
	b->cut = !whole || json_cut(tool);
	text_add_json(r->c, &b->text, json_get(function, "arguments"), MESSAGES_ARGUMENTS_MAX);
	if (json_type(parameters) == JSON_OBJECT)
		text_add(r->c, &b->text, json_raw(parameters), MESSAGES_ARGUMENTS_MAX);
}

static void set_finish(struct call *c, struct json_val reason)
{
	if (json_has_text(reason))
		call_set_finish(c, 0, json_raw(reason));
}

/* A whole response of either API, which the first one repeats at the end of a stream. */
static void read_response(const struct reader *r, struct json_val root)
{
	static const char *const ids[] = { "generation_id", "response_id", "id" };
	struct json_val message = json_get(root, "message");
	uint64_t index = 0;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		call_update(r->c, &r->c->response_id, json_get(root, ids[i]));
	set_finish(r->c, json_get(root, "finish_reason"));
	cohere_usage_read(&r->c->usage, json_get(root, "usage"));
	cohere_usage_read(&r->c->usage, json_get(root, "meta"));
	/* What came in pieces is there already. */
	if (r->st->blocks.count)
		return;
	add_text(r, KEY_TEXT, PART_TEXT, json_get(root, "text"));
	add_text(r, KEY_PLAN, PART_REASONING, json_get(message, "tool_plan"));
	for (struct json_val i = json_first(json_get(message, "content")); i.doc; i = json_next(i))
		add_content(r, index++, i);
	index = 0;
	for (struct json_val i = json_first(json_get(message, "tool_calls")); i.doc;
	     i = json_next(i))
		add_tool(r, index++, i, true);
	for (struct json_val i = json_first(json_get(root, "tool_calls")); i.doc; i = json_next(i))
		add_tool(r, index++, i, true);
}

static void cohere_response(struct call *c, const struct decoder_config *config, void *state,
			    struct json_val root)
{
	const struct reader r = { c, state, messages_text_max(config), 0 };

	read_response(&r, root);
}

static void read_event(const struct reader *r, struct slice type, struct json_val root)
{
	struct json_val delta = json_get(root, "delta"), message = json_get(delta, "message");
	struct json_val content = json_get(message, "content"),
			tool = json_get(message, "tool_calls");
	int64_t index = call_json_i64(json_get(root, "index"));
	uint64_t at = index < 0 || index >= MESSAGES_BLOCKS_MAX ? 0 : (uint64_t)index;
	struct block *b;

	if (slice_eq(type, SLICE("content-delta")) || slice_eq(type, SLICE("content-start"))) {
		add_content(r, at, content);
	} else if (slice_eq(type, SLICE("tool-plan-delta"))) {
		add_text(r, KEY_PLAN, PART_REASONING, json_get(message, "tool_plan"));
	} else if (slice_eq(type, SLICE("tool-call-start")) ||
		   slice_eq(type, SLICE("tool-call-delta"))) {
		add_tool(r, at, tool, false);
	} else if (slice_eq(type, SLICE("tool-call-end"))) {
		b = blocks_find(&r->st->blocks, KEY_TOOL + at);
		if (b)
			b->cut = false;
	} else if (slice_eq(type, SLICE("message-start"))) {
		call_update(r->c, &r->c->response_id, json_get(root, "id"));
	} else if (slice_eq(type, SLICE("message-end"))) {
		r->st->ended = true;
		set_finish(r->c, json_get(delta, "finish_reason"));
		cohere_usage_read(&r->c->usage, json_get(delta, "usage"));
	}
}

static void read_event_v1(const struct reader *r, struct slice type, struct json_val root)
{
	uint64_t index = 0;

	if (slice_eq(type, SLICE("text-generation"))) {
		add_text(r, KEY_TEXT, PART_TEXT, json_get(root, "text"));
	} else if (slice_eq(type, SLICE("tool-calls-generation"))) {
		for (struct json_val i = json_first(json_get(root, "tool_calls")); i.doc;
		     i = json_next(i))
			add_tool(r, index++, i, true);
	} else if (slice_eq(type, SLICE("stream-end"))) {
		/* Its id comes here, and not at the start, which has another. */
		r->st->ended = true;
		set_finish(r->c, json_get(root, "finish_reason"));
		read_response(r, json_get(root, "response"));
	}
}

static void cohere_event(struct call *c, const struct decoder_config *config, void *state,
			 const struct event *event, struct json_val root, uint64_t ts_ns)
{
	const struct reader r = { c, state, messages_text_max(config), ts_ns };
	struct json_val v1 = json_get(root, "event_type");

	(void)event;
	if (json_type(v1) == JSON_STRING)
		read_event_v1(&r, json_raw(v1), root);
	else
		read_event(&r, json_raw(json_get(root, "type")), root);
}

static void cohere_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct cohere_state *st = state;

	(void)config;
	if (st->blocks.count || c->n_finish_reasons)
		blocks_emit(c, &st->blocks, 0, SLICE("assistant"));
}

static bool cohere_ended(const void *state)
{
	const struct cohere_state *st = state;

	return st->ended;
}

static enum operation cohere_path(struct slice method, struct slice path, bool *known)
{
	/* Writer's /v1/chat is as OpenAI's; the shape tells. */
	*known = slice_ends(path, SLICE("/v2/chat"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_CHAT : OP_NONE;
}

static bool cohere_shape(struct json_val request)
{
	return json_type(json_get(request, "message")) == JSON_STRING &&
	       (json_get(request, "chat_history").doc || json_get(request, "preamble").doc ||
		json_type(json_get(request, "model")) == JSON_STRING);
}

static bool cohere_response_shape(struct json_val response)
{
	return json_get(response, "generation_id").doc || json_get(response, "event_type").doc ||
	       json_path(response, "meta.billed_units").doc ||
	       json_path(response, "usage.billed_units").doc ||
	       json_path(response, "delta.usage.billed_units").doc;
}

/* {role: USER | CHATBOT | SYSTEM | TOOL, message}. */
static void add_history(struct call *c, struct json_val from, size_t max)
{
	static const struct slice roles[][2] = {
		{ SLICE("USER"), SLICE("user") },     { SLICE("CHATBOT"), SLICE("assistant") },
		{ SLICE("SYSTEM"), SLICE("system") }, { SLICE("TOOL"), SLICE("tool") },
		{ SLICE("User"), SLICE("user") },     { SLICE("Chatbot"), SLICE("assistant") },
	};
	struct slice role = call_json_str(c, json_get(from, "role"));
	struct message *m;

	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (slice_eq(role, roles[i][0]))
			role = roles[i][1];
	m = message_add(c, &c->input, &c->n_input, role);
	if (!m)
		return;
	if (json_has_text(json_get(from, "message")))
		part_set_string(c, part_add(c, &m->parts, &m->n_parts, PART_TEXT),
				json_get(from, "message"), max);
	for (struct json_val i = json_first(json_get(from, "tool_calls")); i.doc;
	     i = json_next(i)) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_CALL);

		if (!p)
			break;
		p->name = call_json_str(c, json_get(i, "name"));
		part_set_json(c, p, json_get(i, "parameters"), max);
	}
	message_seal(m);
}

static void read_v1(struct call *c, const struct decoder_config *config, struct json_val root)
{
	struct json_val message = json_get(root, "message");
	size_t max = messages_text_max(config);
	struct message *m;

	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "preamble"));
	call_update(c, &c->conversation_id, json_get(root, "conversation_id"));
	for (struct json_val i = json_first(json_get(root, "chat_history")); i.doc;
	     i = json_next(i))
		add_history(c, i, max);
	m = json_has_text(message) ? message_add(c, &c->input, &c->n_input, SLICE("user")) : NULL;
	if (m)
		part_set_string(c, part_add(c, &m->parts, &m->n_parts, PART_TEXT), message, max);
	if (m)
		message_seal(m);
	m = json_len(json_get(root, "tool_results"))
		    ? message_add(c, &c->input, &c->n_input, SLICE("tool"))
		    : NULL;
	for (struct json_val i = json_first(json_get(root, "tool_results")); m && i.doc;
	     i = json_next(i)) {
		struct part *p = part_add(c, &m->parts, &m->n_parts, PART_TOOL_RESPONSE);

		if (!p)
			break;
		p->name = call_json_str(c, json_path(i, "call.name"));
		part_set_json(c, p, json_get(i, "outputs"), max);
	}
	if (m)
		message_seal(m);
}

static void cohere_request(struct call *c, const struct decoder_config *config,
			   struct json_val root)
{
	openai_request_common(c, root);
	c->max_tokens = call_json_i64(json_get(root, "max_tokens"));
	c->top_p = call_json_f64(json_get(root, "p"));
	c->top_k = call_json_i64(json_get(root, "k"));
	c->has_seed = !json_i64(json_get(root, "seed"), &c->seed);
	call_json_strs(c, json_get(root, "stop_sequences"), &c->stop_sequences,
		       &c->n_stop_sequences);
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "messages")); i.doc; i = json_next(i))
		openai_add_message(c, config, i);
	read_v1(c, config, root);
}

const struct dialect dialect_cohere_chat = {
	.name = "cohere-chat",
	.provider = "cohere",
	.op = OP_CHAT,
	.state_size = sizeof(struct cohere_state),
	.path = cohere_path,
	.shape = cohere_shape,
	.response_shape = cohere_response_shape,
	.request = cohere_request,
	.response = cohere_response,
	.event = cohere_event,
	.confirm = true,
	.finish = cohere_finish,
	.ended = cohere_ended,
};
