/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "detect.h"
#include "dialect.h"
#include "test.h"

static const struct {
	const char *host;
	uint16_t port;
	const char *path;
	const char *want; /* NULL: unknown */
} provider_rows[] = {
	{ "api.openai.com", 443, "/v1/chat/completions", "openai" },
	{ "API.OpenAI.com.", 443, "/", "openai" },
	{ "eu.api.openai.com", 443, "/", "openai" },
	{ "api.openai.com.evil.example", 443, "/", NULL },
	{ "notapi.openai.com", 443, "/", NULL },
	{ "api.anthropic.com", 443, "/v1/messages", "anthropic" },
	{ "aws-external-anthropic.us-east-1.api.aws", 443, "/v1/messages", "anthropic" },
	{ "bedrock-mantle.us-east-1.api.aws", 443, "/anthropic/v1/messages", "anthropic" },
	{ "bedrock-mantle.us-east-1.api.aws", 443, "/v1/responses", "aws.bedrock" },
	{ "me.openai.azure.com", 443, "/openai/v1/responses", "azure.ai.openai" },
	{ "me.cognitiveservices.azure.com", 443, "/openai/v1/responses", "azure.ai.openai" },
	{ "me.services.ai.azure.com", 443, "/openai/v1/responses", "azure.ai.openai" },
	{ "me.services.ai.azure.com", 443, "/models/chat/completions", "azure.ai.inference" },
	{ "me.services.ai.azure.com", 443, "/anthropic/v1/messages", "anthropic" },
	{ "dep.eastus.models.ai.azure.com", 443, "/chat/completions", "azure.ai.inference" },
	{ "gw.azure-api.net", 443, "/x", "azure.ai.openai" },
	{ "generativelanguage.googleapis.com", 443, "/", "gcp.gemini" },
	{ "us-central1-aiplatform.googleapis.com", 443, "/", "gcp.vertex_ai" },
	{ "aiplatform.googleapis.com", 443, "/", "gcp.vertex_ai" },
	{ "aiplatform.eu.rep.googleapis.com", 443, "/", "gcp.vertex_ai" },
	{ "storage.googleapis.com", 443, "/", NULL },
	{ "bedrock-runtime.us-east-1.amazonaws.com", 443, "/", "aws.bedrock" },
	{ "bedrock-runtime-fips.us-east-1.amazonaws.com", 443, "/", "aws.bedrock" },
	{ "bedrock-runtime.cn-north-1.amazonaws.com.cn", 443, "/", "aws.bedrock" },
	{ "vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", 443, "/", "aws.bedrock" },
	{ "s3.us-east-1.amazonaws.com", 443, "/", NULL },
	{ "api.mistral.ai", 443, "/", "mistral_ai" },
	{ "api.groq.com", 443, "/", "groq" },
	{ "api.deepseek.com", 443, "/", "deepseek" },
	{ "api.x.ai", 443, "/", "x_ai" },
	{ "openrouter.ai", 443, "/", "openrouter" },
	{ "api.cohere.com", 443, "/", "cohere" },
	{ "dashscope-intl.aliyuncs.com", 443, "/", "alibaba" },
	{ "myorg.snowflakecomputing.com", 443, "/", "snowflake" },
	{ "api.perplexity.ai", 443, "/chat/completions", "perplexity" },
	{ "api.together.xyz", 443, "/v1/chat/completions", "together_ai" },
	{ "api.fireworks.ai", 443, "/inference/v1/chat/completions", "fireworks_ai" },
	{ "api.cerebras.ai", 443, "/v1/chat/completions", "cerebras" },
	{ "api.moonshot.ai", 443, "/v1/chat/completions", "moonshot_ai" },
	{ "api.moonshot.cn", 443, "/v1/chat/completions", "moonshot_ai" },
	{ "api.z.ai", 443, "/api/paas/v4/chat/completions", "zai" },
	{ "router.huggingface.co", 443, "/novita/v1/chat/completions", "huggingface" },
	{ "api.voyageai.com", 443, "/v1/embeddings", "voyage_ai" },
	{ "api.jina.ai", 443, "/v1/rerank", "jina_ai" },
	{ "codestral.mistral.ai", 443, "/v1/fim/completions", "mistral_ai" },
	{ "bedrock-agent-runtime.us-east-1.amazonaws.com", 443, "/", "aws.bedrock" },
	{ "integrate.api.nvidia.com", 443, "/v1/chat/completions", "nvidia" },
	{ "localhost", 11434, "/v1/chat/completions", "ollama" },
	{ "localhost", 8000, "/v1/chat/completions", NULL },
	{ "gateway.example", 443, "/openai/deployments/d/chat/completions", "azure.ai.openai" },
	{ "", 0, "", NULL },
};

