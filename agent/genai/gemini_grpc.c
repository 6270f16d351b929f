/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google's models over gRPC: Vertex AI's PredictionService, which its own SDK speaks unless
 * told otherwise, and the Gemini API's GenerativeService. The messages are those of REST
 * under numbers, so they are written as REST's JSON and read by REST's dialects. Numbers are
 * those of google-cloud-aiplatform 2.7 and google-ai-generativelanguage 0.12; v1 and v1beta
 * agree on them. Data of images and signatures of thoughts are left out.
 */
#include "gemini.h"

#include "cleanup.h"
#include "protobuf_json.h"

#include <errno.h>

#define JSON_MAX (16 * 1024 * 1024) /* of one message, as JSON */

#define ROW(number, kind, name)                                                                    \
	{                                                                                          \
		number, false, PROTOBUF_##kind, name, NULL, NULL                                   \
	}
#define ROWS(number, kind, name)                                                                   \
	{                                                                                          \
		number, true, PROTOBUF_##kind, name, NULL, NULL                                    \
	}
#define ONE(number, name, type)                                                                    \
	{                                                                                          \
		number, false, PROTOBUF_MESSAGE, name, &type##_message, NULL                       \
	}
#define MANY(number, name, type)                                                                   \
	{                                                                                          \
		number, true, PROTOBUF_MESSAGE, name, &type##_message, NULL                        \
	}
#define WORD(number, name, words)                                                                  \
	{                                                                                          \
		number, false, PROTOBUF_WORD, name, NULL, words                                    \
	}
