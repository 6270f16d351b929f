/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the arguments and the result of a tool call say to somebody who does not know the
 * tool: the texts among the arguments, by which a sub-agent's first message is known, and
 * whether a result is unmistakably a failure. Pure.
 */
#ifndef GENAI_TOOL_TEXT_H
#define GENAI_TOOL_TEXT_H

#include "arena.h"

struct tool_string {
	struct slice name; /* of the member, raw */
	struct slice text; /* decoded */
	uint64_t hash;	   /* as part->hash of a message with this text */
};

/* The string members of an object, in the arena; a text that is no JSON is one string
 * without a name. How many, `max` at most. */
size_t tool_strings(struct arena *a, struct slice arguments, struct tool_string *ret, size_t max);
/* Equal for arguments that are the same JSON, however it is written. */
uint64_t tool_arguments_key(struct slice arguments);
/* The agent that they name; absent when none. */
struct slice tool_strings_agent(const struct tool_string *strings, size_t count);

/* Does a result say that the tool failed? By how it begins (a traceback, "Error: ", an
 * exit status that is not 0), or by the members of a JSON object; words in its middle
 * prove nothing. `text` may be the head of a longer one. *ret_exit: the exit status, or
 * -1. */
bool tool_result_failed(struct slice text, int64_t *ret_exit);
/* The agent that a hand-off's result names ({"assistant": "Writer"}), in the arena. */
struct slice tool_result_agent(struct arena *a, struct slice text);

#endif