TEST(detect_providers)
{
	for (size_t i = 0; i < ARRAY_LEN(provider_rows); i++) {
		const struct provider *p =
			detect_provider(slice_from(provider_rows[i].host), provider_rows[i].port,
					slice_from(provider_rows[i].path));

		test_row("%s%s", provider_rows[i].host, provider_rows[i].path);
		CHECK_STR(slice_from(p ? p->name : NULL), provider_rows[i].want);
	}
	test_row(NULL);
}

TEST(detect_host_with_nul)
{
	CHECK(!detect_provider(SLICE("api.openai.com\0x"), 443, SLICE("/")));
	CHECK(!detect_provider(SLICE("api.openai.com\0\0\0\0"), 443, SLICE("/")));
	CHECK(!detect_provider(SLICE("\0"), 443, SLICE("/")));
}

static const struct {
	const char *method;
	const char *target;
	const char *dialect; /* NULL: no dialect's path */
	enum operation op;
} path_rows[] = {
	{ "POST", "/v1/chat/completions", "openai-chat", OP_CHAT },
	{ "POST", "/v1/chat/completions/", "openai-chat", OP_CHAT },
	{ "POST", "//openai/deployments/d/chat/completions?api-version=1", "openai-chat", OP_CHAT },
	{ "POST", "/any/gateway/prefix/chat/completions", "openai-chat", OP_CHAT },
	{ "POST", "https://h:1/v1/chat/completions?x=/", "openai-chat", OP_CHAT },
	{ "GET", "/v1/chat/completions", "openai-chat", OP_NONE },
	{ "POST", "/v1/completions", "openai-chat", OP_TEXT_COMPLETION },
	{ "POST", "/v1/fim/completions", "openai-chat", OP_TEXT_COMPLETION },
	{ "POST", "/v1/agents/completions", "openai-chat", OP_CHAT },
	{ "POST", "/v1/responses", "openai-responses", OP_CHAT },
	{ "POST", "/backend-api/codex/responses", "openai-responses", OP_CHAT },
	{ "POST", "/v1/responses/compact", "openai-responses", OP_CHAT },
	{ "POST", "/v1/responses/input_tokens", "openai-responses", OP_NONE },
	{ "GET", "/v1/responses/resp_1?stream=true", "openai-responses", OP_FETCH_RESPONSE },
	{ "DELETE", "/v1/responses/resp_1", "openai-responses", OP_NONE },
	{ "POST", "/v1/responses/resp_1/cancel", "openai-responses", OP_NONE },
	{ "GET", "/v1/responses/resp_1/input_items", "openai-responses", OP_NONE },
	{ "GET", "/forms/responses/17", NULL, OP_NONE },
	{ "POST", "/v1/assistants", "openai-assistants", OP_CREATE_AGENT },
	{ "GET", "/v1/assistants", "openai-assistants", OP_NONE },
	{ "POST", "/v1/threads/runs", "openai-assistants", OP_INVOKE_AGENT },
	{ "POST", "/openai/threads/t/runs?api-version=1", "openai-assistants", OP_INVOKE_AGENT },
	{ "GET", "/v1/threads/t/runs", "openai-assistants", OP_NONE },
	{ "GET", "/v1/threads/t/runs/r", "openai-assistants", OP_FETCH_RESPONSE },
	{ "POST", "/v1/threads/t/runs/r", "openai-assistants", OP_NONE },
	{ "POST", "/v1/threads/t/runs/r/submit_tool_outputs", "openai-assistants",
	  OP_INVOKE_AGENT },
	{ "POST", "/v1/threads/t/runs/r/cancel", "openai-assistants", OP_NONE },
	{ "GET", "/v1/threads/t/runs/r/steps", "openai-assistants", OP_NONE },
	{ "POST", "/v1/threads/t/messages", NULL, OP_NONE },
	{ "POST", "/v1/vector_stores/vs_1/search", "openai-assistants", OP_RETRIEVAL },
	{ "POST", "/v1/vector_stores", NULL, OP_NONE },
	{ "POST", "/google.cloud.aiplatform.v1.PredictionService/GenerateContent", "gemini-grpc",
	  OP_GENERATE_CONTENT },
	{ "POST", "/google.ai.generativelanguage.v1beta.GenerativeService/CountTokens",
	  "gemini-grpc", OP_NONE },
	{ "POST", "/v1/embeddings", "openai-embeddings", OP_EMBEDDINGS },
	{ "POST", "/api/embeddings", "ollama", OP_EMBEDDINGS },
	{ "POST", "/api/chat", "ollama", OP_CHAT },
	{ "GET", "/api/chat", "ollama", OP_NONE },
	{ "POST", "/completion", "llamacpp", OP_TEXT_COMPLETION },
	{ "POST", "/infill", "llamacpp", OP_TEXT_COMPLETION },
	{ "POST", "/generate", "sglang", OP_TEXT_COMPLETION },
	{ "POST", "/api/generate", "ollama", OP_TEXT_COMPLETION },
	{ "POST", "/v1/generate", NULL, OP_NONE },
	{ "POST", "/api/v1/chat", NULL, OP_NONE },
	{ "POST", "/v1beta/models/g:generateContent", "gemini", OP_GENERATE_CONTENT },
	{ "POST",
	  "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent"
	  "?alt=sse",
	  "gemini", OP_GENERATE_CONTENT },
	{ "POST", "/v1beta/models/g:countTokens", "gemini", OP_NONE },
	{ "POST", "/v1beta/models/g:batchEmbedContents", "gemini-embeddings", OP_EMBEDDINGS },
	{ "POST", "/v1/publishers/google/models/text-embedding-005:predict", "gemini-embeddings",
	  OP_EMBEDDINGS },
	{ "POST", "/v1/publishers/google/models/other:predict", NULL, OP_NONE },
	{ "POST", "/v1beta/interactions", "gemini-interactions", OP_CHAT },
	{ "GET", "/v1beta/interactions/i1", "gemini-interactions", OP_FETCH_RESPONSE },
	{ "POST", "/v1beta/interactions/i1/cancel", "gemini-interactions", OP_NONE },
	{ "POST", "/interactions", NULL, OP_NONE },
	{ "POST", "/v1/publishers/anthropic/models/c@1:streamRawPredict", "anthropic-messages",
	  OP_CHAT },
	{ "POST", "/v1/publishers/anthropic/models/count-tokens:rawPredict", "anthropic-messages",
	  OP_NONE },
	{ "POST", "/model/m%3A0/converse", "bedrock-converse", OP_CHAT },
	{ "POST", "/bedrock/model/m/converse-stream", "bedrock-converse", OP_CHAT },
	{ "POST", "/model/m/count-tokens", "bedrock-converse", OP_NONE },
	{ "POST", "/model/m/invoke", "bedrock-invoke", OP_CHAT },
	{ "POST", "/model/m/invoke-with-response-stream", "bedrock-invoke", OP_CHAT },
	{ "POST", "/converse", NULL, OP_NONE },
	{ "POST", "/v2/chat", "cohere-chat", OP_CHAT },
	{ "POST", "/v2/embed", "cohere-embed", OP_EMBEDDINGS },
	{ "POST", "/v1/rerank", "rerank", OP_RERANK },
	{ "POST", "/v1/messages", "anthropic-messages", OP_CHAT },
	{ "POST", "/v1/messages?beta=true", "anthropic-messages", OP_CHAT },
	{ "POST", "/proxy/anthropic/v1/messages", "anthropic-messages", OP_CHAT },
	{ "POST", "/v1/messages/count_tokens", "anthropic-messages", OP_NONE },
	{ "POST", "/v1/messages/batches", "anthropic-messages", OP_NONE },
	{ "POST", "/v1/messages/17", NULL, OP_NONE },
	{ "POST", "/v1/models", NULL, OP_NONE },
	{ "POST", "", NULL, OP_NONE },
};

