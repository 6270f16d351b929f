/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's Chat Completions and legacy Completions, and what others add to them: Azure,
 * Groq, DeepSeek, Mistral, xAI, OpenRouter, vLLM and many more (genai.md 4.2, 4.10).
 * Streamed deltas and whole messages have the same members and go the same way.
 */
#include "dialect.h"

#include "api_error.h"
#include "cleanup.h"
#include "detect.h"
#include "llamacpp.h"
#include "messages.h"
#include "openai_chat.h"
#include "openai_usage.h"

#define CHOICES_MAX 1024

/* What a block is, in its key below the choice; tool calls have their index instead. */
enum { KEY_TEXT = 1, KEY_REASONING, KEY_REFUSAL, KEY_FUNCTION, KEY_TRANSCRIPT };
#define KEY_TOOL UINT64_C(0x80000000)		/* | index */
#define KEY_TOOL_UNINDEXED UINT64_C(0xc0000000) /* | count */

struct chat_state {
	struct blocks blocks;
	struct slice role;
	size_t choices;	    /* highest index seen, plus one */
	size_t finished;    /* choices with a finish reason */
	bool done;	    /* [DONE] */
	bool running;	    /* the usage that came last was that of an answer that goes on */
	struct usage timed; /* llama.cpp's, for what no usage says */
};

struct reader {
	struct call *c;
	struct chat_state *st;
	size_t choice;
	size_t text_max;
	uint64_t ts_ns;
};

static uint64_t block_key(const struct reader *r, uint64_t key)
{
	return (uint64_t)r->choice << 32 | key;
}

static struct block *get_block(const struct reader *r, uint64_t key, enum part_type type)
{
	struct block *b = blocks_get(r->c, &r->st->blocks, block_key(r, key), type);

	if (b) {
		b->choice = r->choice;
		b->end_ns = r->ts_ns;
	}
	return b;
}

static void add_text(const struct reader *r, uint64_t key, enum part_type type, struct json_val v)
{
	struct block *b;

	if (!json_has_text(v))
		return;
	b = get_block(r, key, type);
	if (b)
		text_add_json(r->c, &b->text, v, r->text_max);
}

/* A string, or Mistral's list of texts and thoughts. */
static void add_content(const struct reader *r, struct json_val content)
{
	add_text(r, KEY_TEXT, PART_TEXT, content);
	if (json_type(content) != JSON_ARRAY)
		return;
	for (struct json_val i = json_first(content); i.doc; i = json_next(i)) {
		struct json_val thinking = json_get(i, "thinking");

		add_text(r, KEY_TEXT, PART_TEXT, json_get(i, "text"));
		add_text(r, KEY_REASONING, PART_REASONING, thinking);
		if (json_type(thinking) != JSON_ARRAY)
			continue;
		for (struct json_val t = json_first(thinking); t.doc; t = json_next(t))
			add_text(r, KEY_REASONING, PART_REASONING, json_get(t, "text"));
	}
}

/* The block of a tool call's fragment. Its index names it; some providers leave the
 * index out, or send several whole calls under index 0, each with an id of its own. */
static struct block *tool_block(const struct reader *r, struct json_val tool, struct json_val name)
{
	struct blocks *blocks = &r->st->blocks;
	struct json_val id = json_get(tool, "id");
	bool starts = json_has_text(id) && json_has_text(name);
	int64_t index = call_json_i64(json_get(tool, "index"));
	struct block *b;

	if (index >= 0 && index < MESSAGES_BLOCKS_MAX) {
		uint64_t key = block_key(r, KEY_TOOL | (uint64_t)index);

		b = blocks_find(blocks, key);
		if (!b || !starts || !b->id.data || slice_eq(b->id, json_raw(id)))
			return get_block(r, KEY_TOOL | (uint64_t)index, PART_TOOL_CALL);
		b->key = block_key(r, KEY_TOOL_UNINDEXED | blocks->count);
		return get_block(r, KEY_TOOL | (uint64_t)index, PART_TOOL_CALL);
	}
	if (!starts && blocks->last < blocks->count &&
	    blocks->list[blocks->last].type == PART_TOOL_CALL)
		return &blocks->list[blocks->last];
	return get_block(r, KEY_TOOL_UNINDEXED | blocks->count, PART_TOOL_CALL);
}

static void add_arguments(const struct reader *r, struct block *b, struct json_val arguments)
{
	b->end_ns = r->ts_ns;
	if (json_type(arguments) == JSON_OBJECT)
		text_add(r->c, &b->text, json_raw(arguments), MESSAGES_ARGUMENTS_MAX);
	else
		text_add_json(r->c, &b->text, arguments, MESSAGES_ARGUMENTS_MAX);
}

