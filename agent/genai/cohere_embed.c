/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cohere's embeddings, and the ranking of documents that Cohere, Jina, Voyage and the
 * self-hosted servers that copy them offer (genai.md 4.10).
 */
#include "cohere.h"
#include "dialect.h"

#include "cleanup.h"
#include "messages.h"

static void embed_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	(void)config;
	call_update(c, &c->request_model, json_get(root, "model"));
	c->dimensions = call_json_i64(json_get(root, "output_dimension"));
	call_json_strs(c, json_get(root, "embedding_types"), &c->encoding_formats,
		       &c->n_encoding_formats);
}

static void embed_response(struct call *c, const struct decoder_config *config, void *state,
			   struct json_val root)
{
	struct json_val usage = json_get(root, "usage");

	(void)config;
	(void)state;
	call_update(c, &c->response_id, json_get(root, "id"));
	call_update(c, &c->response_model, json_get(root, "model"));
	cohere_usage_read(&c->usage, json_get(root, "meta"));
	/* Jina and Voyage: the total, which is all input. */
	usage_set_json(&c->usage, USAGE_INPUT, json_get(usage, "total_tokens"));
	usage_unset(&c->usage, USAGE_OUTPUT);
}

static enum operation embed_path(struct slice method, struct slice path, bool *known)
{
	static const struct slice ends[] = { SLICE("/v1/embed"), SLICE("/v2/embed") };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		*known |= slice_ends(path, ends[i]);
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_EMBEDDINGS : OP_NONE;
}

const struct dialect dialect_cohere_embed = {
	.name = "cohere-embed",
	.provider = "cohere",
	.op = OP_EMBEDDINGS,
	.path = embed_path,
	.request = embed_request,
	.response = embed_response,
};

static enum operation rerank_path(struct slice method, struct slice path, bool *known)
{
	*known = slice_ends(path, SLICE("/rerank"));
	return *known && slice_eq_nocase(method, SLICE("POST")) ? OP_RERANK : OP_NONE;
}

static bool rerank_shape(struct json_val request)
{
	return json_type(json_get(request, "query")) == JSON_STRING &&
	       json_type(json_get(request, "documents")) == JSON_ARRAY;
}

const struct dialect dialect_rerank = {
	.name = "rerank",
	.provider = "cohere",
	.op = OP_RERANK,
	.path = rerank_path,
	.shape = rerank_shape,
	.request = embed_request,
	.response = embed_response,
};
