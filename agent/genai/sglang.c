/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGLang's native /generate (docs.sglang.io, "SGLang Native APIs"): each result has its counts
 * in meta_info. Several prompts, or several answers to one, come as an array; a stream repeats
 * each result whole, longer each time. The model is the server's and named nowhere.
 */
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"

#define RESULTS_MAX 128

struct result {
	struct slice id;
	struct text text;
	struct usage usage;
};

struct sglang_state {
	struct result *results;
	size_t n_results;
	size_t finished; /* of them */
	bool dropped;	 /* there were more */
};

static const struct {
	const char *member;
	enum usage_field field;
} counts[] = {
	{ "prompt_tokens", USAGE_INPUT },
	{ "cached_tokens", USAGE_CACHE_READ },
	{ "completion_tokens", USAGE_OUTPUT },
	{ "reasoning_tokens", USAGE_REASONING },
};

static struct result *get_result(struct call *c, struct sglang_state *st, struct json_val id)
{
	struct result *r;

	for (size_t i = 0; i < st->n_results; i++)
		if (slice_eq(st->results[i].id, json_raw(id)))
			return &st->results[i];
	if (st->n_results == RESULTS_MAX) {
		st->dropped = true;
		return NULL;
	}
	r = arena_push(&c->arena, &st->results, &st->n_results, sizeof(*r));
	if (r)
		r->id = call_json_str(c, id);
	return r;
}

static void read_result(struct call *c, const struct decoder_config *config,
			struct sglang_state *st, struct json_val root)
{
	struct json_val meta = json_get(root, "meta_info");
	struct json_val finish = json_path(meta, "finish_reason.type");
	struct result *r = get_result(c, st, json_get(meta, "id"));
	size_t index;

	if (!r)
		return;
	index = (size_t)(r - st->results);
	call_update(c, &c->response_id, json_get(meta, "id"));
	r->text = (struct text){ .data = r->text.data, .size = r->text.size };
	text_add_json(c, &r->text, json_get(root, "text"), messages_text_max(config));
	for (size_t i = 0; i < ARRAY_LEN(counts) && !json_cut(meta); i++)
		usage_set_json(&r->usage, counts[i].field, json_get(meta, counts[i].member));
	call_update_seconds(&c->processing_s, json_get(meta, "e2e_latency"), 1);
	if (!json_has_text(finish))
		return;
	if (index >= c->n_finish_reasons || !c->finish_reasons[index].data)
		st->finished++;
	call_set_finish(c, index, json_raw(finish));
}

static void sglang_response(struct call *c, const struct decoder_config *config, void *state,
			    struct json_val root)
{
	if (json_type(root) == JSON_OBJECT)
		read_result(c, config, state, root);
}

static bool sglang_ended(const void *state)
{
	const struct sglang_state *st = state;

	return st->n_results && st->finished == st->n_results;
}

/* The sum over the results, of what all of them have. */
static void add_up(struct usage *u, const struct sglang_state *st)
{
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		enum usage_field f = counts[i].field;
		bool known = st->n_results && !st->dropped;
		int64_t sum = 0;

		for (size_t k = 0; k < st->n_results; k++) {
			known &= usage_has(&st->results[k].usage, f);
			sum += usage_get(&st->results[k].usage, f);
		}
		if (known)
			usage_set(u, f, sum);
	}
}

static void sglang_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct sglang_state *st = state;

	(void)config;
	/* The counts of a result that goes on are those of a part. */
	if (sglang_ended(st) && !call_has_gap(c))
		add_up(&c->usage, st);
	for (size_t i = 0; i < st->n_results; i++)
		message_add_answer(c, &st->results[i].text);
}

static enum operation sglang_path(struct slice method, struct slice path, bool *known)
{
	/* Ollama's and Cohere's stand below /api and /v1. */
	*known = slice_eq(path, SLICE("/generate"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_TEXT_COMPLETION : OP_NONE;
}

static bool sglang_shape(struct json_val request)
{
	return json_type(json_get(request, "sampling_params")) == JSON_OBJECT &&
	       (json_get(request, "text").doc || json_get(request, "input_ids").doc);
}

static bool sglang_response_shape(struct json_val response)
{
	if (json_type(response) == JSON_ARRAY)
		response = json_first(response);
	return json_path(response, "meta_info.prompt_tokens").doc;
}

static void sglang_request(struct call *c, const struct decoder_config *config,
			   struct json_val root)
{
	struct json_val p = json_get(root, "sampling_params"), text = json_get(root, "text");

	json_bool(json_get(root, "stream"), &c->stream);
	c->max_tokens = call_json_i64(json_get(p, "max_new_tokens"));
	c->temperature = call_json_f64(json_get(p, "temperature"));
	c->top_p = call_json_f64(json_get(p, "top_p"));
	c->top_k = call_json_i64(json_get(p, "top_k"));
	c->choice_count = call_json_i64(json_get(p, "n"));
	c->has_seed = !json_i64(json_get(p, "sampling_seed"), &c->seed);
	c->frequency_penalty = call_json_f64(json_get(p, "frequency_penalty"));
	c->presence_penalty = call_json_f64(json_get(p, "presence_penalty"));
	call_json_strs(c, json_get(p, "stop"), &c->stop_sequences, &c->n_stop_sequences);
	if (json_type(json_get(p, "json_schema")) == JSON_STRING)
		c->output_type = SLICE("json");
	message_add_content(c, config, text);
}

const struct dialect dialect_sglang = {
	.name = "sglang",
	.provider = "sglang",
	.op = OP_TEXT_COMPLETION,
	.state_size = sizeof(struct sglang_state),
	.path = sglang_path,
	.shape = sglang_shape,
	.response_shape = sglang_response_shape,
	.request = sglang_request,
	.response = sglang_response,
	.array = true,
	.confirm = true,
	.finish = sglang_finish,
	.ended = sglang_ended,
};
