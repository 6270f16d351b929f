/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said, as the JSON that the GenAI conventions define for messages, system
 * instructions and tool definitions (genai.md 1.7). Secrets are masked (redact.h).
 *
 * Each result is valid JSON of at most `max` bytes: long strings are cut and say so,
 * and where that is not enough the oldest elements are left out.
 */
#ifndef GENAI_CONTENT_H
#define GENAI_CONTENT_H

#include "buf.h"
#include "call.h"

/* Each appends an array to `to`. 0; -ENODATA when there is nothing to say; -ENOBUFS when
 * not even the last element fits; -ENOMEM. On failure `to` is as it was, but for its
 * sticky error. */
int content_input_messages(const struct call *c, size_t max, struct buf *to);
int content_output_messages(const struct call *c, size_t max, struct buf *to);
int content_system_instructions(const struct call *c, size_t max, struct buf *to);
int content_tool_definitions(const struct call *c, size_t max, struct buf *to);
/* One line of at most `max` bytes: the head of what the user asked last. A text that a
 * program put there (it opens with a tag) is taken only when there is no other. */
int content_task(const struct call *c, size_t max, struct buf *to);
/* A tool call's arguments, or a result: JSON as it is, other text as a JSON string. */
int content_tool_arguments(const struct tool_call *t, size_t max, struct buf *to);

#endif
