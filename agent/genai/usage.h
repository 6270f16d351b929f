/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token counts of one call, canonical for every provider. A field that the wire did
 * not carry is absent, which is not 0.
 *
 * Canonical means: USAGE_INPUT holds all input tokens, cached ones included, and
 * USAGE_OUTPUT all output tokens, reasoning included; every other field is a part of
 * one of these. Dialects whose provider counts otherwise (Anthropic: input excludes
 * cache; Gemini: output excludes thoughts) add up before they set.
 */
#ifndef GENAI_USAGE_H
#define GENAI_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct json_val; /* wire/json.h; who reads only counts need not know it */

enum usage_field {
	USAGE_INPUT,
	USAGE_CACHE_READ,
	USAGE_CACHE_WRITE,
	USAGE_CACHE_WRITE_5M,  /* Anthropic, Bedrock: part of CACHE_WRITE by time to live */
	USAGE_CACHE_WRITE_30M, /* OpenAI */
	USAGE_CACHE_WRITE_1H,
	USAGE_CACHE_WRITE_12H,
	USAGE_INPUT_TEXT,
	USAGE_INPUT_AUDIO,
	USAGE_INPUT_IMAGE,
	USAGE_INPUT_VIDEO,
	USAGE_INPUT_TOOL, /* Gemini toolUsePromptTokenCount */
	USAGE_CACHE_READ_TEXT,
	USAGE_CACHE_READ_AUDIO,
	USAGE_CACHE_READ_IMAGE,
	USAGE_OUTPUT,
	USAGE_REASONING,
	USAGE_OUTPUT_TEXT,
	USAGE_OUTPUT_AUDIO,
	USAGE_OUTPUT_IMAGE,
	USAGE_TOTAL, /* as reported; checked against the others, never computed */
	/* Tools that the provider ran, in runs; parts of nothing. */
	USAGE_WEB_SEARCHES,
	USAGE_WEB_FETCHES,
	USAGE_CODE_EXECUTIONS,
	USAGE_FILE_SEARCHES,
	/* What is billed beside tokens, or instead of them; parts of nothing. */
	USAGE_SEARCH_UNITS, /* Cohere's, of a ranking */
	USAGE_AUDIO_MS,	    /* of sound that was listened to, where it is billed by time */
	USAGE_FIELDS,
};

/* More than this of anything is not a count; keeps every sum far from overflow. */
#define USAGE_TOKENS_MAX (INT64_C(1) << 53)
/* Of a dollar; xAI names prices in these. */
#define USAGE_TICKS 1e10

struct usage {
	uint64_t present; /* bit per field */
	int64_t value[USAGE_FIELDS];
	bool cost_known; /* the provider named a price */
	double cost_usd;
};

bool usage_has(const struct usage *u, enum usage_field f);
int64_t usage_get(const struct usage *u, enum usage_field f); /* 0 when absent */
void usage_set(struct usage *u, enum usage_field f, int64_t tokens);
void usage_unset(struct usage *u, enum usage_field f);
/* Sets the field from a JSON number; absent, null, negative, absurd
 * (USAGE_TOKENS_MAX) or not a number: leaves it. */
void usage_set_json(struct usage *u, enum usage_field f, struct json_val v);
/* The price that the provider names; a negative one is none. */
void usage_set_cost(struct usage *u, double usd);
/* Field by field: what `later` has replaces, what it lacks stays. Never adds. */
void usage_merge(struct usage *u, const struct usage *later);
/* Which rule it breaks, of parts within their wholes and of a total that is input + output,
 * where all are present; NULL: none. Static. */
const char *usage_violation(const struct usage *u);

#endif
