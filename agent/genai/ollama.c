/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ollama's own API: chat, generate, embed (genai.md 4.10). It streams unless told not to,
 * as NDJSON; the last line has the counts, of which those that are 0 are left out.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"
#include "openai_chat.h"

enum { KEY_THINKING = 1, KEY_TEXT, KEY_TOOL };

struct ollama_state {
	struct blocks blocks;
	struct slice role;
	bool done;
};

static void add_text(struct call *c, struct ollama_state *st, uint64_t key, enum part_type type,
		     struct json_val v, size_t max)
{
	struct block *b = json_has_text(v) ? blocks_get(c, &st->blocks, key, type) : NULL;

	if (b)
		text_add_json(c, &b->text, v, max);
}

/* They come whole, and without ids. */
static void add_tool(struct call *c, struct ollama_state *st, struct json_val tool, uint64_t ts_ns)
{
	struct json_val function = json_get(tool, "function");
	struct json_val arguments = json_get(function, "arguments");
	struct block *b = blocks_get(c, &st->blocks, KEY_TOOL + st->blocks.count, PART_TOOL_CALL);

	if (!b)
		return;
	b->end_ns = ts_ns;
	b->cut = json_cut(tool);
	call_update(c, &b->id, json_get(tool, "id"));
	call_update(c, &b->name, json_get(function, "name"));
	if (json_type(arguments) == JSON_OBJECT)
		text_add(c, &b->text, json_raw(arguments), MESSAGES_ARGUMENTS_MAX);
}

static void read_counts(struct call *c, struct json_val root)
{
	usage_set_json(&c->usage, USAGE_INPUT, json_get(root, "prompt_eval_count"));
	usage_set_json(&c->usage, USAGE_OUTPUT, json_get(root, "eval_count"));
	call_update_seconds(&c->processing_s, json_get(root, "total_duration"), 1e-9);
}

static void read_line(struct call *c, const struct decoder_config *config, struct ollama_state *st,
		      struct json_val root, uint64_t ts_ns)
{
	struct json_val message = json_get(root, "message"), reason = json_get(root, "done_reason");
	size_t max = messages_text_max(config);
	bool done = false;

	call_update(c, &c->response_model, json_get(root, "model"));
	call_update(c, &st->role, json_get(message, "role"));
	add_text(c, st, KEY_THINKING, PART_REASONING, json_get(message, "thinking"), max);
	add_text(c, st, KEY_TEXT, PART_TEXT, json_get(message, "content"), max);
	add_text(c, st, KEY_THINKING, PART_REASONING, json_get(root, "thinking"), max);
	add_text(c, st, KEY_TEXT, PART_TEXT, json_get(root, "response"), max);
	for (struct json_val i = json_first(json_get(message, "tool_calls")); i.doc;
	     i = json_next(i))
		add_tool(c, st, i, ts_ns);
	json_bool(json_get(root, "done"), &done);
	if (!done)
		return;
	st->done = true;
	if (json_has_text(reason))
		call_set_finish(c, 0, json_raw(reason));
	else if (!c->n_finish_reasons)
		call_set_finish(c, 0, SLICE("stop")); /* before version 0.1.38 it had no reason */
	read_counts(c, root);
}

static void ollama_response(struct call *c, const struct decoder_config *config, void *state,
			    struct json_val root)
{
	if (c->op == OP_EMBEDDINGS) {
		call_update(c, &c->response_model, json_get(root, "model"));
		read_counts(c, root);
		return;
	}
	read_line(c, config, state, root, 0);
}

static void ollama_event(struct call *c, const struct decoder_config *config, void *state,
			 const struct event *event, struct json_val root, uint64_t ts_ns)
{
	(void)event;
	read_line(c, config, state, root, ts_ns);
}

static void ollama_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct ollama_state *st = state;

	(void)config;
	if (st->blocks.count || st->role.data)
		blocks_emit(c, &st->blocks, 0, st->role.data ? st->role : SLICE("assistant"));
}

static bool ollama_ended(const void *state)
{
	const struct ollama_state *st = state;

	return st->done;
}

static enum operation ollama_path(struct slice method, struct slice path, bool *known)
{
	static const struct {
		struct slice path;
		enum operation op;
	} rows[] = {
		{ SLICE("/api/chat"), OP_CHAT },
		{ SLICE("/api/generate"), OP_TEXT_COMPLETION },
		{ SLICE("/api/embed"), OP_EMBEDDINGS },
		{ SLICE("/api/embeddings"), OP_EMBEDDINGS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!slice_ends(path, rows[i].path))
			continue;
		*known = true;
		return slice_eq_nocase(method, SLICE("POST")) ? rows[i].op : OP_NONE;
	}
	return OP_NONE;
}

/* Its paths are common words: others' bodies there are turned down. */
static bool ollama_shape(struct json_val request)
{
	return json_type(json_get(request, "model")) == JSON_STRING &&
	       (json_get(request, "options").doc || json_get(request, "keep_alive").doc);
}

static bool ollama_response_shape(struct json_val response)
{
	return json_get(response, "done").doc && json_get(response, "created_at").doc;
}

static void read_options(struct call *c, struct json_val options)
{
	c->max_tokens = call_json_i64(json_get(options, "num_predict"));
	c->temperature = call_json_f64(json_get(options, "temperature"));
	c->top_k = call_json_i64(json_get(options, "top_k"));
	c->top_p = call_json_f64(json_get(options, "top_p"));
	c->has_seed = !json_i64(json_get(options, "seed"), &c->seed);
	c->frequency_penalty = call_json_f64(json_get(options, "frequency_penalty"));
	c->presence_penalty = call_json_f64(json_get(options, "presence_penalty"));
	call_json_strs(c, json_get(options, "stop"), &c->stop_sequences, &c->n_stop_sequences);
}

static void ollama_request(struct call *c, const struct decoder_config *config,
			   struct json_val root)
{
	struct json_val format = json_get(root, "format");

	call_update(c, &c->request_model, json_get(root, "model"));
	read_options(c, json_get(root, "options"));
	if (c->op == OP_EMBEDDINGS) {
		c->dimensions = call_json_i64(json_get(root, "dimensions"));
		return;
	}
	c->stream = true;
	json_bool(json_get(root, "stream"), &c->stream);
	if (json_is(format, "json") || json_type(format) == JSON_OBJECT)
		c->output_type = SLICE("json");
	call_update(c, &c->reasoning_level, json_get(root, "think"));
	messages_add_content(c, config, &c->system, &c->n_system, json_get(root, "system"));
	for (struct json_val i = json_first(json_get(root, "tools")); i.doc; i = json_next(i))
		openai_add_tool(c, config, i);
	for (struct json_val i = json_first(json_get(root, "messages")); i.doc; i = json_next(i))
		openai_add_message(c, config, i);
	message_add_content(c, config, json_get(root, "prompt"));
}

const struct dialect dialect_ollama = {
	.name = "ollama",
	.provider = "ollama",
	.op = OP_CHAT,
	.state_size = sizeof(struct ollama_state),
	.path = ollama_path,
	.shape = ollama_shape,
	.response_shape = ollama_response_shape,
	.request = ollama_request,
	.response = ollama_response,
	.event = ollama_event,
	.confirm = true,
	.finish = ollama_finish,
	.ended = ollama_ended,
};