static void add_tool_call(const struct reader *r, struct json_val tool)
{
	struct json_val what = json_get(tool, "function"), name;
	struct json_val arguments = json_get(what, "arguments");
	struct block *b;

	if (json_type(what) != JSON_OBJECT) {
		what = json_get(tool, "custom");
		arguments = json_get(what, "input");
	}
	name = json_get(what, "name");
	b = tool_block(r, tool, name);
	if (!b)
		return;
	if (!b->id.data)
		call_update(r->c, &b->id, json_get(tool, "id"));
	if (!b->name.data)
		call_update(r->c, &b->name, name);
	call_update(r->c, &b->kind, json_get(tool, "type"));
	add_arguments(r, b, arguments);
}

static void add_function_call(const struct reader *r, struct json_val call)
{
	struct block *b;

	if (json_type(call) != JSON_OBJECT)
		return;
	b = get_block(r, KEY_FUNCTION, PART_TOOL_CALL);
	if (!b)
		return;
	if (!b->name.data)
		call_update(r->c, &b->name, json_get(call, "name"));
	add_arguments(r, b, json_get(call, "arguments"));
}

static void read_message(const struct reader *r, struct json_val m)
{
	struct json_val thoughts = json_get(m, "reasoning_content");

	if (json_type(thoughts) != JSON_STRING)
		thoughts = json_get(m, "reasoning");
	call_update(r->c, &r->st->role, json_get(m, "role"));
	add_text(r, KEY_REASONING, PART_REASONING, thoughts);
	add_content(r, json_get(m, "content"));
	add_text(r, KEY_REFUSAL, PART_TEXT, json_get(m, "refusal"));
	add_text(r, KEY_TRANSCRIPT, PART_TEXT, json_path(m, "audio.transcript"));
	for (struct json_val i = json_first(json_get(m, "tool_calls")); i.doc; i = json_next(i))
		add_tool_call(r, i);
	add_function_call(r, json_get(m, "function_call"));
}

static void read_choice(struct reader *r, struct json_val choice, int64_t position)
{
	struct json_val finish = json_get(choice, "finish_reason"), message;
	int64_t index = call_json_i64(json_get(choice, "index"));

	if (index < 0)
		index = position;
	if (index >= CHOICES_MAX)
		return;
	r->choice = (size_t)index;
	r->st->choices = MAX(r->st->choices, r->choice + 1);
	message = json_get(choice, "delta");
	if (json_type(message) != JSON_OBJECT)
		message = json_get(choice, "message");
	read_message(r, message);
	add_text(r, KEY_TEXT, PART_TEXT, json_get(choice, "text"));
	/* What it was called when images were new. */
	if (json_type(finish) != JSON_STRING)
		finish = json_path(choice, "finish_details.type");
	if (!json_has_text(finish))
		return;
	if (r->choice >= r->c->n_finish_reasons || !r->c->finish_reasons[r->choice].data)
		r->st->finished++;
	call_set_finish(r->c, r->choice, json_raw(finish));
}

/* Groq's in its usage, Cerebras' beside it; in seconds. */
static void read_times(struct call *c, struct json_val v)
{
	if (!v.doc)
		return;
	call_update_seconds(&c->processing_s, json_get(v, "total_time"), 1);
	call_update_seconds(&c->queue_s, json_get(v, "queue_time"), 1);
}

/* LM Studio's, of its older API. */
static void read_stats(struct call *c, struct json_val stats)
{
	double first = call_json_f64(json_get(stats, "time_to_first_token"));
	double rest = call_json_f64(json_get(stats, "generation_time"));

	if (first >= 0 && rest >= 0)
		c->processing_s = first + rest;
}

/* Self-hosted servers that name themselves, in one way or another. */
static void name_server(struct call *c, struct json_val root)
{
	if (c->profile)
		return;
	if (slice_starts(c->system_fingerprint, SLICE("vllm-")))
		c->provider = SLICE("vllm");
	else if (json_path(root, "metadata.weight_version").doc)
		c->provider = SLICE("sglang");
	else if (json_path(root, "model_info.arch").doc && json_path(root, "runtime.name").doc)
		c->provider = SLICE("lmstudio");
}

