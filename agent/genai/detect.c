/* SPDX-License-Identifier: Apache-2.0 */
#include "detect.h"

#include "cleanup.h"
#include "decoder_ws.h"
#include "dialect.h"
#include "mcp.h"

/* By shape, the first match wins: what could be mistaken for another comes first. */
static const struct dialect *const dialects[] = {
	&dialect_anthropic_messages,
	&dialect_anthropic_complete,
	&dialect_bedrock_agent,
	&dialect_bedrock_converse,
	&dialect_bedrock_invoke,
	&dialect_gemini,
	&dialect_gemini_embeddings,
	&dialect_gemini_interactions,
	&dialect_ollama,
	&dialect_cohere_chat,
	&dialect_cohere_embed,
	&dialect_rerank,
	&dialect_openai_chat,
	&dialect_openai_responses,
	&dialect_openai_embeddings,
	&dialect_mcp,
	&dialect_a2a,
	&dialect_openai_media,
	&dialect_openai_assistants,
	&dialect_xai_grpc,
	&dialect_gemini_grpc,
	&dialect_llamacpp,
	&dialect_sglang,
	&dialect_lmstudio,
};

/* First match wins: rows with a path stand before those of the same host without. */
static const struct provider providers[] = {
	{ .name = "openai", .host = "api.openai.com" },
	{ .name = "openai", .host = "*.api.openai.com" },
	{ .name = "openai", .host = "chatgpt.com" },
	{ .name = "anthropic", .host = "api.anthropic.com" },
	{ .name = "anthropic", .host = "aws-external-anthropic.*.api.aws" },
	{ .name = "azure.ai.openai", .host = "*.openai.azure.com" },
	{ .name = "azure.ai.openai", .host = "*.cognitiveservices.azure.com" },
	{ .name = "anthropic", .host = "*.services.ai.azure.com", .path = "*/anthropic/*" },
	{ .name = "azure.ai.inference", .host = "*.services.ai.azure.com", .path = "*/models/*" },
	{ .name = "azure.ai.openai", .host = "*.services.ai.azure.com" },
	{ .name = "azure.ai.inference", .host = "*.models.ai.azure.com" },
	{ .name = "azure.ai.inference", .host = "models.inference.ai.azure.com" },
	{ .name = "azure.ai.openai", .host = "*.azure-api.net" },
	{ .name = "gcp.gemini",
	  .host = "generativelanguage.googleapis.com",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "gcp.vertex_ai",
	  .host = "aiplatform.googleapis.com",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "gcp.vertex_ai",
	  .host = "*-aiplatform.googleapis.com",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "gcp.vertex_ai",
	  .host = "aiplatform.*.rep.googleapis.com",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "aws.bedrock",
	  .host = "bedrock-runtime*.amazonaws.com*",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "aws.bedrock",
	  .host = "*.bedrock-runtime*.amazonaws.com*",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "aws.bedrock",
	  .host = "bedrock-agent-runtime*.amazonaws.com*",
	  .quirks = PROVIDER_OWN_API },
	{ .name = "anthropic", .host = "bedrock-mantle.*.api.aws", .path = "*/anthropic/*" },
	{ .name = "aws.bedrock", .host = "bedrock-mantle.*.api.aws" },
	{ .name = "cohere", .host = "api.cohere.com" },
	{ .name = "cohere", .host = "api.cohere.ai" },
	{ .name = "mistral_ai", .host = "api.mistral.ai" },
	{ .name = "mistral_ai", .host = "codestral.mistral.ai" },
	{ .name = "groq", .host = "api.groq.com" },
	{ .name = "deepseek", .host = "api.deepseek.com" },
	{ .name = "x_ai",
	  .host = "api.x.ai",
	  .quirks = PROVIDER_REASONING_ADDS | PROVIDER_CACHE_MAY_ADD },
	{ .name = "x_ai",
	  .host = "*.api.x.ai",
	  .quirks = PROVIDER_REASONING_ADDS | PROVIDER_CACHE_MAY_ADD },
	{ .name = "perplexity",
	  .host = "api.perplexity.ai",
	  .quirks = PROVIDER_REASONING_ADDS | PROVIDER_CITATIONS_ADD },
	{ .name = "moonshot_ai", .host = "api.moonshot.ai" },
	{ .name = "moonshot_ai", .host = "api.moonshot.cn" },
	{ .name = "ibm.watsonx.ai", .host = "*.ml.cloud.ibm.com" },
	{ .name = "openrouter", .host = "openrouter.ai" },
	{ .name = "together_ai", .host = "api.together.xyz" },
	{ .name = "together_ai", .host = "api.together.ai" },
	{ .name = "fireworks_ai", .host = "api.fireworks.ai" },
	{ .name = "cerebras", .host = "api.cerebras.ai" },
	{ .name = "huggingface", .host = "router.huggingface.co" },
	{ .name = "huggingface", .host = "api-inference.huggingface.co" },
	{ .name = "huggingface", .host = "*.endpoints.huggingface.cloud" },
	{ .name = "voyage_ai", .host = "api.voyageai.com" },
	{ .name = "jina_ai", .host = "api.jina.ai" },
	{ .name = "zai", .host = "api.z.ai" },
	{ .name = "zai", .host = "open.bigmodel.cn" },
	{ .name = "alibaba", .host = "dashscope*.aliyuncs.com" },
	{ .name = "nvidia", .host = "integrate.api.nvidia.com" },
	{ .name = "writer", .host = "api.writer.com" },
	{ .name = "replicate", .host = "api.replicate.com", .quirks = PROVIDER_OWN_API },
	{ .name = "snowflake", .host = "*.snowflakecomputing.com" },
	{ .name = "databricks", .host = "*.databricks.com" },
	{ .name = "databricks", .host = "*.azuredatabricks.net" },
	{ .name = "deepinfra", .host = "api.deepinfra.com" },
	{ .name = "sambanova", .host = "api.sambanova.ai" },
	{ .name = "github_copilot", .host = "*.githubcopilot.com" },
	{ .name = "github_models", .host = "models.github.ai" },
	{ .name = "ollama", .host = "ollama.com", .quirks = PROVIDER_OWN_API },
	{ .name = "ollama", .host = "*", .port = 11434, .quirks = PROVIDER_OWN_API },
	/* A gateway's prefix in front of paths that only one provider has. */
	{ .name = "gcp.vertex_ai", .host = "*", .path = "*/publishers/*/models/*" },
	{ .name = "aws.bedrock", .host = "*", .path = "*/model/*/converse" },
	{ .name = "aws.bedrock", .host = "*", .path = "*/model/*/converse-stream" },
	{ .name = "aws.bedrock", .host = "*", .path = "*/model/*/invoke" },
	{ .name = "aws.bedrock", .host = "*", .path = "*/model/*/invoke-with-response-stream" },
	{ .name = "azure.ai.openai", .host = "*", .path = "*/openai/deployments/*" },
};

