/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LM Studio's own chat, /api/v1/chat (its documentation, "REST API v1"): items of output and
 * their statistics. A stream's events name their type, and the last one repeats all that came
 * before it. Its older API and its copies of others' are read by those' dialects.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"

enum { KEY_REASONING = 1, KEY_TEXT, KEY_TOOL };

struct lmstudio_state {
	struct blocks blocks;
	bool ended; /* chat.end */
};

static const struct {
	const char *member;
	enum usage_field field;
} counts[] = {
	{ "input_tokens", USAGE_INPUT },
	{ "total_output_tokens", USAGE_OUTPUT },
	{ "reasoning_output_tokens", USAGE_REASONING },
};

static void add_text(struct call *c, struct lmstudio_state *st, uint64_t key, enum part_type type,
		     struct json_val text, size_t max)
{
	struct block *b = json_has_text(text) ? blocks_get(c, &st->blocks, key, type) : NULL;

	if (b)
		text_add_json(c, &b->text, text, max);
}

/* A tool that the server ran: it knows no others. */
static void add_tool(struct call *c, struct lmstudio_state *st, struct json_val item)
{
	struct json_val arguments = json_get(item, "arguments");
	struct block *b =
		blocks_get(c, &st->blocks, KEY_TOOL + st->blocks.count, PART_SERVER_TOOL_CALL);

	if (!b)
		return;
	call_update(c, &b->name, json_get(item, "tool"));
	if (json_type(arguments) == JSON_OBJECT)
		text_add(c, &b->text, json_raw(arguments), MESSAGES_ARGUMENTS_MAX);
}

static void add_item(struct call *c, const struct decoder_config *config, struct lmstudio_state *st,
		     struct json_val item)
{
	struct json_val type = json_get(item, "type"), content = json_get(item, "content");

	if (json_is(type, "message"))
		add_text(c, st, KEY_TEXT, PART_TEXT, content, messages_text_max(config));
	else if (json_is(type, "reasoning"))
		add_text(c, st, KEY_REASONING, PART_REASONING, content, messages_text_max(config));
	else if (json_is(type, "tool_call") || json_is(type, "mcp_call"))
		add_tool(c, st, item);
}

static void lmstudio_response(struct call *c, const struct decoder_config *config, void *state,
			      struct json_val root)
{
	struct json_val stats = json_get(root, "stats");
	struct lmstudio_state *st = state;

	call_update(c, &c->response_model, json_get(root, "model_instance_id"));
	call_update(c, &c->response_id, json_get(root, "response_id"));
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		usage_set_json(&c->usage, counts[i].field, json_get(stats, counts[i].member));
	/* What came in pieces is there already. */
	if (st->blocks.count)
		return;
	for (struct json_val i = json_first(json_get(root, "output")); i.doc; i = json_next(i))
		add_item(c, config, st, i);
}

static void lmstudio_event(struct call *c, const struct decoder_config *config, void *state,
			   const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct json_val type = json_get(root, "type"), content = json_get(root, "content");
	struct lmstudio_state *st = state;
	size_t max = messages_text_max(config);

	(void)event;
	(void)ts_ns;
	call_update(c, &c->response_model, json_get(root, "model_instance_id"));
	if (json_is(type, "message.delta")) {
		add_text(c, st, KEY_TEXT, PART_TEXT, content, max);
	} else if (json_is(type, "reasoning.delta")) {
		add_text(c, st, KEY_REASONING, PART_REASONING, content, max);
	} else if (json_is(type, "tool_call.arguments")) {
		add_tool(c, st, root);
	} else if (json_is(type, "chat.end")) {
		st->ended = true;
		lmstudio_response(c, config, st, json_get(root, "result"));
	}
}

static void lmstudio_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct lmstudio_state *st = state;

	(void)config;
	/* It gives no reason; one that ended without an error has done what it was to. */
	if (c->usage.present && !c->error_type.data)
		call_set_finish(c, 0, SLICE("stop"));
	if (st->blocks.count)
		blocks_emit(c, &st->blocks, 0, SLICE("assistant"));
}

static bool lmstudio_ended(const void *state)
{
	const struct lmstudio_state *st = state;

	return st->ended;
}

/* Its path is anybody's: what is asked and answered there tells. */
static enum operation lmstudio_path(struct slice method, struct slice path, bool *known)
{
	(void)method;
	(void)path;
	(void)known;
	return OP_NONE;
}

static bool lmstudio_shape(struct json_val request)
{
	return json_type(json_get(request, "model")) == JSON_STRING &&
	       json_type(json_get(request, "input")) == JSON_STRING;
}

static bool lmstudio_response_shape(struct json_val response)
{
	return json_type(json_get(response, "model_instance_id")) == JSON_STRING &&
	       (json_is(json_get(response, "type"), "chat.start") ||
		json_type(json_get(response, "output")) == JSON_ARRAY);
}

static void lmstudio_request(struct call *c, const struct decoder_config *config,
			     struct json_val root)
{
	call_update(c, &c->request_model, json_get(root, "model"));
	json_bool(json_get(root, "stream"), &c->stream);
	c->max_tokens = call_json_i64(json_get(root, "max_output_tokens"));
	c->temperature = call_json_f64(json_get(root, "temperature"));
	c->top_p = call_json_f64(json_get(root, "top_p"));
	c->top_k = call_json_i64(json_get(root, "top_k"));
	call_update(c, &c->reasoning_level, json_get(root, "reasoning"));
	call_update(c, &c->previous_response_id, json_get(root, "previous_response_id"));
	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "system_prompt"));
	message_add_content(c, config, json_get(root, "input"));
}

const struct dialect dialect_lmstudio = {
	.name = "lmstudio",
	.provider = "lmstudio",
	.op = OP_CHAT,
	.state_size = sizeof(struct lmstudio_state),
	.path = lmstudio_path,
	.shape = lmstudio_shape,
	.response_shape = lmstudio_response_shape,
	.request = lmstudio_request,
	.response = lmstudio_response,
	.event = lmstudio_event,
	.finish = lmstudio_finish,
	.ended = lmstudio_ended,
};