TEST(detect_operations)
{
	for (size_t i = 0; i < ARRAY_LEN(path_rows); i++) {
		enum operation op = OP_NONE;
		const struct dialect *d =
			detect_path(slice_from(path_rows[i].method),
				    detect_target_path(slice_from(path_rows[i].target)), &op);

		test_row("%s %s", path_rows[i].method, path_rows[i].target);
		CHECK_STR(slice_from(d ? d->name : NULL), path_rows[i].dialect);
		CHECK_INT(op, path_rows[i].op);
	}
	test_row(NULL);
}

TEST(detect_verdicts_by_head)
{
	static const struct {
		const char *method;
		const char *host;
		const char *path;
		const char *type;
		enum decoder_verdict want;
	} rows[] = {
		{ "POST", "api.openai.com", "/v1/chat/completions", NULL, DECODER_WANTED },
		{ "POST", "x.example", "/v1/chat/completions", "text/plain", DECODER_WANTED },
		{ "GET", "api.openai.com", "/v1/models", NULL, DECODER_UNWANTED },
		{ "POST", "api.anthropic.com", "/v1/messages/count_tokens", "application/json",
		  DECODER_UNWANTED },
		{ "POST", "x.example", "/llm", "application/json; charset=utf-8",
		  DECODER_UNDECIDED },
		{ "POST", "x.example", "/llm", "application/problem+JSON", DECODER_UNDECIDED },
		{ "PUT", "x.example", "/llm", "application/json", DECODER_UNWANTED },
		{ "POST", "x.example", "/upload", "multipart/form-data", DECODER_UNWANTED },
		{ "POST", "x.example", "/llm", NULL, DECODER_UNWANTED },
		{ "POST", "api.writer.com", "/v1/chat", NULL, DECODER_UNDECIDED },
		{ "POST", "api.cohere.com", "/v1/chat", "application/json", DECODER_UNDECIDED },
		{ "POST", "aiplatform.googleapis.com", "/v1/other", "application/json",
		  DECODER_UNWANTED },
		{ "POST", "bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse", NULL,
		  DECODER_WANTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct http_field type = { SLICE("Content-Type"), slice_from(rows[i].type) };
		const struct http_head head = {
			.method = slice_from(rows[i].method),
			.target = slice_from(rows[i].path),
			.authority = slice_from(rows[i].host),
			.fields = &type,
			.n_fields = rows[i].type ? 1 : 0,
		};

		test_row("%s %s%s", rows[i].method, rows[i].host, rows[i].path);
		CHECK_INT(detect_head(&head, SLICE_NONE), rows[i].want);
	}
	test_row(NULL);
}

TEST(detect_heads_that_were_not_all_read)
{
	const struct http_head nothing = { .inferred = true };
	const struct http_head path = { .inferred = true, .target = SLICE("/v1/messages") };
	const struct http_head get = { .inferred = true, .method = SLICE("GET") };

	CHECK_INT(detect_head(&nothing, SLICE_NONE), DECODER_UNDECIDED);
	CHECK_INT(detect_head(&path, SLICE_NONE), DECODER_WANTED);
	CHECK_INT(detect_head(&get, SLICE_NONE), DECODER_UNWANTED);
}

TEST(detect_hosts_and_targets)
{
	static const struct {
		const char *authority;
		const char *host;
		int port;
	} hosts[] = {
		{ "h.example", "h.example", 0 },
		{ "h.example:8443", "h.example", 8443 },
		{ "h.example:", "h.example", 0 },
		{ "h.example:99999", "h.example", 0 },
		{ "user:pw@h.example:1", "h.example", 1 },
		{ "[::1]:8080", "::1", 8080 },
		{ "[::1]", "::1", 0 },
		{ "[::1", "[::1", 0 },
		{ "", "", 0 },
	};
	static const struct {
		const char *target;
		const char *path;
		const char *authority;
	} targets[] = {
		{ "/a/b?c=d", "/a/b", "" },
		{ "/a/", "/a", "" },
		{ "/", "/", "" },
		{ "/a#f", "/a", "" },
		{ "https://h:1/a?b", "/a", "h:1" },
		{ "HTTP://h", "", "h" },
		{ "http://h?x", "", "h" },
		{ "*", "*", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		uint16_t port = 7;

		test_row("%s", hosts[i].authority);
		CHECK_STR(detect_host(slice_from(hosts[i].authority), &port), hosts[i].host);
		CHECK_INT(port, hosts[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		struct slice target = slice_from(targets[i].target), a;

		test_row("%s", targets[i].target);
		CHECK_STR(detect_target_path(target), targets[i].path);
		a = detect_target_authority(target);
		CHECK_STR(a.data ? a : SLICE(""), targets[i].authority);
	}
	test_row(NULL);
	CHECK_STR(detect_path_model(SLICE("/openai/deployments/gpt-x/chat/completions")), "gpt-x");
	CHECK_SLICE(detect_path_model(SLICE("/v1/chat/completions")), SLICE_NONE);
}

TEST(detect_upstreams_by_response_headers)
{
	const struct http_field openai[] = { { SLICE("OpenAI-Processing-Ms"), SLICE("12") } };
	const struct http_field azure[] = { openai[0], { SLICE("apim-request-id"), SLICE("x") } };
	const struct http_field litellm[] = { openai[0],
					      { SLICE("x-litellm-call-id"), SLICE("x") } };
	const struct http_field llamacpp[] = { { SLICE("Server"), SLICE("llama.cpp") } };
	const struct http_field nginx[] = { { SLICE("Server"), SLICE("nginx") } };

	CHECK_STR(
		slice_from(detect_upstream(&(struct http_head){ .fields = openai, .n_fields = 1 })),
		"openai");
	CHECK_STR(
		slice_from(detect_upstream(&(struct http_head){ .fields = azure, .n_fields = 2 })),
		"azure.ai.openai");
	CHECK_STR(slice_from(
			  detect_upstream(&(struct http_head){ .fields = litellm, .n_fields = 2 })),
		  "litellm");
	CHECK_STR(slice_from(detect_upstream(
			  &(struct http_head){ .fields = llamacpp, .n_fields = 1 })),
		  "llama_cpp");
	CHECK(!detect_upstream(&(struct http_head){ .fields = nginx, .n_fields = 1 }));
	CHECK(!detect_upstream(&(struct http_head){ 0 }));
}
