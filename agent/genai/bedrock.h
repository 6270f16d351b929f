/* SPDX-License-Identifier: Apache-2.0 */
/* What Bedrock's dialects share (genai.md 4.9). */
#ifndef GENAI_BEDROCK_H
#define GENAI_BEDROCK_H

#include "dialect.h"
#include "messages.h"

/* A Converse request without its model, which is also Nova's native one. */
void converse_request(struct call *c, const struct decoder_config *config, struct json_val root);

/* Appends the part that a content block is; NULL when it is none that is known. */
struct part *converse_add_block(struct call *c, struct part **list, size_t *count,
				struct json_val block, size_t text_max, size_t arguments_max);

/* Sets what the rows name, where it is there and whole. */
struct bedrock_row {
	const char *path;
	enum usage_field field;
};
void bedrock_read_rows(struct usage *u, struct json_val from, const struct bedrock_row *rows,
		       size_t count);
/* Bedrock counts as Anthropic does: what was cached is not in the input. Merges the sum. */
void bedrock_usage_add_up(struct usage *u, const struct usage *raw);

#endif