/* First match wins: a proxy that names itself stands before what it passes on. */
static const struct {
	struct slice header;
	const char *provider;
	struct slice value; /* that it begins with; absent: any */
} upstreams[] = {
	{ SLICE("x-litellm-call-id"), "litellm", { 0 } },
	{ SLICE("x-litellm-model-id"), "litellm", { 0 } },
	{ SLICE("x-groq-region"), "groq", { 0 } },
	{ SLICE("x-ms-deployment-name"), "azure.ai.openai", { 0 } },
	{ SLICE("azureml-model-session"), "azure.ai.openai", { 0 } },
	{ SLICE("apim-request-id"), "azure.ai.openai", { 0 } },
	{ SLICE("x-generation-id"), "openrouter", { 0 } },
	{ SLICE("anthropic-organization-id"), "anthropic", { 0 } },
	{ SLICE("anthropic-ratelimit-requests-limit"), "anthropic", { 0 } },
	{ SLICE("openai-processing-ms"), "openai", { 0 } },
	{ SLICE("openai-organization"), "openai", { 0 } },
	{ SLICE("server"), "llama_cpp", SLICE("llama.cpp") },
};

/* '*' matches any run, letters match without regard to case. Remembers only the last
 * star, which suffices: an earlier one could not match better. */
static bool glob(const char *pattern, struct slice s)
{
	const char *star = NULL;
	size_t at = 0, star_at = 0;

	while (at < s.len) {
		char c = s.data[at];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (*pattern == '*') {
			star = ++pattern;
			star_at = at;
		} else if (*pattern && *pattern == c) { /* a NUL in s is not the end of both */
			pattern++;
			at++;
		} else if (star) {
			pattern = star;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

const struct provider *detect_provider(struct slice host, uint16_t port, struct slice path)
{
	/* The root's dot is legal in a host name. */
	if (host.len && host.data[host.len - 1] == '.')
		host.len--;
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		const struct provider *p = &providers[i];

		if ((!p->port || p->port == port) && glob(p->host, host) &&
		    (!p->path || glob(p->path, path)))
			return p;
	}
	return NULL;
}

const char *detect_upstream(const struct http_head *response)
{
	for (size_t i = 0; i < ARRAY_LEN(upstreams); i++) {
		struct slice value = http_head_get(response, upstreams[i].header);

		if (value.data && slice_starts(value, upstreams[i].value))
			return upstreams[i].provider;
	}
	return NULL;
}

const struct dialect *detect_path(struct slice method, struct slice path, enum operation *ret_op)
{
	if (!method.data)
		method = SLICE("POST");
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		bool known = false;
		enum operation op = dialects[i]->path(method, path, &known);

		if (!known)
			continue;
		*ret_op = op;
		return dialects[i];
	}
	return NULL;
}

const struct dialect *detect_request(const struct http_head *head, enum operation *ret_op)
{
	const struct dialect *d =
		detect_path(head->method, detect_target_path(head->target), ret_op);

	if (d || !a2a_reads(head))
		return d;
	*ret_op = OP_MCP;
	return &dialect_a2a;
}

const struct dialect *detect_shape(struct json_val request)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (dialects[i]->shape && dialects[i]->shape(request))
			return dialects[i];
	return NULL;
}

