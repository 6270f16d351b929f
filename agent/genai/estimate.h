/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many tokens a call used that no one counted, from its texts, for who asked for guesses
 * (half of all streams of Chat Completions come without a count; of other APIs, which always
 * count, nothing is guessed). Good for trends, not for bills: over 471 recorded calls half of
 * the guesses of the input lay below 1.01 of the truth, a tenth below 0.4, a tenth above 1.5; of
 * the output below 1.00, 0.6 and above 1.2. Marked USAGE_SOURCE_ESTIMATED.
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
