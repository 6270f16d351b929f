/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bedrock's InvokeModel and InvokeModelWithResponseStream (genai.md 4.9): the body is the
 * model vendor's own. Where that is a dialect of this folder, it does the work; the small
 * old ones (Titan, Llama, Mistral's first, AI21's, Claude's completions) are rows below.
 * Counts that no body has stand in headers, or in the stream's invocation metrics.
 */
#include "bedrock.h"

#include "cleanup.h"

struct invoke_state {
	const struct dialect *inner; /* NULL: a row below, or not known yet */
	void *inner_state;
	bool native;
	struct usage counted; /* by Bedrock, not by the model's body */
	struct usage raw;
	struct text text;
	bool stopped;
};

static bool model_has(const struct call *c, struct slice word)
{
	return slice_find(c->request_model, word) >= 0;
}

/* ---- Request ---------------------------------------------------------------------- */

static const struct {
	const char *path;
	size_t at; /* of an int64_t in struct call, or of a double */
	bool number;
} parameters[] = {
#define AT(member) offsetof(struct call, member)
	{ "max_tokens", AT(max_tokens), false },
	{ "max_gen_len", AT(max_tokens), false },
	{ "max_tokens_to_sample", AT(max_tokens), false },
	{ "maxTokens", AT(max_tokens), false },
	{ "textGenerationConfig.maxTokenCount", AT(max_tokens), false },
	{ "top_k", AT(top_k), false },
	{ "k", AT(top_k), false },
	{ "topK", AT(top_k), false },
	{ "dimensions", AT(dimensions), false },
	{ "output_dimension", AT(dimensions), false },
	{ "temperature", AT(temperature), true },
	{ "textGenerationConfig.temperature", AT(temperature), true },
	{ "top_p", AT(top_p), true },
	{ "topP", AT(top_p), true },
	{ "p", AT(top_p), true },
	{ "textGenerationConfig.topP", AT(top_p), true },
#undef AT
};

static void native_request(struct call *c, const struct decoder_config *config,
			   struct json_val root)
{
	static const char *const stops[] = { "stop", "stop_sequences", "stopSequences",
					     "textGenerationConfig.stopSequences" };
	static const char *const prompts[] = { "prompt", "inputText" };

	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		struct json_val v = json_path(root, parameters[i].path);
		void *at = (char *)c + parameters[i].at;

		if (json_type(v) != JSON_NUMBER)
			continue;
		if (parameters[i].number)
			*(double *)at = call_json_f64(v);
		else
			*(int64_t *)at = call_json_i64(v);
	}
	for (size_t i = 0; i < ARRAY_LEN(stops); i++)
		call_json_strs(c, json_path(root, stops[i]), &c->stop_sequences,
			       &c->n_stop_sequences);
	for (size_t i = 0; i < ARRAY_LEN(prompts) && c->op != OP_EMBEDDINGS; i++)
		message_add_content(c, config, json_get(root, prompts[i]));
}

static void invoke_request(struct call *c, const struct decoder_config *config,
			   struct json_val root)
{
	struct slice model = c->request_model;

	c->stream |= slice_ends(c->path, SLICE("/invoke-with-response-stream"));
	if (model_has(c, SLICE("embed")))
		c->op = OP_EMBEDDINGS;
	else if (model_has(c, SLICE("rerank")))
		c->op = OP_RERANK;
	else if (!json_get(root, "messages").doc && !json_get(root, "message").doc)
		c->op = OP_TEXT_COMPLETION;
	if (json_get(root, "inferenceConfig").doc || model_has(c, SLICE("amazon.nova")))
		converse_request(c, config, root);
	else if (json_get(root, "anthropic_version").doc)
		dialect_anthropic_messages.request(c, config, root);
	else if (json_get(root, "message").doc)
		dialect_cohere_chat.request(c, config, root);
	else if (json_get(root, "messages").doc)
		dialect_openai_chat.request(c, config, root);
	else
		native_request(c, config, root);
	/* A "model" in such a body is not what was called. */
	c->request_model = model;
}

/* ---- Response --------------------------------------------------------------------- */

static const struct bedrock_row native_usage[] = {
	{ "prompt_token_count", USAGE_INPUT },
	{ "inputTextTokenCount", USAGE_INPUT },
	{ "generation_token_count", USAGE_OUTPUT },
	{ "totalOutputTextTokenCount", USAGE_OUTPUT },
};
static const struct bedrock_row metrics_rows[] = {
	{ "inputTokenCount", USAGE_INPUT },
	{ "outputTokenCount", USAGE_OUTPUT },
	{ "cacheReadInputTokenCount", USAGE_CACHE_READ },
	{ "cacheWriteInputTokenCount", USAGE_CACHE_WRITE },
};

