/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usage object of OpenAI's APIs and of those that copy them: prompt_tokens or
 * input_tokens, with details below. Cached and reasoning tokens are parts of their
 * wholes; where a provider counts otherwise, they are added up here (genai.md 4.0).
 */
#ifndef GENAI_OPENAI_USAGE_H
#define GENAI_OPENAI_USAGE_H

#include "json.h"
#include "usage.h"

/* Merges it into *u. `quirks`: enum provider_quirk. What is no object changes nothing. */
void openai_usage_read(struct usage *u, struct json_val usage, unsigned int quirks);

#endif