const struct dialect *detect_response_shape(struct json_val response)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (dialects[i]->response_shape && dialects[i]->response_shape(response))
			return dialects[i];
	return NULL;
}

/* Is there more than what may stand in front of JSON: a BOM and white space? */
static bool has_begun(struct slice text)
{
	static const struct slice bom = SLICE("\xef\xbb\xbf");

	if (text.len < bom.len && slice_starts(bom, text))
		return false;
	if (slice_starts(text, bom))
		text = slice_sub(text, bom.len, text.len);
	return slice_trim(text).len;
}

enum decoder_verdict detect_body(struct json *doc, struct slice text, bool whole,
				 const struct dialect *(*detect)(struct json_val),
				 const struct dialect **ret)
{
	bool enough = text.len >= DETECT_BODY_MAX;
	struct json_val root;

	*ret = NULL;
	if (!whole && !enough && !has_begun(text))
		return DECODER_UNDECIDED;
	if (!whole)
		text = slice_sub(text, 0, DETECT_BODY_MAX);
	if (json_parse(doc, text))
		return DECODER_UNWANTED;
	root = json_root(doc);
	*ret = detect(root);
	if (*ret)
		return DECODER_WANTED;
	if (enough || json_type(root) != JSON_OBJECT)
		return DECODER_UNWANTED;
	return DECODER_UNDECIDED;
}

/* What stands between a mark in the path and what ends it, from its end when `last`. */
static const struct {
	struct slice mark;
	char end;
	bool last;
} path_models[] = {
	{ SLICE("/deployments/"), '/', false }, /* Azure */
	{ SLICE("/model/"), '/', true },	/* Bedrock: an ARN may have slashes */
	{ SLICE("/models/"), ':', true },	/* Google, before the verb */
	{ SLICE("/tunedModels/"), ':', true },	{ SLICE("/endpoints/"), ':', true },
};

struct slice detect_path_model(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(path_models); i++) {
		ssize_t at = slice_find(path, path_models[i].mark);
		struct slice rest;
		size_t len;

		if (at < 0)
			continue;
		rest = slice_sub(path, (size_t)at + path_models[i].mark.len, path.len);
		if (!path_models[i].last)
			return slice_cut(&rest, path_models[i].end);
		len = rest.len;
		while (len && rest.data[len - 1] != path_models[i].end)
			len--;
		if (len > 1)
			return slice_sub(rest, 0, len - 1);
	}
	return SLICE_NONE;
}

enum decoder_verdict detect_head(const struct http_head *head, struct slice sni)
{
	struct slice path = detect_target_path(head->target), host;
	struct slice type = http_head_get(head, SLICE("content-type"));
	enum operation op = OP_NONE;
	const struct provider *provider;
	uint16_t port;

	if (ws_api_find(head))
		return DECODER_WANTED;
	if (detect_request(head, &op))
		return op == OP_NONE ? DECODER_UNWANTED : DECODER_WANTED;
	if (head->method.data && !slice_eq_nocase(head->method, SLICE("POST")))
		return DECODER_UNWANTED;
	/* Of a head that was not all read, only what is there counts. */
	if (head->inferred && (!head->method.data || !path.len || !type.data))
		return DECODER_UNDECIDED;
	host = detect_host(head->authority.len ? head->authority : sni, &port);
	provider = detect_provider(host, port, path);
	if (provider && provider->quirks & PROVIDER_OWN_API)
		return DECODER_UNWANTED;
	/* Clients that leave the type out are rare enough to look only at known hosts. */
	if (detect_is_json(type) || (!type.len && provider))
		return DECODER_UNDECIDED;
	return DECODER_UNWANTED;
}
