/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAI's embeddings and those of its copies (genai.md 4.6). */
#include "dialect.h"

#include "openai_usage.h"

static enum operation embeddings_path(struct slice method, struct slice path, bool *known)
{
	/* /api/embeddings is Ollama's own, with other members. */
	if (!slice_ends(path, SLICE("/embeddings")) || slice_ends(path, SLICE("/api/embeddings")))
		return OP_NONE;
	*known = true;
	return slice_eq_nocase(method, SLICE("POST")) ? OP_EMBEDDINGS : OP_NONE;
}

static bool embeddings_shape(struct json_val request)
{
	struct json_val input = json_get(request, "input");
	enum json_type element = json_type(json_first(input));

	if (json_type(json_get(request, "model")) != JSON_STRING)
		return false;
	/* A string alone could be a Responses request or text to be spoken. */
	if (json_type(input) == JSON_STRING)
		return json_get(request, "encoding_format").doc ||
		       json_get(request, "dimensions").doc;
	return element == JSON_STRING || element == JSON_NUMBER || element == JSON_ARRAY;
}

static bool embeddings_response_shape(struct json_val response)
{
	return json_is(json_get(json_first(json_get(response, "data")), "object"), "embedding");
}

static void embeddings_request(struct call *c, const struct decoder_config *config,
			       struct json_val root)
{
	struct json_val dimensions = json_get(root, "dimensions");

	(void)config;
	if (json_type(dimensions) != JSON_NUMBER)
		dimensions = json_get(root, "output_dimension"); /* Mistral, Voyage */
	call_update(c, &c->request_model, json_get(root, "model"));
	c->dimensions = call_json_i64(dimensions);
	call_json_strs(c, json_get(root, "encoding_format"), &c->encoding_formats,
		       &c->n_encoding_formats);
	call_update(c, &c->user, json_get(root, "user"));
}

static void embeddings_response(struct call *c, const struct decoder_config *config, void *state,
				struct json_val root)
{
	(void)config;
	(void)state;
	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	openai_usage_read(&c->usage, json_get(root, "usage"), 0);
	/* Voyage only counts the total, which is all input. */
	if (usage_has(&c->usage, USAGE_TOTAL) && !usage_has(&c->usage, USAGE_INPUT))
		usage_set(&c->usage, USAGE_INPUT, usage_get(&c->usage, USAGE_TOTAL));
	c->usage.present &= ~(UINT64_C(1) << USAGE_OUTPUT); /* copies send a 0 */
}

const struct dialect dialect_openai_embeddings = {
	.name = "openai-embeddings",
	.provider = "openai",
	.op = OP_EMBEDDINGS,
	.path = embeddings_path,
	.shape = embeddings_shape,
	.response_shape = embeddings_response_shape,
	.request = embeddings_request,
	.response = embeddings_response,
};