/* Lists in which some put their answers. */
static const char *const lists[] = { "results", "outputs", "completions", "generations" };
static const char *const texts[] = { "outputText", "generation", "completion", "text",
				     "data.text" };
static const char *const reasons[] = { "completionReason", "stop_reason", "finishReason.reason",
				       "finish_reason" };

static void read_answer(struct call *c, const struct decoder_config *config,
			struct invoke_state *st, struct json_val from)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		text_add_json(c, &st->text, json_path(from, texts[i]), messages_text_max(config));
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct json_val reason = json_path(from, reasons[i]);

		if (!json_has_text(reason))
			continue;
		call_set_finish(c, 0, json_raw(reason));
		st->stopped = true;
	}
}

/* Titan counts each result; AI21 lists the tokens themselves. */
static void count_lists(struct invoke_state *st, struct json_val root)
{
	struct json_val result = json_get(root, "results"), last = JSON_NONE;
	int64_t sum = 0, tokens;

	for (struct json_val i = json_first(result); i.doc; i = json_next(i)) {
		last = json_get(i, "tokenCount");
		if (!json_i64(last, &tokens) && tokens >= 0 && tokens <= USAGE_TOKENS_MAX)
			sum = MIN(sum + tokens, USAGE_TOKENS_MAX);
	}
	if (json_type(last) == JSON_NUMBER && !json_cut(result))
		usage_set(&st->raw, USAGE_OUTPUT, sum);
	result = json_path(root, "prompt.tokens");
	if (json_type(result) == JSON_ARRAY && !json_cut(result))
		usage_set(&st->raw, USAGE_INPUT, (int64_t)json_len(result));
	result = json_path(json_first(json_get(root, "completions")), "data.tokens");
	if (json_type(result) == JSON_ARRAY && !json_cut(result))
		usage_set(&st->raw, USAGE_OUTPUT, (int64_t)json_len(result));
}

static void native_read(struct call *c, const struct decoder_config *config,
			struct invoke_state *st, struct json_val root)
{
	st->native = true;
	call_update(c, &c->response_id, json_get(root, "id"));
	if (json_type(json_get(root, "id")) == JSON_NUMBER) /* AI21 */
		c->response_id = arena_copy(&c->arena, json_raw(json_get(root, "id")));
	if (json_is(json_get(root, "amazon-bedrock-guardrailAction"), "INTERVENED")) {
		call_set_finish(c, 0, SLICE("guardrail_intervened"));
		st->stopped = true;
	}
	for (size_t i = 0; i < ARRAY_LEN(native_usage); i++)
		usage_set_json(&st->raw, native_usage[i].field,
			       json_path(root, native_usage[i].path));
	count_lists(st, root);
	read_answer(c, config, st, root);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		read_answer(c, config, st, json_first(json_get(root, lists[i])));
}

/* Whose body is it? By what was called, as far as its name tells; then by its shape. */
static const struct dialect *find_inner(const struct call *c, struct json_val root)
{
	if (json_get(root, "completion").doc || c->op == OP_EMBEDDINGS || c->op == OP_RERANK)
		return NULL;
	if (model_has(c, SLICE("anthropic.")) || dialect_anthropic_messages.response_shape(root))
		return &dialect_anthropic_messages;
	if (model_has(c, SLICE("amazon.nova")) || dialect_bedrock_converse.response_shape(root))
		return &dialect_bedrock_converse;
	if (dialect_openai_chat.response_shape(root))
		return &dialect_openai_chat;
	return dialect_cohere_chat.response_shape(root) ? &dialect_cohere_chat : NULL;
}

static bool use_inner(struct call *c, struct invoke_state *st, struct json_val root)
{
	if (st->inner || st->native)
		return st->inner;
	st->inner = find_inner(c, root);
	if (!st->inner)
		return false;
	st->inner_state = arena_alloc(&c->arena, st->inner->state_size);
	if (!st->inner_state)
		st->inner = NULL;
	return st->inner;
}

static void invoke_response(struct call *c, const struct decoder_config *config, void *state,
			    struct json_val root)
{
	struct invoke_state *st = state;

	if (use_inner(c, st, root))
		st->inner->response(c, config, st->inner_state, root);
	else
		native_read(c, config, st, root);
}

