/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native completions of llama.cpp's server, /completion and /infill (its README): one
 * object, or a stream of them of which the last has stop set. It names no request's model.
 */
#include "llamacpp.h"
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"

struct llamacpp_state {
	struct text text;
	bool stopped;
};

void llamacpp_timings_read(struct usage *to, double *processing_s, struct json_val timings)
{
	double prompt_ms = call_json_f64(json_get(timings, "prompt_ms"));
	double answer_ms = call_json_f64(json_get(timings, "predicted_ms"));
	struct usage now = { 0 };

	if (json_type(timings) != JSON_OBJECT || json_cut(timings))
		return;
	usage_set_json(&now, USAGE_CACHE_READ, json_get(timings, "cache_n"));
	usage_set_json(&now, USAGE_INPUT, json_get(timings, "prompt_n"));
	usage_set_json(&now, USAGE_OUTPUT, json_get(timings, "predicted_n"));
	/* Servers of before cache_n: how many were cached, and so the sum, is not known. */
	if (usage_has(&now, USAGE_CACHE_READ) && usage_has(&now, USAGE_INPUT))
		now.value[USAGE_INPUT] += now.value[USAGE_CACHE_READ];
	else
		usage_unset(&now, USAGE_INPUT);
	usage_merge(to, &now);
	if (prompt_ms >= 0 && answer_ms >= 0)
		*processing_s = (prompt_ms + answer_ms) / 1e3;
}

/* Why it stopped: a word for it, before that a flag each. */
static void read_stop(struct call *c, struct json_val root)
{
	static const struct {
		const char *type, *flag;
		struct slice reason;
	} rows[] = {
		{ "eos", "stopped_eos", SLICE("stop") },
		{ "word", "stopped_word", SLICE("stop_sequence") },
		{ "limit", "stopped_limit", SLICE("length") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool flag = false;

		json_bool(json_get(root, rows[i].flag), &flag);
		if (flag || json_is(json_get(root, "stop_type"), rows[i].type))
			call_set_finish(c, 0, rows[i].reason);
	}
}

static void llamacpp_response(struct call *c, const struct decoder_config *config, void *state,
			      struct json_val root)
{
	struct llamacpp_state *st = state;
	bool stop = false;

	call_update(c, &c->response_model, json_get(root, "model"));
	text_add_json(c, &st->text, json_get(root, "content"), messages_text_max(config));
	json_bool(json_get(root, "stop"), &stop);
	if (!stop)
		return;
	st->stopped = true;
	read_stop(c, root);
	llamacpp_timings_read(&c->usage, &c->processing_s, json_get(root, "timings"));
	/* tokens_cached is what the slot holds by then, not what was cached of the prompt. */
	usage_set_json(&c->usage, USAGE_INPUT, json_get(root, "tokens_evaluated"));
	usage_set_json(&c->usage, USAGE_OUTPUT, json_get(root, "tokens_predicted"));
}

static void llamacpp_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct llamacpp_state *st = state;

	(void)config;
	message_add_answer(c, &st->text);
}

static bool llamacpp_ended(const void *state)
{
	const struct llamacpp_state *st = state;

	return st->stopped;
}

static enum operation llamacpp_path(struct slice method, struct slice path, bool *known)
{
	*known = slice_ends(path, SLICE("/completion")) || slice_ends(path, SLICE("/infill"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_TEXT_COMPLETION : OP_NONE;
}

static bool llamacpp_response_shape(struct json_val response)
{
	return json_type(json_get(response, "content")) == JSON_STRING &&
	       json_get(response, "stop").doc && json_get(response, "tokens_predicted").doc;
}

static void llamacpp_request(struct call *c, const struct decoder_config *config,
			     struct json_val root)
{
	static const char *const prompts[] = { "input_prefix", "prompt", "input_suffix" };
	struct json_val max = json_get(root, "n_predict");

	json_bool(json_get(root, "stream"), &c->stream);
	c->max_tokens = call_json_i64(max.doc ? max : json_get(root, "max_tokens"));
	c->temperature = call_json_f64(json_get(root, "temperature"));
	c->top_p = call_json_f64(json_get(root, "top_p"));
	c->top_k = call_json_i64(json_get(root, "top_k"));
	c->has_seed = !json_i64(json_get(root, "seed"), &c->seed);
	c->frequency_penalty = call_json_f64(json_get(root, "frequency_penalty"));
	c->presence_penalty = call_json_f64(json_get(root, "presence_penalty"));
	call_json_strs(c, json_get(root, "stop"), &c->stop_sequences, &c->n_stop_sequences);
	if (json_get(root, "json_schema").doc)
		c->output_type = SLICE("json");
	/* Not the lists of tokens that a prompt may be. */
	for (size_t i = 0; i < ARRAY_LEN(prompts); i++)
		if (json_type(json_get(root, prompts[i])) == JSON_STRING)
			message_add_content(c, config, json_get(root, prompts[i]));
}

const struct dialect dialect_llamacpp = {
	.name = "llamacpp",
	.provider = "llama_cpp",
	.op = OP_TEXT_COMPLETION,
	.state_size = sizeof(struct llamacpp_state),
	.path = llamacpp_path,
	.response_shape = llamacpp_response_shape,
	.request = llamacpp_request,
	.response = llamacpp_response,
	.confirm = true,
	.finish = llamacpp_finish,
	.ended = llamacpp_ended,
};
