/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange through the decoder. Input: a byte of flags, one that picks the endpoint,
 * two for the pieces it comes in, then the request's body, a NUL, the response's body.
 * What comes out may not depend on the pieces; what is rendered of it is valid JSON of
 * the size asked for.
 */
#include "content.h"
#include "../unit/exchange.h"
#include "json.h"

enum {
	CONTENT = 1,
	NO_REQUEST = 2,
	ABORT = 4,
	LOST = 8,
	FAILED = 16,
	HOLE = 32, /* in the response; only for crashes: it lands elsewhere in other pieces */
	CODED = 64,
	SMALL = 128, /* ceilings within reach */
};

static const struct {
	const char *method;
	const char *target;
	const char *host;
} endpoints[] = {
	{ "POST", "/v1/chat/completions", "api.openai.com" },
	{ "POST", "/v1/responses", "api.openai.com" },
	{ "POST", "/v1/messages", "api.anthropic.com" },
	{ "POST", "/v1/embeddings", "gw.example" },
	{ "POST", "/unknown", "gw.example" },
	{ "POST", "/v1/messages", "gw.example" },
	{ "GET", "/v1/responses/resp_1", "gw.example:1" },
	{ "POST", "/openai/deployments/d/chat/completions", "x.openai.azure.com" },
	{ "POST", "/v1/completions", "api.x.ai" },
	{ "POST", "/v1beta/models/g:streamGenerateContent", "generativelanguage.googleapis.com" },
	{ "POST", "/v1beta/models/g:batchEmbedContents", "generativelanguage.googleapis.com" },
	{ "POST", "/v1beta/interactions", "generativelanguage.googleapis.com" },
	{ "POST", "/model/m/converse-stream", "gw.example" },
	{ "POST", "/model/anthropic.m/invoke-with-response-stream", "gw.example" },
	{ "POST", "/model/meta.m/invoke", "gw.example" },
	{ "POST", "/agents/a/agentAliases/b/sessions/s/text", "gw.example" },
	{ "POST", "/v2/chat", "api.cohere.com" },
	{ "POST", "/v1/chat", "api.cohere.com" },
	{ "POST", "/v2/embed", "api.cohere.com" },
	{ "POST", "/v1/rerank", "api.jina.ai" },
	{ "POST", "/api/chat", "gw.example:11434" },
	{ "POST", "/api/embed", "gw.example:11434" },
	{ "POST", "/v1/complete", "api.anthropic.com" },
	{ "POST", "/v1/audio/transcriptions", "api.openai.com" },
	{ "POST", "/xai_api.Chat/GetCompletionChunk", "api.x.ai" },
	{ "POST", "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
	  "gw.example" },
	{ "POST", "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
	  "gw.example" },
	{ "POST", "/v1/assistants", "api.openai.com" },
	{ "POST", "/v1/threads/runs", "api.openai.com" },
	{ "GET", "/v1/threads/t/runs/r", "api.openai.com" },
	{ "POST", "/v1/vector_stores/v/search", "api.openai.com" },
	{ "POST", "/completion", "gw.example" },
	{ "POST", "/generate", "gw.example" },
	{ "POST", "/api/v1/chat", "gw.example" },
};

struct output {
	struct buf dump;
	bool render;
};

static void check_json(int r, const struct buf *b, size_t max)
{
	struct json j;

	if (r)
		return;
	if (b->len > max)
		abort();
	json_init(&j);
	if (json_parse(&j, buf_slice(b)) || json_truncated(&j))
		abort();
	json_release(&j);
}

static void render(const struct call *c, size_t max)
{
	static int (*const fns[])(const struct call *c, size_t max, struct buf *to) = {
		content_input_messages,
		content_output_messages,
		content_system_instructions,
		content_tool_definitions,
	};

	for (size_t i = 0; i < ARRAY_LEN(fns); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(max);

		check_json(fns[i](c, max, &b), &b, max);
	}
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(max);

		check_json(content_tool_arguments(&c->tool_calls[i], max, &b), &b, max);
	}
}

static void emit(void *ctx, struct call *c)
{
	struct output *out = ctx;

	dump_call(&out->dump, c);
	for (size_t i = 0; i < c->n_input; i++)
		buf_printf(&out->dump, "%" PRIx64 "\n", c->input[i].hash);
	for (size_t i = 0; i < c->n_output; i++)
		buf_printf(&out->dump, "%" PRIx64 "\n", c->output[i].hash);
	if (out->render) {
		render(c, 64 * 1024);
		render(c, 300);
	}
	call_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data + 4, size - 4 };
	struct output whole = { BUF_INIT(64 * 1024 * 1024), true }, split = whole;
	struct exchange x;

	if (size < 4)
		return 0;
	x = (struct exchange){
		.method = endpoints[data[1] % ARRAY_LEN(endpoints)].method,
		.target = endpoints[data[1] % ARRAY_LEN(endpoints)].target,
		.host = endpoints[data[1] % ARRAY_LEN(endpoints)].host,
		.request = slice_cut(&rest, '\0'),
		.response = rest,
		.content = data[0] & CONTENT,
		.no_request = data[0] & NO_REQUEST,
		.abort = data[0] & ABORT,
		.end = data[0] & LOST ? HTTP_END_LOST : HTTP_END_COMPLETE,
		.status = data[0] & FAILED ? 400 : 200,
		.body_max = data[0] & SMALL ? 300 : 0,
	};
	if (data[0] & CODED)
		x.response_fields = EXCHANGE_JSON "content-encoding: gzip\n";
	/* Each response in the format that its first byte asks for. */
	if (rest.len && rest.data[0] == '\x01')
		x.response_fields = "content-type: application/x-ndjson\n";
	else if (rest.len && rest.data[0] == '\x02')
		x.response_fields = "content-type: application/vnd.amazon.eventstream\n";
	else if (rest.len && rest.data[0] == '\x03')
		x.response_fields = x.request_fields = "content-type: application/grpc\n";
	if (x.response_fields && !(data[0] & CODED))
		x.response = slice_sub(rest, 1, rest.len);
	if (data[0] & HOLE) {
		x.hole_at = data[2];
		x.hole_len = 1 + data[3] % 64;
	}
	split.render = false;
	exchange_run(&x, emit, &whole, 0, SIZE_MAX);
	exchange_run(&x, emit, &split, data[2], 1 + data[3] % 64);
	if (!(data[0] & HOLE) && !slice_eq(buf_slice(&whole.dump), buf_slice(&split.dump))) {
		fprintf(stderr, "whole:\n%s\nsplit:\n%s\n", whole.dump.data, split.dump.data);
		abort();
	}
	buf_release(&whole.dump);
	buf_release(&split.dump);
	return 0;
}
