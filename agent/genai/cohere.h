/* SPDX-License-Identifier: Apache-2.0 */
/* What Cohere's dialects share (genai.md 4.10). */
#ifndef GENAI_COHERE_H
#define GENAI_COHERE_H

#include "json.h"
#include "usage.h"

/* `usage` of the second API, `meta` of the first: what was billed, which is less than what
 * was used by the provider's own prompt. (cached_tokens is a part of that, not of this.) */
void cohere_usage_read(struct usage *u, struct json_val usage);

#endif
