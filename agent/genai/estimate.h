/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many tokens a call used that no one counted, from its texts, for who asked for guesses
 * (half of all streams of OpenAI's kind come without a count). Good for sums, not for bills:
 * within about a fifth for one call. Marked USAGE_SOURCE_ESTIMATED.
 */
#ifndef GENAI_ESTIMATE_H
#define GENAI_ESTIMATE_H

#include "call.h"

/* Of text as today's tokenizers cut it. */
double estimate_text(struct slice text);
/* Sets input and output of a call that has no usage, each where it can be told: not what
 * was lost, no images or sound, no thoughts that were kept back. Before usage_source is
 * read, after everything else. */
void estimate_usage(struct call *c);

#endif
