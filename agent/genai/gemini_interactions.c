/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google's Interactions API (genai.md 4.8): a list of steps, which a stream opens, fills
 * by deltas and closes; its last event has the counts. Thoughts and tool use are not in
 * the counts of output and input. An agent of Google's instead of a model is invoke_agent.
 */
#include "cleanup.h"
#include "gemini.h"

struct interactions_state {
	struct blocks blocks;
	struct usage raw;
	bool ended;
};

static const struct {
	struct slice type; /* of a step, or of a content of one */
	enum part_type part;
} step_types[] = {
	{ SLICE("model_output"), PART_TEXT }, { SLICE("text"), PART_TEXT },
	{ SLICE("thought"), PART_REASONING }, { SLICE("function_call"), PART_TOOL_CALL },
	{ SLICE("user_input"), PART_TEXT },   { SLICE("function_result"), PART_TOOL_RESPONSE },
	{ SLICE("image"), PART_BLOB },	      { SLICE("audio"), PART_BLOB },
	{ SLICE("document"), PART_BLOB },     { SLICE("video"), PART_BLOB },
};

static enum part_type step_part(struct json_val step)
{
	struct slice type = json_raw(json_get(step, "type"));

	for (size_t i = 0; i < ARRAY_LEN(step_types); i++)
		if (slice_eq(type, step_types[i].type))
			return step_types[i].part;
	if (slice_ends(type, SLICE("_call")))
		return PART_SERVER_TOOL_CALL;
	return slice_ends(type, SLICE("_result")) ? PART_SERVER_TOOL_RESPONSE : PART_OTHER;
}

/* The texts of a list of contents, or the one that it is. */
static void add_texts(struct call *c, struct text *to, struct json_val from, size_t max)
{
	text_add_json(c, to, json_get(from, "text"), max);
	for (struct json_val i = json_first(json_type(from) == JSON_ARRAY ? from : JSON_NONE);
	     i.doc; i = json_next(i))
		text_add_json(c, to, json_get(i, "text"), max);
}

static void read_step(struct call *c, const struct decoder_config *config,
		      struct interactions_state *st, uint64_t index, struct json_val step,
		      uint64_t ts_ns)
{
	size_t max = messages_text_max(config);
	struct json_val arguments = json_get(step, "arguments");
	struct block *b = blocks_get(c, &st->blocks, index, step_part(step));

	if (!b)
		return;
	b->end_ns = ts_ns;
	switch (b->type) {
	case PART_TOOL_CALL:
	case PART_SERVER_TOOL_CALL:
		call_update(c, &b->id, json_get(step, "id"));
		call_update(c, &b->name,
			    json_get(step, b->type == PART_TOOL_CALL ? "name" : "type"));
		b->cut = json_cut(step);
		if (json_len(arguments))
			text_add(c, &b->text, json_raw(arguments), MESSAGES_ARGUMENTS_MAX);
		break;
	case PART_TEXT:
	case PART_REASONING:
		add_texts(c, &b->text, json_get(step, "content"), max);
		add_texts(c, &b->text, json_get(step, "summary"), max);
		text_add_json(c, &b->text, json_get(step, "text"), max);
		break;
	default:
		call_update(c, &b->id, json_get(step, "call_id"));
		call_update(c, &b->name, json_get(step, "type"));
	}
}

static void read_delta(struct call *c, const struct decoder_config *config,
		       struct interactions_state *st, uint64_t index, struct json_val delta,
		       uint64_t ts_ns)
{
	size_t max = messages_text_max(config);
	struct json_val arguments = json_get(delta, "arguments");
	bool call = json_type(arguments) > JSON_NULL;
	struct block *b = blocks_get(c, &st->blocks, index,
				     call			      ? PART_TOOL_CALL
				     : json_get(delta, "content").doc ? PART_REASONING
								      : step_part(delta));

	if (!b)
		return;
	b->end_ns = ts_ns;
	b->cut = true; /* until step.stop */
	text_add_json(c, &b->text, json_get(delta, "text"), max);
	add_texts(c, &b->text, json_get(delta, "content"), max);
	if (json_type(arguments) == JSON_STRING)
		text_add_json(c, &b->text, arguments, MESSAGES_ARGUMENTS_MAX);
	else if (call)
		text_add(c, &b->text, json_raw(arguments), MESSAGES_ARGUMENTS_MAX);
	if (call) {
		call_update(c, &b->id, json_get(delta, "id"));
		call_update(c, &b->name, json_get(delta, "name"));
	}
}

static const struct {
	const char *member;
	enum usage_field field;
} counts[] = {
	{ "total_input_tokens", USAGE_INPUT },	       { "total_output_tokens", USAGE_OUTPUT },
	{ "total_cached_tokens", USAGE_CACHE_READ },   { "total_thought_tokens", USAGE_REASONING },
	{ "total_tool_use_tokens", USAGE_INPUT_TOOL }, { "total_tokens", USAGE_TOTAL },
};