#define MESSAGE(type)                                                                              \
	static const struct protobuf_message type##_message = { type##_rows,                       \
								ARRAY_LEN(type##_rows) }

/* ---- What both services have ------------------------------------------------------- */

static const char *const modality_words[] = {
	"MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT", NULL
};
static const char *const language_words[] = { "LANGUAGE_UNSPECIFIED", "PYTHON", NULL };
static const char *const outcome_words[] = { "OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED",
					     "OUTCOME_DEADLINE_EXCEEDED", NULL };
static const char *const traffic_words[] = { "TRAFFIC_TYPE_UNSPECIFIED", "ON_DEMAND",
					     "PROVISIONED_THROUGHPUT", NULL };
static const char *const level_words[] = {
	"THINKING_LEVEL_UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "MINIMAL", NULL
};
static const char *const blocked_words[] = {
	"BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", NULL
};
static const char *const finish_words[] = { "FINISH_REASON_UNSPECIFIED",
					    "STOP",
					    "MAX_TOKENS",
					    "SAFETY",
					    "RECITATION",
					    "OTHER",
					    "BLOCKLIST",
					    "PROHIBITED_CONTENT",
					    "SPII",
					    "MALFORMED_FUNCTION_CALL",
					    "MODEL_ARMOR",
					    NULL };
/* The Gemini API's, which are others from 6 on. */
static const char *const finish_words_beta[] = { "FINISH_REASON_UNSPECIFIED",
						 "STOP",
						 "MAX_TOKENS",
						 "SAFETY",
						 "RECITATION",
						 "OTHER",
						 "LANGUAGE",
						 "BLOCKLIST",
						 "PROHIBITED_CONTENT",
						 "SPII",
						 "MALFORMED_FUNCTION_CALL",
						 "IMAGE_SAFETY",
						 "UNEXPECTED_TOOL_CALL",
						 "TOO_MANY_TOOL_CALLS",
						 "IMAGE_PROHIBITED_CONTENT",
						 "IMAGE_OTHER",
						 "NO_IMAGE",
						 "IMAGE_RECITATION",
						 NULL };

static const struct protobuf_row blob_rows[] = { ROW(1, STRING, "mimeType") };
MESSAGE(blob);
static const struct protobuf_row file_rows[] = { ROW(1, STRING, "mimeType"),
						 ROW(2, STRING, "fileUri") };
MESSAGE(file);
static const struct protobuf_row call_rows[] = { ROW(3, STRING, "id"), ROW(1, STRING, "name"),
						 ROW(2, STRUCT, "args") };
MESSAGE(call);
static const struct protobuf_row result_rows[] = { ROW(3, STRING, "id"), ROW(1, STRING, "name"),
						   ROW(2, STRUCT, "response") };
MESSAGE(result);
static const struct protobuf_row code_rows[] = { WORD(1, "language", language_words),
						 ROW(2, STRING, "code") };
MESSAGE(code);
static const struct protobuf_row ran_rows[] = { WORD(1, "outcome", outcome_words),
						ROW(2, STRING, "output") };
MESSAGE(ran);
static const struct protobuf_row grounding_rows[] = { ROWS(1, STRING, "webSearchQueries") };
MESSAGE(grounding);
static const struct protobuf_row grounding_beta_rows[] = { ROWS(5, STRING, "webSearchQueries") };
MESSAGE(grounding_beta);
static const struct protobuf_row detail_rows[] = { WORD(1, "modality", modality_words),
						   ROW(2, INT, "tokenCount") };
MESSAGE(detail);
static const struct protobuf_row function_rows[] = { ROW(1, STRING, "name"),
						     ROW(2, STRING, "description") };
MESSAGE(function);
static const struct protobuf_row nothing_rows[] = { ROW(0, STRING, "") };
MESSAGE(nothing);

/* ---- google.cloud.aiplatform.v1.PredictionService ----------------------------------- */

static const struct protobuf_row part_rows[] = {
	ROW(10, BOOL, "thought"),	ROW(1, STRING, "text"),
	ONE(2, "inlineData", blob),	ONE(3, "fileData", file),
	ONE(5, "functionCall", call),	ONE(6, "functionResponse", result),
	ONE(8, "executableCode", code), ONE(9, "codeExecutionResult", ran),
};
MESSAGE(part);
static const struct protobuf_row content_rows[] = { ROW(1, STRING, "role"),
						    MANY(2, "parts", part) };
MESSAGE(content);
static const struct protobuf_row thinking_rows[] = { ROW(1, BOOL, "includeThoughts"),
						     ROW(3, INT, "thinkingBudget"),
						     WORD(4, "thinkingLevel", level_words) };
MESSAGE(thinking);
static const struct protobuf_row config_rows[] = {
	ROW(1, FLOAT, "temperature"),
	ROW(2, FLOAT, "topP"),
	ROW(3, FLOAT, "topK"),
	ROW(4, INT, "candidateCount"),
	ROW(5, INT, "maxOutputTokens"),
	ROWS(6, STRING, "stopSequences"),
	ROW(8, FLOAT, "presencePenalty"),
	ROW(9, FLOAT, "frequencyPenalty"),
	ROW(12, INT, "seed"),
	ROW(13, STRING, "responseMimeType"),
	ONE(25, "thinkingConfig", thinking),
};
MESSAGE(config);
static const struct protobuf_row tool_rows[] = {
	MANY(1, "functionDeclarations", function),
	ONE(2, "retrieval", nothing),
	ONE(3, "googleSearchRetrieval", nothing),
	ONE(4, "codeExecution", nothing),
	ONE(5, "googleMaps", nothing),
	ONE(6, "enterpriseWebSearch", nothing),
	ONE(7, "googleSearch", nothing),
	ONE(10, "urlContext", nothing),
	ONE(11, "computerUse", nothing),
};
MESSAGE(tool);
static const struct protobuf_row request_rows[] = {
	ROW(5, STRING, "model"),
	MANY(2, "contents", content),
	ONE(4, "generationConfig", config),
	MANY(6, "tools", tool),
	ONE(8, "systemInstruction", content),
};
MESSAGE(request);
static const struct protobuf_row usage_rows[] = {
	ROW(1, INT, "promptTokenCount"),	 ROW(2, INT, "candidatesTokenCount"),
	ROW(3, INT, "totalTokenCount"),		 ROW(5, INT, "cachedContentTokenCount"),
	ROW(13, INT, "toolUsePromptTokenCount"), ROW(14, INT, "thoughtsTokenCount"),
	WORD(8, "trafficType", traffic_words),	 MANY(9, "promptTokensDetails", detail),
	MANY(10, "cacheTokensDetails", detail),	 MANY(11, "candidatesTokensDetails", detail),
};
MESSAGE(usage);
static const struct protobuf_row candidate_rows[] = {
	ROW(1, INT, "index"),
	ONE(2, "content", content),
	WORD(3, "finishReason", finish_words),
	ONE(7, "groundingMetadata", grounding),
};
MESSAGE(candidate);
static const struct protobuf_row feedback_rows[] = { WORD(1, "blockReason", blocked_words) };
MESSAGE(feedback);
static const struct protobuf_row response_rows[] = {
	MANY(2, "candidates", candidate), ONE(3, "promptFeedback", feedback),
	ONE(4, "usageMetadata", usage),	  ROW(11, STRING, "modelVersion"),
	ROW(13, STRING, "responseId"),
};
MESSAGE(response);

/* ---- google.ai.generativelanguage.v1beta.GenerativeService -------------------------- */

static const struct protobuf_row part_beta_rows[] = {
	ROW(11, BOOL, "thought"),	    ROW(2, STRING, "text"),
	ONE(3, "inlineData", blob),	    ONE(4, "functionCall", call),
	ONE(5, "functionResponse", result), ONE(6, "fileData", file),
	ONE(9, "executableCode", code),	    ONE(10, "codeExecutionResult", ran),
};
MESSAGE(part_beta);
static const struct protobuf_row content_beta_rows[] = { ROW(2, STRING, "role"),
							 MANY(1, "parts", part_beta) };
MESSAGE(content_beta);
static const struct protobuf_row thinking_beta_rows[] = { ROW(1, BOOL, "includeThoughts"),
							  ROW(2, INT, "thinkingBudget") };
MESSAGE(thinking_beta);
static const struct protobuf_row config_beta_rows[] = {
	ROW(1, INT, "candidateCount"),
	ROWS(2, STRING, "stopSequences"),
	ROW(4, INT, "maxOutputTokens"),
	ROW(5, FLOAT, "temperature"),
	ROW(6, FLOAT, "topP"),
	ROW(7, INT, "topK"),
	ROW(8, INT, "seed"),
	ROW(13, STRING, "responseMimeType"),
	ROW(15, FLOAT, "presencePenalty"),
	ROW(16, FLOAT, "frequencyPenalty"),
	ONE(22, "thinkingConfig", thinking_beta),
};
MESSAGE(config_beta);
static const struct protobuf_row tool_beta_rows[] = {
	MANY(1, "functionDeclarations", function),
	ONE(2, "googleSearchRetrieval", nothing),
	ONE(3, "codeExecution", nothing),
	ONE(4, "googleSearch", nothing),
	ONE(6, "computerUse", nothing),
	ONE(8, "urlContext", nothing),
	ONE(9, "fileSearch", nothing),
};
MESSAGE(tool_beta);
static const struct protobuf_row request_beta_rows[] = {
	ROW(1, STRING, "model"),
	MANY(2, "contents", content_beta),
	ONE(4, "generationConfig", config_beta),
	MANY(5, "tools", tool_beta),
	ONE(8, "systemInstruction", content_beta),
};
MESSAGE(request_beta);
static const struct protobuf_row usage_beta_rows[] = {
	ROW(1, INT, "promptTokenCount"),
	ROW(2, INT, "candidatesTokenCount"),
	ROW(3, INT, "totalTokenCount"),
	ROW(4, INT, "cachedContentTokenCount"),
	ROW(8, INT, "toolUsePromptTokenCount"),
	ROW(10, INT, "thoughtsTokenCount"),
	MANY(5, "promptTokensDetails", detail),
	MANY(6, "cacheTokensDetails", detail),
	MANY(7, "candidatesTokensDetails", detail),
};
MESSAGE(usage_beta);
static const struct protobuf_row candidate_beta_rows[] = {
	ROW(3, INT, "index"),
	ONE(1, "content", content_beta),
	WORD(2, "finishReason", finish_words_beta),
	ONE(9, "groundingMetadata", grounding_beta),
};
MESSAGE(candidate_beta);
static const struct protobuf_row response_beta_rows[] = {
	MANY(1, "candidates", candidate_beta), ONE(2, "promptFeedback", feedback),
	ONE(3, "usageMetadata", usage_beta),   ROW(4, STRING, "modelVersion"),
	ROW(5, STRING, "responseId"),
};
MESSAGE(response_beta);

/* ---- The dialect --------------------------------------------------------------------- */

static const struct service {
	struct slice prefix;
	const char *provider;
	const struct protobuf_message *request, *response;
} services[] = {
	{ SLICE("/google.cloud.aiplatform.v1.PredictionService/"), "gcp.vertex_ai",
	  &request_message, &response_message },
	{ SLICE("/google.cloud.aiplatform.v1beta1.PredictionService/"), "gcp.vertex_ai",
	  &request_message, &response_message },
	{ SLICE("/google.ai.generativelanguage.v1beta.GenerativeService/"), "gcp.gemini",
	  &request_beta_message, &response_beta_message },
	{ SLICE("/google.ai.generativelanguage.v1.GenerativeService/"), "gcp.gemini",
	  &request_beta_message, &response_beta_message },
};

struct grpc_state {
	void *inner; /* of dialect_gemini */
};

static const struct service *service_of(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (slice_starts(path, services[i].prefix))
			return &services[i];
	return NULL;
}

static enum operation grpc_path(struct slice method, struct slice path, bool *known)
{
	const struct service *service = service_of(path);
	struct slice rpc;

	(void)method; /* gRPC has but one */
	*known = service;
	if (!service)
		return OP_NONE;
	rpc = slice_sub(path, service->prefix.len, path.len);
	return slice_eq(rpc, SLICE("GenerateContent")) ||
			       slice_eq(rpc, SLICE("StreamGenerateContent"))
		       ? OP_GENERATE_CONTENT
		       : OP_NONE;
}

typedef void (*read_fn)(struct call *c, const struct decoder_config *config, void *state,
			const struct event *event, struct json_val root, uint64_t ts_ns);

static void read_request(struct call *c, const struct decoder_config *config, void *state,
			 const struct event *event, struct json_val root, uint64_t ts_ns)
{
	static const struct slice mark = SLICE("/models/");
	struct slice model = json_raw(json_get(root, "model"));
	ssize_t at = slice_find(model, mark);

	(void)state;
	(void)event;
	(void)ts_ns;
	/* projects/…/publishers/google/models/NAME, or models/NAME */
	if (at >= 0)
		model = slice_sub(model, (size_t)at + mark.len, model.len);
	else if (slice_starts(model, SLICE("models/")))
		model = slice_sub(model, 7, model.len);
	c->request_model = arena_copy(&c->arena, model);
	dialect_gemini.request(c, config, root);
}

/* Reads a message as what it would be over REST. */
static void read_as_json(struct call *c, const struct decoder_config *config, void *state,
			 const struct protobuf_message *type, const struct event *event,
			 uint64_t ts_ns, read_fn read)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(JSON_MAX);
	struct json doc;
	int r = protobuf_json(&text, type, event->data);

	json_init(&doc);
	if (r == -EBADMSG) { /* what was read before the damage is JSON all the same */
		call_mark_partial(c, "message_unreadable", 0);
		r = 0;
	}
	if (!r)
		r = json_parse(&doc, buf_slice(&text));
	if (r)
		call_mark_partial(c, r == -ENOMEM ? "memory" : "event_too_large", 0);
	else
		read(c, config, state, event, json_root(&doc), ts_ns);
	json_release(&doc);
}

