/* SPDX-License-Identifier: Apache-2.0 */
/* Items of the Responses API, which both its requests and its responses are lists of. */
#ifndef GENAI_OPENAI_RESPONSES_H
#define GENAI_OPENAI_RESPONSES_H

#include "dialect.h"

/* What an item is, by its type. */
struct item_kind {
	struct slice type; /* as a suffix where `suffix` is set */
	bool suffix;
	enum part_type part; /* PART_TEXT: a message; its content has parts of its own */
	const char *text;    /* member with its text */
	struct slice name;   /* of the tool; empty: the item names it or its type does */
};

/* Never NULL. */
const struct item_kind *item_kind(struct json_val item);
/* Appends the item's parts; texts up to text_max, tool arguments up to arguments_max. */
void item_add_parts(struct call *c, const struct decoder_config *config, struct part **list,
		    size_t *count, struct json_val item, size_t arguments_max);
/* Name of the tool that an item calls. */
struct slice item_tool_name(struct call *c, const struct item_kind *kind, struct json_val item);

/* An item becomes an input message, or more of the last one. */
void openai_add_item(struct call *c, const struct decoder_config *config, struct json_val item);
void openai_responses_request(struct call *c, const struct decoder_config *config,
			      struct json_val root);

#endif
