/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GenAI operation as it was on the wire: what was asked, what came back, what it
 * used, when. The unit that everything above works on.
 *
 * Everything in a call lives in its arena; call_free() frees it. Absent slices, NAN
 * doubles and cleared bits mean that the wire did not say. Times are Unix nanoseconds,
 * 0 when it did not happen (or was not seen).
 */
#ifndef GENAI_CALL_H
#define GENAI_CALL_H

#include "arena.h"
#include "process.h"
#include "rate_limit.h"
#include "usage.h"

#define CALL_ARENA_MAX (16 * 1024 * 1024)
#define CALL_TEXT_HEAD 512    /* bytes kept of each text when content is off */
#define CALL_STRINGS_MAX 1024 /* of one list of strings: stop sequences, … */

/* gen_ai.operation.name; call_operation_name() has the strings. */
enum operation {
	OP_NONE, /* not an operation of the conventions (token counting, model lists) */
	OP_CHAT,
	OP_GENERATE_CONTENT,
	OP_TEXT_COMPLETION,
	OP_EMBEDDINGS,
	OP_RETRIEVAL,
	OP_FETCH_RESPONSE,
	OP_CREATE_AGENT,
	OP_INVOKE_AGENT,
	OP_RERANK,     /* no word of the conventions, but one that others use too */
	OP_MODERATION, /* the same */
	OP_MCP,	       /* a JSON-RPC exchange: mcp.h */
};
const char *call_operation_name(enum operation op);

enum completeness {
	COMPLETENESS_FULL,
	COMPLETENESS_PARTIAL,  /* bytes of it were lost; what stands here was read */
	COMPLETENESS_INFERRED, /* something in it was reconstructed */
};

enum usage_source { USAGE_SOURCE_NONE, USAGE_SOURCE_WIRE, USAGE_SOURCE_ESTIMATED };

/* Parts of messages, after the JSON schemas of the GenAI conventions. */
enum part_type {
	PART_TEXT,
	PART_REASONING,
	PART_TOOL_CALL,
	PART_TOOL_RESPONSE,
	PART_SERVER_TOOL_CALL,
	PART_SERVER_TOOL_RESPONSE,
	PART_BLOB,
	PART_FILE,
	PART_URI,
	PART_COMPACTION,
	PART_OTHER,
};

struct part {
	enum part_type type;
	struct slice id;   /* tool call id */
	struct slice name; /* tool name, or the provider's type for PART_OTHER */
	/* Text; tool arguments as JSON; tool result as text or JSON; URI; file id. Kept
	 * to the decoder's content ceiling; len and hash are those of the whole. */
	struct slice text;
	uint64_t len;
	uint64_t hash;
	struct slice mime;
	struct slice modality; /* image, video, audio, document */
	bool is_error;	       /* a tool result that says so */
	bool json;	       /* text is JSON, not a string */
};

struct message {
	struct slice role;
	struct slice name;
	struct slice finish_reason; /* output messages: normalised (genai.md section 6) */
	struct part *parts;
	size_t n_parts;
	uint64_t hash; /* over role and parts: equal for the same message in two calls */
	uint64_t hash_without_ids; /* the same where clients make up ids of their own */
};

/* A client tool that the response asks for. Points into the output messages' data. */
struct tool_call {
	struct slice id;
	struct slice name;
	struct slice type;	/* function, custom, … as the provider says */
	struct slice arguments; /* JSON text, whole unless `truncated` */
	bool truncated;
	uint64_t end_ns; /* when its last fragment had arrived */
};

struct tool_definition {
	struct slice type;
	struct slice name;
	struct slice description;
	struct slice parameters; /* JSON schema, only with content on */
};

/* W3C trace context of the request. valid when the header was there and well-formed. */
struct trace_parent {
	bool valid;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t flags;
};

/* Where the bytes went. */
struct endpoint {
	struct slice address; /* host name as the request names it, or SNI, or IP */
	uint16_t port;	      /* 0: not known */
	struct slice peer_ip;
	uint16_t peer_port;
	uint16_t local_port;
};

/* Work within a call that its usage leaves out though it is billed (Anthropic's iterations:
 * genai.md 4.7). */
struct extra_usage {
	enum extra_kind { EXTRA_COMPACTION, EXTRA_ADVISOR } kind;
	struct slice model; /* absent: the call's */
	struct usage usage;
};

/* See clues.h. */
struct clue {
	struct slice name;
	struct slice value;
};

struct mcp;
struct provider;
struct served;

struct call {
	struct arena arena;
	struct process *process;	/* counted reference; NULL for HAR */
	struct process *server_process; /* counted: who answers, when seen on this host; or NULL */

	/* Identity of the exchange, for stable ids and for joining what belongs together. */
	uint64_t conn_hash; /* of (process, connection) */
	uint64_t exchange;  /* its number on that connection */
	uint8_t source;	    /* enum gentap_source */
	bool server_side;   /* the process answered it */
	bool relaying;	    /* when it made this one, it was answering a model's call itself … */
	bool relays_one;    /* … and of those only one can be what it was made for */

	uint64_t start_ns; /* first byte of the request */
	uint64_t request_end_ns;
	uint64_t response_start_ns; /* first byte of the response head */
	uint64_t first_chunk_ns;    /* first byte of content of a stream: the first event */
	uint64_t last_chunk_ns;
	uint64_t end_ns;
	uint64_t chunks; /* events of a stream */