static void grpc_message(struct call *c, const struct decoder_config *config, struct slice message)
{
	const struct service *service = service_of(c->path);
	struct event event = { .data = message };

	if (!service)
		return;
	if (!c->profile)
		c->provider = slice_from(service->provider);
	c->stream = slice_ends(c->path, SLICE("/StreamGenerateContent"));
	read_as_json(c, config, NULL, service->request, &event, 0, read_request);
}

static void grpc_event(struct call *c, const struct decoder_config *config, void *state,
		       const struct event *event, struct json_val root, uint64_t ts_ns)
{
	const struct service *service = service_of(c->path);
	struct grpc_state *st = state;

	(void)root;
	if (!st->inner)
		st->inner = arena_alloc(&c->arena, dialect_gemini.state_size);
	if (service && st->inner)
		read_as_json(c, config, st->inner, service->response, event, ts_ns,
			     dialect_gemini.event);
}

static void grpc_finish(struct call *c, const struct decoder_config *config, void *state)
{
	struct grpc_state *st = state;

	if (st->inner)
		dialect_gemini.finish(c, config, st->inner);
}

static bool grpc_ended(const void *state)
{
	const struct grpc_state *st = state;

	return st->inner && dialect_gemini.ended(st->inner);
}

/* gRPC has no JSON. */
static void grpc_request(struct call *c, const struct decoder_config *config, struct json_val root)
{
	(void)c;
	(void)config;
	(void)root;
}

static void grpc_response(struct call *c, const struct decoder_config *config, void *state,
			  struct json_val root)
{
	(void)state;
	grpc_request(c, config, root);
}

const struct dialect dialect_gemini_grpc = {
	.name = "gemini-grpc",
	.provider = "gcp.vertex_ai",
	.op = OP_GENERATE_CONTENT,
	.state_size = sizeof(struct grpc_state),
	.path = grpc_path,
	.request = grpc_request,
	.message = grpc_message,
	.response = grpc_response,
	.event = grpc_event,
	.finish = grpc_finish,
	.ended = grpc_ended,
};
