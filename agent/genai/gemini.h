/* SPDX-License-Identifier: Apache-2.0 */
/* What Google's dialects share: parts of contents, usage, requests (genai.md 4.8). */
#ifndef GENAI_GEMINI_H
#define GENAI_GEMINI_H

#include "dialect.h"
#include "messages.h"

/* The member under its camelCase name, or under its snake_case one: both are accepted. */
struct json_val gemini_get(struct json_val v, const char *camel);

/* A list of parts being filled, in which text that follows text is one part: a streamed
 * answer comes in pieces, and clients send them back as they came. */
struct gemini_parts {
	struct part *list;
	size_t count;
	struct text text;	  /* of the last part, while it can grow */
	enum part_type text_type; /* of that part */
};

/* One part; its tool call goes to call->tool_calls when `answer`. */
void gemini_add_part(struct call *c, const struct decoder_config *config, struct gemini_parts *to,
		     struct json_val part, bool answer, uint64_t ts_ns);

/* {id, name, args}: a tool call of an answer. */
void gemini_add_call(struct call *c, struct gemini_parts *to, struct json_val from, uint64_t ts_ns);
/* [{id, name, response}]: what tools gave, as one input message. */
void gemini_add_results(struct call *c, const struct decoder_config *config, struct json_val list);

/* Counts as Google reports them, the parts of a whole apart: USAGE_INPUT without tool
 * use, USAGE_OUTPUT without thoughts. */
void gemini_usage_read(struct usage *raw, struct json_val metadata);
/* A list that counts by modality, in the words of either API. */
enum gemini_detail { GEMINI_DETAIL_INPUT, GEMINI_DETAIL_CACHE, GEMINI_DETAIL_OUTPUT };
void gemini_details_read(struct usage *raw, enum gemini_detail detail, struct json_val list);
/* What they come to, canonical. */
void gemini_usage_add_up(struct usage *u, const struct usage *raw);

/* A request of generateContent, or the setup of a Live session. */
void gemini_request(struct call *c, const struct decoder_config *config, struct json_val root);
/* One element of `contents` becomes an input message, or more of the last one. */
void gemini_add_content(struct call *c, const struct decoder_config *config,
			struct json_val content);

#endif