/* A chunk or a whole response. */
static void read_root(struct call *c, const struct decoder_config *config, struct chat_state *st,
		      struct json_val root, uint64_t ts_ns)
{
	struct reader r = { c, st, 0, messages_text_max(config), ts_ns };
	struct json_val usage = json_get(root, "usage"), groq = json_get(root, "x_groq");
	unsigned int quirks = c->profile ? c->profile->quirks : 0;
	size_t finished = st->finished;
	int64_t position = 0;

	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	call_update(c, &c->service_tier, json_get(root, "service_tier"));
	call_update(c, &c->service_tier, json_get(usage, "service_tier")); /* Mistral */
	call_update(c, &c->system_fingerprint, json_get(root, "system_fingerprint"));
	for (struct json_val i = json_first(json_get(root, "choices")); i.doc; i = json_next(i))
		read_choice(&r, i, position++);
	if (usage.doc || json_get(root, "timings").doc)
		st->running = position && st->finished == finished;
	/* Groq sends it there also when nobody asked for usage. */
	openai_usage_read(&c->usage, json_get(groq, "usage"), quirks);
	openai_usage_read(&c->usage, usage, quirks);
	read_times(c, usage);
	read_times(c, json_get(groq, "usage"));
	read_times(c, json_get(root, "time_info"));
	llamacpp_timings_read(&st->timed, &c->processing_s, json_get(root, "timings"));
	read_stats(c, json_get(root, "stats"));
	api_error_in(c, groq);
	name_server(c, root);
}

static void chat_response(struct call *c, const struct decoder_config *config, void *state,
			  struct json_val root)
{
	struct chat_state *st = state;

	read_root(c, config, st, root, 0);
	st->running = false; /* whole, also where no reason is given for its end */
}

static void chat_event(struct call *c, const struct decoder_config *config, void *state,
		       const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct chat_state *st = state;

	if (slice_eq(slice_trim(event->data), SLICE("[DONE]")))
		st->done = true;
	else
		read_root(c, config, st, root, ts_ns);
}

/* A stream in which nothing of this API came promises no end either. */
static bool chat_ended(const void *state)
{
	const struct chat_state *st = state;

	return st->done || st->finished == st->choices;
}

/* In a stream that broke off, the fragment that came last need not be the last one. */
static void cut_last_tool(struct blocks *blocks)
{
	if (blocks->last < blocks->count && blocks->list[blocks->last].type == PART_TOOL_CALL)
		blocks->list[blocks->last].cut = true;
}

static void chat_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct chat_state *st = state;

	(void)config;
	if (!chat_ended(st))
		cut_last_tool(&st->blocks);
	usage_merge(&st->timed, &c->usage);
	c->usage = st->timed;
	/* With every chunk vLLM and others say the counts so far: those of a part by then. */
	if (st->running && !chat_ended(st))
		usage_unset_growing(&c->usage);
	for (size_t i = 0; i < st->choices; i++)
		blocks_emit(c, &st->blocks, i, st->role.data ? st->role : SLICE("assistant"));
}

static const struct {
	struct slice suffix;
	enum operation op;
} chat_paths[] = {
	{ SLICE("/chat/completions"), OP_CHAT },
	{ SLICE("/agents/completions"), OP_CHAT },     /* Mistral */
	{ SLICE("/completions"), OP_TEXT_COMPLETION }, /* and Mistral's /fim/completions */
};

static enum operation chat_path(struct slice method, struct slice path, bool *known)
{
	for (size_t i = 0; i < ARRAY_LEN(chat_paths); i++) {
		if (!slice_ends(path, chat_paths[i].suffix))
			continue;
		*known = true;
		return slice_eq_nocase(method, SLICE("POST")) ? chat_paths[i].op : OP_NONE;
	}
	return OP_NONE;
}

static bool chat_shape(struct json_val request)
{
	struct json_val first = json_first(json_get(request, "messages"));

	return json_type(json_get(request, "messages")) == JSON_ARRAY &&
	       (json_type(json_get(first, "role")) == JSON_STRING ||
		json_type(json_get(request, "model")) == JSON_STRING);
}

static bool chat_response_shape(struct json_val response)
{
	struct json_val choice = json_first(json_get(response, "choices"));
	struct json_val object = json_get(response, "object");

	return json_is(object, "chat.completion") || json_is(object, "chat.completion.chunk") ||
	       json_is(object, "text_completion") ||
	       json_type(json_get(choice, "delta")) == JSON_OBJECT ||
	       json_type(json_path(choice, "message.role")) == JSON_STRING;
}

const struct dialect dialect_openai_chat = {
	.name = "openai-chat",
	.provider = "openai",
	.api_type = "chat_completions",
	.op = OP_CHAT,
	.state_size = sizeof(struct chat_state),
	.path = chat_path,
	.shape = chat_shape,
	.response_shape = chat_response_shape,
	.request = openai_chat_request,
	.response = chat_response,
	.event = chat_event,
	.finish = chat_finish,
	.ended = chat_ended,
};