static void read_usage(struct usage *raw, struct json_val usage)
{
	static const struct {
		const char *member;
		enum gemini_detail detail;
	} lists[] = {
		{ "input_tokens_by_modality", GEMINI_DETAIL_INPUT },
		{ "cached_tokens_by_modality", GEMINI_DETAIL_CACHE },
		{ "output_tokens_by_modality", GEMINI_DETAIL_OUTPUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		usage_set_json(raw, counts[i].field, json_get(usage, counts[i].member));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		gemini_details_read(raw, lists[i].detail, json_get(usage, lists[i].member));
	for (struct json_val i = json_first(json_get(usage, "grounding_tool_count")); i.doc;
	     i = json_next(i))
		if (json_is(json_get(i, "type"), "google_search"))
			usage_set_json(raw, USAGE_WEB_SEARCHES, json_get(i, "count"));
}

/* What its status says of why it ended; one that goes on has no reason. */
static void set_status(struct call *c, struct interactions_state *st, struct json_val status)
{
	static const struct {
		const char *status;
		struct slice reason;
	} rows[] = {
		{ "completed", SLICE("completed") }, { "requires_action", SLICE("tool_calls") },
		{ "incomplete", SLICE("length") },   { "failed", SLICE("failed") },
		{ "cancelled", SLICE("cancelled") },
	};

	call_update(c, &c->response_status, status);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!json_is(status, rows[i].status))
			continue;
		call_set_finish(c, 0, rows[i].reason);
		st->ended = true;
		if (slice_eq(rows[i].reason, SLICE("failed")))
			call_set_error(c, SLICE("_OTHER"), SLICE_NONE);
	}
}

static void read_interaction(struct call *c, const struct decoder_config *config,
			     struct interactions_state *st, struct json_val root)
{
	static const char *const lists[] = { "steps", "outputs" };
	struct json_val usage = json_get(root, "usage");
	uint64_t index = 0;

	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	call_update(c, &c->service_tier, json_get(root, "service_tier"));
	if (!json_cut(usage))
		read_usage(&st->raw, usage);
	for (size_t i = 0; i < ARRAY_LEN(lists) && !st->blocks.count; i++)
		for (struct json_val s = json_first(json_get(root, lists[i])); s.doc;
		     s = json_next(s))
			read_step(c, config, st, index++, s, 0);
	set_status(c, st, json_get(root, "status"));
}

static void interactions_response(struct call *c, const struct decoder_config *config, void *state,
				  struct json_val root)
{
	read_interaction(c, config, state, root);
}

static void interactions_event(struct call *c, const struct decoder_config *config, void *state,
			       const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct interactions_state *st = state;
	struct slice type = json_raw(json_get(root, "event_type"));
	int64_t index = call_json_i64(json_get(root, "index"));
	uint64_t key = index < 0 ? 0 : (uint64_t)index;
	struct json_val step = json_get(root, "step");
	struct block *b;

	(void)event;
	if (json_type(json_get(root, "interaction")) == JSON_OBJECT)
		read_interaction(c, config, st, json_get(root, "interaction"));
	if (slice_ends(type, SLICE(".delta"))) {
		read_delta(c, config, st, key, json_get(root, "delta"), ts_ns);
	} else if (slice_eq(type, SLICE("step.start")) || slice_eq(type, SLICE("content.start"))) {
		read_step(c, config, st, key, step.doc ? step : json_get(root, "content"), ts_ns);
	} else if (slice_ends(type, SLICE(".stop"))) {
		b = blocks_find(&st->blocks, key);
		if (b)
			b->cut = false;
	} else if (slice_starts(type, SLICE("interaction.complete"))) {
		st->ended = true;
	}
}

static void interactions_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct interactions_state *st = state;

	(void)config;
	gemini_usage_add_up(&c->usage, &st->raw);
	if (st->blocks.count)
		blocks_emit(c, &st->blocks, 0, SLICE("assistant"));
}

static bool interactions_ended(const void *state)
{
	const struct interactions_state *st = state;

	return st->ended;
}

