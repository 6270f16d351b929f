/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dialects build messages with: text that comes in pieces, parts, the blocks of a
 * streamed answer, and hashes that are equal for the same message in two calls.
 *
 * All memory is the call's arena. Text is bulk: it may not use the last
 * MESSAGES_RESERVE bytes, which are for what is small and matters (ids, models, finish
 * reasons). A text for which there is no room is cut; its len and hash stay right.
 */
#ifndef GENAI_MESSAGES_H
#define GENAI_MESSAGES_H

#include "call.h"
#include "decoder.h"
#include "json.h"

#define MESSAGES_RESERVE (1024 * 1024)
#define MESSAGES_ARGUMENTS_MAX (1024 * 1024) /* bytes kept of a tool call's arguments */
#define MESSAGES_BLOCKS_MAX 4096	     /* parts of one streamed answer */

/* Bytes of one text to keep: content_max with content on, else CALL_TEXT_HEAD. */
size_t messages_text_max(const struct decoder_config *config);

/* A text that arrives in pieces. Zeroed is empty; `present` when any piece came. */
struct text {
	char *data;
	size_t len; /* kept */
	size_t size;
	uint64_t total; /* of the whole */
	uint64_t hash;
	bool present;
};

void text_add(struct call *c, struct text *t, struct slice piece, size_t max);
/* Adds the decoded JSON string; anything else adds nothing. */
void text_add_json(struct call *c, struct text *t, struct json_val v, size_t max);
/* What was kept, not ending in the middle of a UTF-8 sequence; absent when not present. */
struct slice text_slice(const struct text *t);
uint64_t text_hash(const struct text *t);
/* The same for a text or a piece that lies there: `h` is the hash of what precedes it, or
 * SLICE_HASH. A polynomial of the bytes modulo 2^64, h = (h + byte + 1) * factor: answers come
 * in pieces and are sent back whole, or cut in other places. */
uint64_t text_hash_more(uint64_t h, struct slice piece);

/* Is it a string, and not an empty one? (APIs write "nothing" as null and as "".) */
bool json_has_text(struct json_val v);

/* Hash of a JSON value that does not depend on white space, escapes or the order of
 * members; the member "cache_control" does not count (it moves between turns). */
uint64_t json_hash(uint64_t h, struct json_val v);

/* Each returns NULL when there is no room; the setters cope with a NULL part. */
struct message *message_add(struct call *c, struct message **list, size_t *count,
			    struct slice role);
struct part *part_add(struct call *c, struct part **list, size_t *count, enum part_type type);
void part_set_text(struct part *p, const struct text *t);
/* From a JSON string. */
void part_set_string(struct call *c, struct part *p, struct json_val v, size_t max);
/* From any JSON value: its text, with json set; strings as part_set_string. */
void part_set_json(struct call *c, struct part *p, struct json_val v, size_t max);
/* Tool arguments that came as text. Empty means {}; text that is JSON is hashed as JSON,
 * so that a provider's and a client's way of writing it are equal. */
void part_set_arguments(struct call *c, struct part *p, const struct text *t);
/* The same from a JSON string, of which at most max bytes are kept. */
void part_set_arguments_string(struct call *c, struct part *p, struct json_val v, size_t max);
/* Image, audio or file by URL; a data: URL (RFC 2397) becomes a blob. */
void part_set_url(struct call *c, struct part *p, struct json_val url, size_t max);
/* The MIME type of a blob or file, lent, and the modality that follows from it. */
void part_set_mime(struct part *p, struct slice mime);
/* Hash of role and parts. Reasoning, empty text and what the provider did with tools of
 * its own do not count: clients leave them out, or change them, when they send the answer
 * back. A second hash leaves ids out too: Gemini's and Ollama's calls have none, or one that
 * clients drop, and what is sent back has the client's own or none. */
void message_seal(struct message *m);

/* One block of message content as OpenAI and Anthropic write it ({"type": …}), or a
 * bare string. */
void messages_add_block(struct call *c, const struct decoder_config *config, struct part **list,
			size_t *count, struct json_val block);
/* A content field: a string, or an array of blocks. */
void messages_add_content(struct call *c, const struct decoder_config *config, struct part **list,
			  size_t *count, struct json_val content);

/* {id, name, input}: a tool call as Anthropic writes it. */
struct part *messages_add_tool_use(struct call *c, struct part **list, size_t *count,
				   enum part_type type, struct json_val block, size_t max);

/* A part of a streamed answer, found by its key (index, or whatever the dialect makes
 * of choice and index). */
struct block {
	uint64_t key;
	size_t choice;
	enum part_type type;
	struct slice id;
	struct slice name;
	struct slice kind; /* provider's word: function, custom, … */
	struct text text;
	uint64_t end_ns;
	bool cut; /* a tool call whose end did not come */
	bool is_error;
	bool json;
};

struct blocks {
	struct block *list;
	size_t count;
	size_t last; /* the one found last: nearly always the next one too */
};

/* Finds it or adds it; NULL at the ceiling or without room. */
struct block *blocks_get(struct call *c, struct blocks *b, uint64_t key, enum part_type type);
/* Finds it; NULL when there is none. */
struct block *blocks_find(struct blocks *b, uint64_t key);
/* Appends the output message of one choice, and its tool calls to the call's. */
void blocks_emit(struct call *c, const struct blocks *b, size_t choice, struct slice role);

/* An input message of the user's: what the content field says, when it says something. */
void message_add_content(struct call *c, const struct decoder_config *config,
			 struct json_val content);
/* An output message of one text, when any of it came. */
void message_add_answer(struct call *c, const struct text *text);

/* Adds to call->tool_calls what the output part p says; `cut`: its end did not come. */
void messages_add_tool_call(struct call *c, const struct part *p, struct slice kind,
			    uint64_t end_ns, bool cut);
struct tool_definition *messages_add_tool(struct call *c, struct slice type, struct slice name);

#endif
