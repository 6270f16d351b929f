/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What llama.cpp's server says of its own in every API that it offers: "timings" (its
 * README, "Result JSON"). prompt_n tokens were read, cache_n were there from before,
 * predicted_n were written.
 */
#ifndef GENAI_LLAMACPP_H
#define GENAI_LLAMACPP_H

#include "call.h"
#include "json.h"

/* Adds their counts to those of `to`, and says how long it took. */
void llamacpp_timings_read(struct usage *to, double *processing_s, struct json_val timings);

#endif
