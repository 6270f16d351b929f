/* SPDX-License-Identifier: Apache-2.0 */
/* The request side of Chat Completions; a part of its dialect, in a file of its own. */
#ifndef GENAI_OPENAI_CHAT_H
#define GENAI_OPENAI_CHAT_H

#include "dialect.h"

void openai_chat_request(struct call *c, const struct decoder_config *config, struct json_val root);

/* What Chat Completions and Responses requests have in common. */
void openai_request_common(struct call *c, struct json_val root);
/* One input message as Chat Completions writes it. */
void openai_add_message(struct call *c, const struct decoder_config *config, struct json_val from);
/* One tool definition: {type, function: {name, …}}, {type, custom: {…}} or flat. */
void openai_add_tool(struct call *c, const struct decoder_config *config, struct json_val tool);

#endif
