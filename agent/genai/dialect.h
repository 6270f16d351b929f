/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one API flavour looks like on the wire. A dialect is one file with one `const
 * struct dialect`, listed in detect.c; it is told what arrives and fills in the call.
 * It keeps no state of its own but `state`, a zeroed block of state_size bytes in the
 * call's arena. It never logs, reads clocks or fails: what it cannot read, it leaves.
 *
 * Errors in the shape that all share ({"error": …}, api_error.h) are the decoder's.
 */
#ifndef GENAI_DIALECT_H
#define GENAI_DIALECT_H

#include "call.h"
#include "decoder.h"
#include "framing.h"
#include "http.h"
#include "json.h"

struct dialect {
	const char *name;
	const char *provider; /* gen_ai.provider.name when host and headers do not tell */
	const char *api_type; /* openai.api.type of its chat operation, or NULL */
	enum operation op;    /* when the path does not tell */
	size_t state_size;
	/* Which operation is this, by method and path (no query)? OP_NONE with *known set
	 * means: this API, but not an operation to report. *known false: not this API. */
	enum operation (*path)(struct slice method, struct slice path, bool *known);
	/* Does a request body of unknown origin have this API's shape? It may be cut off.
	 * NULL: it is known by its path alone. */
	bool (*shape)(struct json_val request);
	/* Does a response body, or the data of a stream's event, have it? Optional. */
	bool (*response_shape)(struct json_val response);
	void (*request)(struct call *c, const struct decoder_config *config, struct json_val root);
	/* A whole (not streamed) response body, possibly cut off. */
	void (*response)(struct call *c, const struct decoder_config *config, void *state,
			 struct json_val root);
	/* One event of a streamed response. `root` is JSON_NONE when data is no JSON. NULL:
	 * each is a whole response. */
	void (*event)(struct call *c, const struct decoder_config *config, void *state,
		      const struct event *event, struct json_val root, uint64_t ts_ns);
	/* What response headers tell of this API alone. Optional. */
	void (*head)(struct call *c, void *state, const struct http_head *head);
	/* A text field of a multipart request; files do not come. Optional. */
	void (*field)(struct call *c, const struct decoder_config *config, struct slice name,
		      struct slice value);
	/* A protobuf message of a gRPC request. Those of its response are events whose root
	 * is JSON_NONE. Optional. */
	void (*message)(struct call *c, const struct decoder_config *config, struct slice message);
	bool array;   /* a stream may come as one JSON array */
	bool confirm; /* its paths are common words: on an unknown host an answer without
		       * its shape is no call */
	/* At the end of either: assemble what came in fragments. Optional. */
	void (*finish)(struct call *c, const struct decoder_config *config, void *state);
	/* Did the stream reach the end that this API promises? NULL: it promises none. */
	bool (*ended)(const void *state);
};

extern const struct dialect dialect_a2a;
extern const struct dialect dialect_anthropic_complete;
extern const struct dialect dialect_anthropic_messages;
extern const struct dialect dialect_bedrock_agent;
extern const struct dialect dialect_bedrock_converse;
extern const struct dialect dialect_bedrock_invoke;
extern const struct dialect dialect_cohere_chat;
extern const struct dialect dialect_cohere_embed;
extern const struct dialect dialect_gemini;
extern const struct dialect dialect_gemini_embeddings;
extern const struct dialect dialect_gemini_grpc;
extern const struct dialect dialect_gemini_interactions;
extern const struct dialect dialect_llamacpp;
extern const struct dialect dialect_lmstudio;
extern const struct dialect dialect_ollama;
extern const struct dialect dialect_openai_assistants;
extern const struct dialect dialect_openai_chat;
extern const struct dialect dialect_openai_embeddings;
extern const struct dialect dialect_openai_media;
extern const struct dialect dialect_openai_responses;
extern const struct dialect dialect_rerank;
extern const struct dialect dialect_mcp;
extern const struct dialect dialect_sglang;
extern const struct dialect dialect_xai_grpc;

#endif