/* One step of the input, or a content, becomes a message of its own or more of the last. */
static void add_input(struct call *c, const struct decoder_config *config, struct json_val from)
{
	enum part_type type = step_part(from);
	struct slice role = type == PART_TOOL_RESPONSE ? SLICE("tool") : SLICE("user");
	struct message *m = c->n_input ? &c->input[c->n_input - 1] : NULL;
	size_t max = messages_text_max(config);
	struct text text = { 0 };
	struct part *p;

	if (json_is(json_get(from, "type"), "model_output") ||
	    json_is(json_get(from, "role"), "model") || type == PART_REASONING ||
	    type == PART_TOOL_CALL)
		role = SLICE("assistant");
	if (!m || !slice_eq(m->role, role) || slice_eq(role, SLICE("user")))
		m = message_add(c, &c->input, &c->n_input, role);
	p = m ? part_add(c, &m->parts, &m->n_parts, type) : NULL;
	if (!p)
		return;
	if (type == PART_TOOL_CALL || type == PART_TOOL_RESPONSE) {
		p->id = call_json_str(c, json_get(from, type == PART_TOOL_CALL ? "id" : "call_id"));
		p->name = call_json_str(c, json_get(from, "name"));
		json_bool(json_get(from, "is_error"), &p->is_error);
		part_set_json(c, p, json_get(from, type == PART_TOOL_CALL ? "arguments" : "result"),
			      max);
	} else {
		add_texts(c, &text, json_get(from, "content"), max);
		add_texts(c, &text, json_get(from, "summary"), max);
		text_add_json(c, &text, json_get(from, "content"), max);
		text_add_json(c, &text, json_get(from, "text"), max);
		part_set_text(p, &text);
	}
	message_seal(m);
}

static void interactions_request(struct call *c, const struct decoder_config *config,
				 struct json_val root)
{
	struct json_val g = json_get(root, "generation_config"), input = json_get(root, "input");
	struct message *m;

	call_update(c, &c->request_model, json_get(root, "model"));
	call_update(c, &c->agent_id, json_get(root, "agent"));
	if (c->agent_id.data && c->op == OP_CHAT)
		c->op = OP_INVOKE_AGENT;
	json_bool(json_get(root, "stream"), &c->stream);
	json_bool(json_get(root, "background"), &c->background);
	call_update(c, &c->previous_response_id, json_get(root, "previous_interaction_id"));
	call_update(c, &c->request_service_tier, json_get(root, "service_tier"));
	c->max_tokens = call_json_i64(json_get(g, "max_output_tokens"));
	c->temperature = call_json_f64(json_get(g, "temperature"));
	c->top_p = call_json_f64(json_get(g, "top_p"));
	c->has_seed = !json_i64(json_get(g, "seed"), &c->seed);
	call_json_strs(c, json_get(g, "stop_sequences"), &c->stop_sequences, &c->n_stop_sequences);
	call_update(c, &c->reasoning_level, json_get(g, "thinking_level"));
	if (json_is(json_get(root, "response_mime_type"), "application/json"))
		c->output_type = SLICE("json");
	messages_add_content(c, config, &c->system, &c->n_system,
			     json_get(root, "system_instruction"));
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		messages_add_tool(
			c, call_json_str(c, json_get(i, "type")),
			call_json_str(c, json_get(i, json_get(i, "name").doc ? "name" : "type")));
	for (struct json_val i = json_first(json_type(input) == JSON_ARRAY ? input : JSON_NONE);
	     i.doc; i = json_next(i))
		add_input(c, config, i);
	if (json_type(input) == JSON_OBJECT)
		add_input(c, config, input);
	m = json_has_text(input) ? message_add(c, &c->input, &c->n_input, SLICE("user")) : NULL;
	if (m)
		messages_add_content(c, config, &m->parts, &m->n_parts, input);
	if (m)
		message_seal(m);
}

static enum operation interactions_path(struct slice method, struct slice path, bool *known)
{
	static const struct slice mark = SLICE("/interactions");
	ssize_t at = slice_find(path, mark);
	struct slice rest;

	/* The word alone could be anybody's. */
	if (at < 0 || slice_find(path, SLICE("/v1")) < 0)
		return OP_NONE;
	rest = slice_sub(path, (size_t)at + mark.len, path.len);
	*known = !rest.len || rest.data[0] == '/';
	if (!rest.len && slice_eq_nocase(method, SLICE("POST")))
		return OP_CHAT;
	rest = slice_sub(rest, 1, rest.len);
	return rest.len && slice_find_char(rest, '/') < 0 && slice_eq_nocase(method, SLICE("GET"))
		       ? OP_FETCH_RESPONSE
		       : OP_NONE;
}

static bool interactions_shape(struct json_val response)
{
	return json_is(json_get(response, "object"), "interaction") ||
	       json_get(response, "interaction").doc ||
	       slice_starts(json_raw(json_get(response, "event_type")), SLICE("step."));
}

const struct dialect dialect_gemini_interactions = {
	.name = "gemini-interactions",
	.provider = "gcp.gen_ai",
	.op = OP_CHAT,
	.state_size = sizeof(struct interactions_state),
	.path = interactions_path,
	.response_shape = interactions_shape,
	.request = interactions_request,
	.response = interactions_response,
	.event = interactions_event,
	.confirm = true,
	.finish = interactions_finish,
	.ended = interactions_ended,
};
