/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider lets its caller still do, as the headers of a response say it. Each
 * provider counts other things over other windows: a limit here is one (what, window) pair
 * under one name, with the numbers that were sent. Adding a provider's headers is a row of
 * rate_limit.c's table.
 */
#ifndef GENAI_RATE_LIMIT_H
#define GENAI_RATE_LIMIT_H

#include "slice.h"

/* Names without a window are those of providers that do not tell it in the header. */
enum rate_limit_kind {
	RATE_LIMIT_REQUESTS,
	RATE_LIMIT_TOKENS,
	RATE_LIMIT_INPUT_TOKENS,
	RATE_LIMIT_OUTPUT_TOKENS,
	RATE_LIMIT_IMAGES,
	RATE_LIMIT_PROJECT_REQUESTS,
	RATE_LIMIT_PROJECT_TOKENS,
	RATE_LIMIT_PRIORITY_INPUT_TOKENS,
	RATE_LIMIT_PRIORITY_OUTPUT_TOKENS,
	RATE_LIMIT_FAST_INPUT_TOKENS,
	RATE_LIMIT_FAST_OUTPUT_TOKENS,
	RATE_LIMIT_REQUESTS_10S,
	RATE_LIMIT_REQUESTS_MINUTE,
	RATE_LIMIT_REQUESTS_HOUR,
	RATE_LIMIT_REQUESTS_DAY,
	RATE_LIMIT_REQUESTS_MONTH,
	RATE_LIMIT_TOKENS_MINUTE,
	RATE_LIMIT_TOKENS_HOUR,
	RATE_LIMIT_TOKENS_DAY,
	RATE_LIMIT_TOKENS_MONTH,
	RATE_LIMIT_PLAN_5H, /* a subscription's allowance (Claude): only the used share is sent */
	RATE_LIMIT_PLAN_7D,
	RATE_LIMIT_PLAN_PRIMARY, /* the same of ChatGPT plans */
	RATE_LIMIT_PLAN_SECONDARY,
	RATE_LIMIT_KINDS,
};
/* X(KIND, "name") of each, for tables of what is made from the names. */
#define RATE_LIMIT_NAMES(X)                                                                        \
	X(REQUESTS, "requests")                                                                    \
	X(TOKENS, "tokens")                                                                        \
	X(INPUT_TOKENS, "input_tokens")                                                            \
	X(OUTPUT_TOKENS, "output_tokens")                                                          \
	X(IMAGES, "images")                                                                        \
	X(PROJECT_REQUESTS, "project_requests")                                                    \
	X(PROJECT_TOKENS, "project_tokens")                                                        \
	X(PRIORITY_INPUT_TOKENS, "priority_input_tokens")                                          \
	X(PRIORITY_OUTPUT_TOKENS, "priority_output_tokens")                                        \
	X(FAST_INPUT_TOKENS, "fast_input_tokens")                                                  \
	X(FAST_OUTPUT_TOKENS, "fast_output_tokens")                                                \
	X(REQUESTS_10S, "requests_10s")                                                            \
	X(REQUESTS_MINUTE, "requests_minute")                                                      \
	X(REQUESTS_HOUR, "requests_hour")                                                          \
	X(REQUESTS_DAY, "requests_day")                                                            \
	X(REQUESTS_MONTH, "requests_month")                                                        \
	X(TOKENS_MINUTE, "tokens_minute")                                                          \
	X(TOKENS_HOUR, "tokens_hour")                                                              \
	X(TOKENS_DAY, "tokens_day")                                                                \
	X(TOKENS_MONTH, "tokens_month")                                                            \
	X(PLAN_5H, "plan_5h")                                                                      \
	X(PLAN_7D, "plan_7d")                                                                      \
	X(PLAN_PRIMARY, "plan_primary")                                                            \
	X(PLAN_SECONDARY, "plan_secondary")

const char *rate_limit_name(enum rate_limit_kind kind); /* "input_tokens"; static */

#define RATE_LIMIT_RESET_MAX 1e9 /* seconds; a number from here on is a date */

struct rate_limit {
	enum rate_limit_kind kind;
	int64_t limit;	   /* -1 absent */
	int64_t remaining; /* -1 absent; after this call */
	double used;	   /* 0..1 as sent; NAN absent. rate_limit_used() also computes it */
	uint64_t reset_ns; /* Unix time when all of it is free again; 0 absent */
};

struct call;
struct http_head;

/* Reads them, and Retry-After, off a response's head. now_ns: when it arrived, Unix time. */
void rate_limits_read(struct call *c, const struct http_head *head, uint64_t now_ns);
/* The call's limit of that kind, added when it has none; NULL without memory. */
struct rate_limit *rate_limit_get(struct call *c, enum rate_limit_kind kind);
/* The one that a provider calls by that name ("requests", "tokens"); NULL: unknown name. */
struct rate_limit *rate_limit_get_named(struct call *c, struct slice name);
/* The share of it that is used up, 0..1; NAN when not known. */
double rate_limit_used(const struct rate_limit *l);

#endif