	enum operation op;
	const char *dialect;		/* static: "openai-chat", "anthropic-messages", … */
	struct slice provider;		/* gen_ai.provider.name */
	const struct provider *profile; /* what detect.h knows of the host, or NULL */
	const char *api_type;		/* static: openai.api.type, or NULL */
	struct endpoint server;

	struct slice method;
	struct slice path; /* without the query string */
	int status;	   /* HTTP; 0 when no response was seen */
	int http_version;  /* 10, 11, 20 */
	struct slice user_agent;
	struct slice request_id;	/* the provider's, from response headers */
	struct rate_limit *rate_limits; /* of the response's head; each kind once */
	size_t n_rate_limits;
	double retry_after_s; /* NAN absent */
	double processing_s;  /* as the provider measured it; NAN absent */
	double queue_s;	      /* of that, or before it: waiting; NAN absent */
	struct slice region;  /* where it was served, as the provider calls it */
	int64_t retry_count;  /* x-stainless-retry-count; -1 absent */
	struct trace_parent parent;
	struct slice trace_state;
	struct served *served; /* the request that it was made for, or NULL; served.h */

	struct slice request_model;
	bool stream;
	bool usage_asked;   /* of a stream: stream_options.include_usage */
	int64_t max_tokens; /* -1 absent, as the ints below */
	int64_t top_k;
	int64_t seed; /* with has_seed: every value is possible */
	bool has_seed;
	int64_t choice_count;
	int64_t dimensions;
	double temperature; /* NAN absent, as the doubles below */
	double top_p;
	double frequency_penalty;
	double presence_penalty;
	struct slice *stop_sequences;
	size_t n_stop_sequences;
	struct slice *encoding_formats;
	size_t n_encoding_formats;
	struct slice reasoning_level;
	struct slice output_type; /* text, json, image, speech */
	struct slice request_service_tier;
	struct slice request_speed; /* Anthropic: fast, standard */
	struct slice previous_response_id;
	struct slice stream_cursor; /* a fetch: behind which event its stream goes on */
	struct slice conversation_id;
	struct clue *clues; /* what rules of identity asked for */
	size_t n_clues;
	struct slice user;	   /* `user`, safety_identifier or metadata.user_id of the body */
	struct slice guardrail_id; /* Bedrock */
	struct slice agent_id;	   /* of an agent that the provider runs */
	struct slice agent_name;   /* that it is given when it is made */
	struct slice agent_description;
	struct slice data_source_id; /* that a retrieval searches */
	bool background;
	bool compacted;

	struct slice response_id;
	struct slice response_model;
	struct slice response_status; /* Responses API: completed, queued, … */
	struct slice service_tier;
	struct slice speed;	    /* that it was served at, as request_speed */
	struct slice inference_geo; /* Anthropic: where the model ran */
	struct slice system_fingerprint;
	struct slice *finish_reasons; /* normalised, in choice order */
	size_t n_finish_reasons;
	struct slice *raw_finish_reasons; /* as sent; same count */

	struct usage usage;
	enum usage_source usage_source;
	struct extra_usage *extras;
	size_t n_extras;

	struct message *input;
	size_t n_input;
	struct message *output;
	size_t n_output;
	struct part *system; /* separate system field of the API, not system messages */
	size_t n_system;
	struct tool_definition *tools;
	size_t n_tools;
	uint64_t tools_len; /* bytes of their JSON */
	struct tool_call *tool_calls;
	size_t n_tool_calls;

	struct mcp *mcp;	  /* of OP_MCP; mcp.h */
	struct slice mcp_session; /* Mcp-Session-Id and MCP-Protocol-Version of the request */
	struct slice mcp_protocol;

	struct slice error_type; /* absent: it went well */
	struct slice error_message;

	enum completeness completeness;
	uint64_t lost_bytes;	    /* of request and response bodies together */
	const char *partial_reason; /* static; first reason found, NULL when full */
};

int call_new(struct call **ret);
void call_free(struct call *c);
/* Marks it partial; the first reason stays. `reason` is static. */
void call_mark_partial(struct call *c, const char *reason, uint64_t lost_bytes);
/* Partial for another reason than that it ended early: something inside it is missing. */
bool call_has_gap(const struct call *c);
/* Copies the decoded JSON string into the arena; absent when v is no string, or only the
 * beginning of one: half an id or a name is a wrong one. */
struct slice call_json_str(struct call *c, struct json_val v);
/* Sets *field to the decoded string; what is no string, empty, or equal changes nothing. */
void call_update(struct call *c, struct slice *field, struct json_val v);
/* Appends a JSON string, or the strings of an array, to a list in the arena. */
void call_json_strs(struct call *c, struct json_val v, struct slice **list, size_t *count);
/* Sets it to that many `unit`s, of seconds; what is no number from 0 on changes nothing. */
void call_update_seconds(double *to, struct json_val v, double unit);
int64_t call_json_i64(struct json_val v); /* -1 when absent or no whole number */
double call_json_f64(struct json_val v);  /* NAN when absent or no number */
/* stop, length, content_filter, tool_calls, error; others unchanged. Static or `raw`. */
struct slice call_normal_finish(struct slice raw);
/* Sets the finish reason of choice `index` (choices may come in any order). */
void call_set_finish(struct call *c, size_t index, struct slice raw);
/* Sets it when there is none yet: what is reported first is the cause. */
void call_set_error(struct call *c, struct slice type, struct slice message);
/* At the very end: gives failed choices their reason, output messages and tool calls
 * what follows from the rest, usage its source. */
void call_complete(struct call *c);

#endif
