/* SPDX-License-Identifier: Apache-2.0 */
#include "gemini_proto.h"

#include "cleanup.h"

/* `v` is the number at Vertex AI, `g` that of the Gemini API; 0: it is not there. */
#define ROW(v, g, kind, name)                                                                      \
	{                                                                                          \
		{ v, g }, false, PROTOBUF_##kind, name, NULL, NULL                                 \
	}
#define ROWS(v, g, kind, name)                                                                     \
	{                                                                                          \
		{ v, g }, true, PROTOBUF_##kind, name, NULL, NULL                                  \
	}
#define ONE(v, g, name, type)                                                                      \
	{                                                                                          \
		{ v, g }, false, PROTOBUF_MESSAGE, name, &type##_message, NULL                     \
	}
#define MANY(v, g, name, type)                                                                     \
	{                                                                                          \
		{ v, g }, true, PROTOBUF_MESSAGE, name, &type##_message, NULL                      \
	}
#define WORD(v, g, name, words)                                                                    \
	{                                                                                          \
		{ v, g }, false, PROTOBUF_WORD, name, NULL, words                                  \
	}
#define ROWS_OF(type) static const struct protobuf_row type##_rows[]
#define MESSAGE(type)                                                                              \
	static const struct protobuf_message type##_message = { type##_rows,                       \
								ARRAY_LEN(type##_rows) }
#define RPC_MESSAGE(type)                                                                          \
	const struct protobuf_message gemini_##type = { type##_rows, ARRAY_LEN(type##_rows) }

/* ---- Words --------------------------------------------------------------------------- */

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
static const char *const finish_words_api[] = { "FINISH_REASON_UNSPECIFIED",
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

/* ---- Contents ------------------------------------------------------------------------ */

ROWS_OF(blob) = { ROW(1, 1, STRING, "mimeType") };
MESSAGE(blob);
ROWS_OF(file) = { ROW(1, 1, STRING, "mimeType"), ROW(2, 2, STRING, "fileUri") };
MESSAGE(file);
ROWS_OF(call) = { ROW(3, 3, STRING, "id"), ROW(1, 1, STRING, "name"), ROW(2, 2, STRUCT, "args") };
MESSAGE(call);
ROWS_OF(result) = { ROW(3, 3, STRING, "id"), ROW(1, 1, STRING, "name"),
		    ROW(2, 2, STRUCT, "response") };
MESSAGE(result);
ROWS_OF(code) = { WORD(1, 1, "language", language_words), ROW(2, 2, STRING, "code") };
MESSAGE(code);
ROWS_OF(ran) = { WORD(1, 1, "outcome", outcome_words), ROW(2, 2, STRING, "output") };
MESSAGE(ran);
ROWS_OF(nothing) = { ROW(0, 0, STRING, "") };
MESSAGE(nothing);
ROWS_OF(part) = {
	ROW(10, 11, BOOL, "thought"),	   ROW(1, 2, STRING, "text"),
	ONE(2, 3, "inlineData", blob),	   ONE(3, 6, "fileData", file),
	ONE(5, 4, "functionCall", call),   ONE(6, 5, "functionResponse", result),
	ONE(8, 9, "executableCode", code), ONE(9, 10, "codeExecutionResult", ran),
};
MESSAGE(part);
ROWS_OF(content) = { ROW(1, 2, STRING, "role"), MANY(2, 1, "parts", part) };
MESSAGE(content);
ROWS_OF(detail) = { WORD(1, 1, "modality", modality_words), ROW(2, 2, INT, "tokenCount") };
MESSAGE(detail);
ROWS_OF(usage) = {
	ROW(1, 1, INT, "promptTokenCount"),	    ROW(2, 2, INT, "candidatesTokenCount"),
	ROW(3, 3, INT, "totalTokenCount"),	    ROW(5, 4, INT, "cachedContentTokenCount"),
	ROW(13, 8, INT, "toolUsePromptTokenCount"), ROW(14, 10, INT, "thoughtsTokenCount"),
	WORD(8, 0, "trafficType", traffic_words),   MANY(9, 5, "promptTokensDetails", detail),
	MANY(10, 6, "cacheTokensDetails", detail),  MANY(11, 7, "candidatesTokensDetails", detail),
};
MESSAGE(usage);

/* ---- GenerateContent, StreamGenerateContent ------------------------------------------ */

ROWS_OF(thinking) = { ROW(1, 1, BOOL, "includeThoughts"), ROW(3, 2, INT, "thinkingBudget"),
		      WORD(4, 0, "thinkingLevel", level_words) };
MESSAGE(thinking);
ROWS_OF(config) = {
	ROW(1, 5, FLOAT, "temperature"),
	ROW(2, 6, FLOAT, "topP"),
	ROW(3, 0, FLOAT, "topK"),
	ROW(0, 7, INT, "topK"),
	ROW(4, 1, INT, "candidateCount"),
	ROW(5, 4, INT, "maxOutputTokens"),
	ROWS(6, 2, STRING, "stopSequences"),
	ROW(8, 15, FLOAT, "presencePenalty"),
	ROW(9, 16, FLOAT, "frequencyPenalty"),
	ROW(12, 8, INT, "seed"),
	ROW(13, 13, STRING, "responseMimeType"),
	ONE(25, 22, "thinkingConfig", thinking),
};
MESSAGE(config);
ROWS_OF(function) = { ROW(1, 1, STRING, "name"), ROW(2, 2, STRING, "description") };
MESSAGE(function);
ROWS_OF(tool) = {
	MANY(1, 1, "functionDeclarations", function),
	ONE(2, 0, "retrieval", nothing),
	ONE(3, 2, "googleSearchRetrieval", nothing),
	ONE(4, 3, "codeExecution", nothing),
	ONE(5, 0, "googleMaps", nothing),
	ONE(6, 0, "enterpriseWebSearch", nothing),
	ONE(7, 4, "googleSearch", nothing),
	ONE(10, 8, "urlContext", nothing),
	ONE(11, 6, "computerUse", nothing),
	ONE(0, 9, "fileSearch", nothing),
};
MESSAGE(tool);
ROWS_OF(generate_request) = {
	ROW(5, 1, STRING, "model"),
	MANY(2, 2, "contents", content),
	ONE(4, 4, "generationConfig", config),
	MANY(6, 5, "tools", tool),
	ONE(8, 8, "systemInstruction", content),
};
RPC_MESSAGE(generate_request);

ROWS_OF(grounding) = { ROWS(1, 5, STRING, "webSearchQueries") };
MESSAGE(grounding);
ROWS_OF(candidate) = {
	ROW(1, 3, INT, "index"),
	ONE(2, 1, "content", content),
	WORD(3, 0, "finishReason", finish_words),
	WORD(0, 2, "finishReason", finish_words_api),
	ONE(7, 9, "groundingMetadata", grounding),
};
MESSAGE(candidate);
ROWS_OF(feedback) = { WORD(1, 1, "blockReason", blocked_words) };
MESSAGE(feedback);
ROWS_OF(generate_response) = {
	MANY(2, 1, "candidates", candidate), ONE(3, 2, "promptFeedback", feedback),
	ONE(4, 3, "usageMetadata", usage),   ROW(11, 4, STRING, "modelVersion"),
	ROW(13, 5, STRING, "responseId"),
};
RPC_MESSAGE(generate_response);

/* ---- EmbedContent, BatchEmbedContents, Predict --------------------------------------- */

ROWS_OF(embed_one) = { ROW(0, 5, INT, "outputDimensionality") };
MESSAGE(embed_one);
ROWS_OF(embed_config) = { ROW(4, 0, INT, "outputDimensionality") };
MESSAGE(embed_config);
/* Of one and of a batch: only the Gemini API has batches, whose 2 is another's content. */
ROWS_OF(embed_request) = {
	ROW(1, 1, STRING, "model"),
	ROW(6, 5, INT, "outputDimensionality"),
	ONE(8, 0, "embedContentConfig", embed_config),
	MANY(0, 2, "requests", embed_one),
};
RPC_MESSAGE(embed_request);
ROWS_OF(embed_response) = { ONE(2, 0, "usageMetadata", usage) };
RPC_MESSAGE(embed_response);

/* Any model behind one name; only Vertex AI has it. */
ROWS_OF(predict_request) = { ROW(1, 0, STRING, "model"), ROWS(2, 0, VALUE, "instances"),
			     ROW(3, 0, VALUE, "parameters") };
RPC_MESSAGE(predict_request);
ROWS_OF(predict_response) = { ROWS(1, 0, VALUE, "predictions") };
RPC_MESSAGE(predict_response);
