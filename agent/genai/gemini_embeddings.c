/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google's embeddings: embedContent and batchEmbedContents of the Gemini API, predict of
 * Vertex AI, which also makes images (genai.md 4.8). The model is in the path.
 */
#include "cleanup.h"
#include "gemini.h"

static void embeddings_request(struct call *c, const struct decoder_config *config,
			       struct json_val root)
{
	static const char *const paths[] = { "", "embedContentConfig", "parameters" };
	struct json_val first = json_first(json_get(root, "requests"));

	for (size_t i = 0; i < ARRAY_LEN(paths) && c->dimensions < 0; i++)
		c->dimensions = call_json_i64(gemini_get(
			*paths[i] ? gemini_get(root, paths[i]) : root, "outputDimensionality"));
	if (c->dimensions < 0)
		c->dimensions = call_json_i64(gemini_get(first, "outputDimensionality"));
	if (c->op != OP_GENERATE_CONTENT)
		return;
	c->output_type = SLICE("image");
	c->choice_count = call_json_i64(json_path(root, "parameters.sampleCount"));
	for (struct json_val i = json_first(json_get(root, "instances")); i.doc; i = json_next(i))
		message_add_content(c, config, json_get(i, "prompt"));
}

/* The sum over the predictions, unless one of them has no count. */
static void count_predictions(struct call *c, struct json_val predictions)
{
	int64_t sum = 0, tokens;

	for (struct json_val i = json_first(predictions); i.doc; i = json_next(i)) {
		if (json_i64(json_path(i, "embeddings.statistics.token_count"), &tokens) ||
		    tokens < 0 || tokens > USAGE_TOKENS_MAX || sum > USAGE_TOKENS_MAX)
			return;
		sum += tokens;
	}
	if (json_len(predictions) && !json_cut(predictions))
		usage_set(&c->usage, USAGE_INPUT, sum);
}

static void embeddings_response(struct call *c, const struct decoder_config *config, void *state,
				struct json_val root)
{
	struct usage raw = { 0 };

	(void)config;
	(void)state;
	gemini_usage_read(&raw, gemini_get(root, "usageMetadata"));
	usage_unset(&raw, USAGE_TOTAL);
	usage_merge(&c->usage, &raw);
	count_predictions(c, json_get(root, "predictions"));
}

static enum operation embeddings_path(struct slice method, struct slice path, bool *known)
{
	static const struct slice verbs[] = { SLICE(":embedContent"), SLICE(":batchEmbedContents"),
					      SLICE(":embedText"), SLICE(":batchEmbedText") };
	enum operation op = OP_NONE;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (slice_ends(path, verbs[i]))
			op = OP_EMBEDDINGS;
	/* Every kind of Google's models has this verb. */
	if (slice_ends(path, SLICE(":predict")) && slice_find(path, SLICE("embedding")) >= 0)
		op = OP_EMBEDDINGS;
	else if (slice_ends(path, SLICE(":predict")) && slice_find(path, SLICE("/imagen")) >= 0)
		op = OP_GENERATE_CONTENT;
	*known = op != OP_NONE;
	return slice_eq_nocase(method, SLICE("POST")) ? op : OP_NONE;
}

const struct dialect dialect_gemini_embeddings = {
	.name = "gemini-embeddings",
	.provider = "gcp.gen_ai",
	.op = OP_EMBEDDINGS,
	.path = embeddings_path,
	.request = embeddings_request,
	.response = embeddings_response,
};