static void invoke_event(struct call *c, const struct decoder_config *config, void *state,
			 const struct event *event, struct json_val root, uint64_t ts_ns)
{
	struct invoke_state *st = state;
	struct json_val metrics = json_get(root, "amazon-bedrock-invocationMetrics");
	struct event inner = { .type = event->type, .data = event->data };

	if (json_type(metrics) == JSON_OBJECT) {
		bedrock_read_rows(&st->counted, metrics, metrics_rows, ARRAY_LEN(metrics_rows));
		st->stopped = true;
		call_update_seconds(&c->processing_s, json_get(metrics, "invocationLatency"), 1e-3);
	}
	if (!use_inner(c, st, root)) {
		native_read(c, config, st, root);
		return;
	}
	if (st->inner == &dialect_bedrock_converse) {
		root = json_first(root);
		inner.type = root.doc ? json_key(root) : SLICE_NONE;
	}
	st->inner->event(c, config, st->inner_state, &inner, root, ts_ns);
}

static void invoke_head(struct call *c, void *state, const struct http_head *head)
{
	static const struct {
		struct slice name;
		enum usage_field field;
	} rows[] = {
		{ SLICE("x-amzn-bedrock-input-token-count"), USAGE_INPUT },
		{ SLICE("x-amzn-bedrock-output-token-count"), USAGE_OUTPUT },
		{ SLICE("x-amzn-bedrock-cache-read-input-token-count"), USAGE_CACHE_READ },
		{ SLICE("x-amzn-bedrock-cache-write-input-token-count"), USAGE_CACHE_WRITE },
	};
	struct invoke_state *st = state;
	uint64_t tokens;

	(void)c;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		/* Bodies leave out what was not cached; so that both say the same, 0 is not read.
		 */
		if (!slice_u64(http_head_get(head, rows[i].name), &tokens) &&
		    tokens <= (uint64_t)USAGE_TOKENS_MAX &&
		    (tokens || rows[i].field == USAGE_INPUT || rows[i].field == USAGE_OUTPUT))
			usage_set(&st->counted, rows[i].field, (int64_t)tokens);
}

/* What the body did not say. */
static void fill_counts(struct call *c, struct invoke_state *st)
{
	static const enum usage_field fields[] = { USAGE_INPUT, USAGE_OUTPUT, USAGE_CACHE_READ,
						   USAGE_CACHE_WRITE };
	struct usage counted = { 0 };

	bedrock_usage_add_up(&counted, &st->counted);
	if (usage_has(&c->usage, USAGE_INPUT)) {
		usage_unset(&counted, USAGE_CACHE_READ);
		usage_unset(&counted, USAGE_CACHE_WRITE);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!usage_has(&c->usage, fields[i]) && usage_has(&counted, fields[i]))
			usage_set(&c->usage, fields[i], usage_get(&counted, fields[i]));
	if (c->op == OP_EMBEDDINGS || c->op == OP_RERANK)
		usage_unset(&c->usage, USAGE_OUTPUT);
}

static bool invoke_ended(const void *state)
{
	const struct invoke_state *st = state;

	return st->stopped || (st->inner && st->inner->ended && st->inner->ended(st->inner_state));
}

static void invoke_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct invoke_state *st = state;

	if (st->inner) {
		st->inner->finish(c, config, st->inner_state);
		fill_counts(c, st);
		return;
	}
	/* The count of a stream that goes on is not the last one. */
	if (c->stream && !st->stopped)
		usage_unset(&st->raw, USAGE_OUTPUT);
	usage_merge(&c->usage, &st->raw);
	fill_counts(c, st);
	message_add_answer(c, &st->text);
}

static enum operation invoke_path(struct slice method, struct slice path, bool *known)
{
	if (slice_find(path, SLICE("/model/")) < 0)
		return OP_NONE;
	*known = slice_ends(path, SLICE("/invoke")) ||
		 slice_ends(path, SLICE("/invoke-with-response-stream"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_CHAT : OP_NONE;
}

const struct dialect dialect_bedrock_invoke = {
	.name = "bedrock-invoke",
	.provider = "aws.bedrock",
	.op = OP_CHAT,
	.state_size = sizeof(struct invoke_state),
	.path = invoke_path,
	.request = invoke_request,
	.response = invoke_response,
	.event = invoke_event,
	.head = invoke_head,
	.finish = invoke_finish,
	.ended = invoke_ended,
};
