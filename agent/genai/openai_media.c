/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's images, audio and moderations, and those of its copies (genai.md 4.6). Uploads
 * are multipart forms; answers may be pictures, sound or plain text, of which nothing is
 * read, or streams whose last event has the counts.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"
#include "openai_usage.h"

struct media_state {
	bool ended;
};

static const struct {
	struct slice path;
	enum operation op;
	struct slice output_type;
} paths[] = {
	{ SLICE("/images/generations"), OP_GENERATE_CONTENT, SLICE("image") },
	{ SLICE("/images/edits"), OP_GENERATE_CONTENT, SLICE("image") },
	{ SLICE("/images/variations"), OP_GENERATE_CONTENT, SLICE("image") },
	{ SLICE("/audio/speech"), OP_GENERATE_CONTENT, SLICE("speech") },
	{ SLICE("/audio/transcriptions"), OP_GENERATE_CONTENT, SLICE("text") },
	{ SLICE("/audio/translations"), OP_GENERATE_CONTENT, SLICE("text") },
	{ SLICE("/moderations"), OP_MODERATION, { 0 } },
};

static enum operation media_path(struct slice method, struct slice path, bool *known)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (!slice_ends(path, paths[i].path))
			continue;
		*known = true;
		return slice_eq_nocase(method, SLICE("POST")) ? paths[i].op : OP_NONE;
	}
	return OP_NONE;
}

static void set_output_type(struct call *c)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (slice_ends(c->path, paths[i].path))
			c->output_type = paths[i].output_type;
}

static void media_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	static const char *const texts[] = { "prompt", "input" };

	set_output_type(c);
	call_update(c, &c->request_model, json_get(root, "model"));
	json_bool(json_get(root, "stream"), &c->stream);
	c->stream |= json_is(json_get(root, "stream_format"), "sse");
	c->choice_count = call_json_i64(json_get(root, "n"));
	call_update(c, &c->user, json_get(root, "user"));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_val text = json_get(root, texts[i]);
		struct message *m = json_has_text(text)
					    ? message_add(c, &c->input, &c->n_input, SLICE("user"))
					    : NULL;

		if (!m)
			continue;
		messages_add_content(c, config, &m->parts, &m->n_parts, text);
		message_seal(m);
	}
}

static void add_prompt(struct call *c, const struct decoder_config *config, struct slice value)
{
	struct message *m = message_add(c, &c->input, &c->n_input, SLICE("user"));
	struct text text = { 0 };

	if (!m)
		return;
	text_add(c, &text, value, messages_text_max(config));
	part_set_text(part_add(c, &m->parts, &m->n_parts, PART_TEXT), &text);
	message_seal(m);
}

static void media_field(struct call *c, const struct decoder_config *config, struct slice name,
			struct slice value)
{
	uint64_t number;
	double temperature;

	set_output_type(c);
	if (slice_eq(name, SLICE("model")))
		c->request_model = arena_copy(&c->arena, value);
	else if (slice_eq(name, SLICE("user")))
		c->user = arena_copy(&c->arena, value);
	else if (slice_eq(name, SLICE("prompt")))
		add_prompt(c, config, value);
	else if (slice_eq(name, SLICE("stream")))
		c->stream |= slice_eq_nocase(value, SLICE("true"));
	else if (slice_eq(name, SLICE("n")) && !slice_u64(value, &number) && number < 1024)
		c->choice_count = (int64_t)number;
	else if (slice_eq(name, SLICE("temperature")) && !slice_f64(value, &temperature))
		c->temperature = temperature;
}

static void media_response(struct call *c, const struct decoder_config *config, void *state,
			   struct json_val root)
{
	(void)config;
	(void)state;
	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	openai_usage_read(&c->usage, json_get(root, "usage"), 0);
}

static void media_event(struct call *c, const struct decoder_config *config, void *state,
			const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct slice type = json_raw(json_get(root, "type"));
	struct media_state *st = state;

	(void)event;
	(void)ts_ns;
	media_response(c, config, state, root);
	st->ended |= slice_ends(type, SLICE(".completed")) || slice_ends(type, SLICE(".done"));
}

static bool media_ended(const void *state)
{
	const struct media_state *st = state;

	return st->ended;
}

const struct dialect dialect_openai_media = {
	.name = "openai-media",
	.provider = "openai",
	.op = OP_GENERATE_CONTENT,
	.state_size = sizeof(struct media_state),
	.path = media_path,
	.request = media_request,
	.field = media_field,
	.response = media_response,
	.event = media_event,
	.ended = media_ended,
};
