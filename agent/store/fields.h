/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stored span has typed columns for: the one list from which the schema, the
 * writer, the roll-ups and the query language follow. Every other attribute of a span
 * stands in the JSON beside it and is queried there, slower.
 *
 * In a column NULL means unknown, never 0. Money is whole picodollars, time whole
 * nanoseconds; both are spelled as on the span (USD, seconds) in queries.
 *
 * To add a column: one line at the end of FIELDS; files of before get it when they are
 * opened. Numbers of dimensions (`dim`) stand in files: give the next one, reuse none.
 */
#ifndef STORE_FIELDS_H
#define STORE_FIELDS_H

#include "slice.h"

enum field_kind {
	FIELD_WORD,    /* one of few strings; the column holds its number in `strings` */
	FIELD_INT,     /* a whole number */
	FIELD_SECONDS, /* nanoseconds in the column, seconds on the span */
	FIELD_TIME,    /* nanoseconds of Unix time */
	FIELD_USD,     /* picodollars in the column, USD on the span */
	FIELD_BOOL,
	FIELD_CLASS, /* enum span_class */
	FIELD_ID,    /* bytes, spelled in hex */
};

enum field_unit {
	UNIT_NONE,
	UNIT_COUNT,
	UNIT_TOKENS,
	UNIT_USD,
	UNIT_SECONDS,
	UNIT_TIME,
	UNIT_RATIO,
	UNIT_BYTES
};

/* What a span is about, `span.op` in queries. The numbers stand in files. */
enum span_class {
	CLASS_OTHER = 0,
	CLASS_REQUEST = 1, /* gen_ai.request: what is asked of a provider */
	CLASS_AGENT = 2,   /* gen_ai.invoke_agent */
	CLASS_TOOL = 3,	   /* gen_ai.execute_tool */
	CLASS_MCP = 4,
	CLASS_HTTP = 5,	  /* what came in */
	CLASS_EFFECT = 6, /* what a tool did: processes, connections */
	CLASSES,
};
#define CLASS_BIT(c) (1u << (c))
#define CLASS_ALL ((1u << CLASSES) - 1)
#define CLASS_USAGE (CLASS_BIT(CLASS_REQUEST) | CLASS_BIT(CLASS_AGENT))

const char *span_class_name(enum span_class c); /* NULL for a number it does not know */

/* X(id, attribute, column, kind, unit, classes that can have it, dim) */
#define FIELDS(X)                                                                                  \
	X(CLASS, "span.op", "cls", CLASS, NONE, ALL, 0)                                            \
	X(START, "timestamp", "start_ns", TIME, TIME, ALL, 0)                                      \
	X(DURATION, "duration", "duration_ns", SECONDS, SECONDS, ALL, 0)                           \
	X(ERROR, "error", "error", BOOL, NONE, ALL, 0)                                             \
	X(MODEL, "model", "model", WORD, NONE, USAGE, 1)                                           \
	X(PROVIDER, "gen_ai.provider.name", "provider", WORD, NONE, ALL, 2)                        \
	X(AGENT, "gen_ai.agent.name", "agent", WORD, NONE, ALL, 3)                                 \
	X(TOOL, "gen_ai.tool.name", "tool", WORD, NONE, ALL, 4)                                    \
	X(USER, "user.id", "user", WORD, NONE, ALL, 5)                                             \
	X(TIER, "gentap.user.tier", "tier", WORD, NONE, ALL, 6)                                    \
	X(TEAM, "gentap.team", "team", WORD, NONE, ALL, 7)                                         \
	X(REPO, "vcs.repository.name", "repo", WORD, NONE, ALL, 8)                                 \
	X(INPUT, "gen_ai.usage.input_tokens", "input", INT, TOKENS, USAGE, 0)                      \
	X(OUTPUT, "gen_ai.usage.output_tokens", "output", INT, TOKENS, USAGE, 0)                   \
	X(TOTAL, "gen_ai.usage.total_tokens", "total", INT, TOKENS, USAGE, 0)                      \
	X(CACHED, "gen_ai.usage.cache_read.input_tokens", "cached", INT, TOKENS, USAGE, 0)         \
	X(CACHE_WRITE, "gen_ai.usage.cache_write.input_tokens", "cache_write", INT, TOKENS, USAGE, \
	  0)                                                                                       \
	X(REASONING, "gen_ai.usage.reasoning.output_tokens", "reasoning", INT, TOKENS, USAGE, 0)   \
	X(COST, "gentap.cost.total", "cost", USD, USD, USAGE, 0)                                   \
	X(TTFT, "gen_ai.response.time_to_first_chunk", "ttft_ns", SECONDS, SECONDS, REQUEST, 0)    \
	X(ERROR_TYPE, "error.type", "error_type", WORD, NONE, ALL, 9)                              \
	X(COST_INPUT, "gentap.cost.input", "cost_input", USD, USD, USAGE, 0)                       \
	X(COST_CACHE_READ, "gentap.cost.cache_read", "cost_cache_read", USD, USD, USAGE, 0)        \
	X(COST_CACHE_WRITE, "gentap.cost.cache_write", "cost_cache_write", USD, USD, USAGE, 0)     \
	X(COST_OUTPUT, "gentap.cost.output", "cost_output", USD, USD, USAGE, 0)                    \
	X(COST_OTHER, "gentap.cost.other", "cost_other", USD, USD, USAGE, 0)                       \
	X(COST_SAVED, "gentap.cost.saved", "cost_saved", USD, USD, USAGE, 0)                       \
	X(COST_SOURCE, "gentap.cost.source", "cost_source", WORD, NONE, USAGE, 0)                  \
	X(USAGE_SOURCE, "gentap.usage.source", "usage_source", WORD, NONE, REQUEST, 0)             \
	X(COMPLETENESS, "gentap.completeness", "completeness", WORD, NONE, ALL, 0)                 \
	X(OP, "gen_ai.operation.name", "op", WORD, NONE, ALL, 10)                                  \
	X(FINISH, "gen_ai.response.finish_reasons", "finish", WORD, NONE, REQUEST, 11)             \
	X(SERVER, "server.address", "server", WORD, NONE, ALL, 12)                                 \
	X(SERVICE, "service.name", "service", WORD, NONE, ALL, 13)                                 \
	X(NAMESPACE, "k8s.namespace.name", "namespace", WORD, NONE, ALL, 14)                       \
	X(FEATURE, "gentap.feature", "feature", WORD, NONE, ALL, 15)                               \
	X(COMM, "process.executable.name", "comm", WORD, NONE, ALL, 16)                            \
	X(BRANCH, "vcs.ref.head.name", "branch", WORD, NONE, ALL, 0)                               \
	X(POD, "k8s.pod.name", "pod", WORD, NONE, ALL, 0)                                          \
	X(CONTAINER, "container.id", "container", WORD, NONE, ALL, 0)                              \
	X(UNIT, "gentap.systemd.unit", "unit", WORD, NONE, ALL, 0)                                 \
	X(HOST, "host.name", "host", WORD, NONE, ALL, 0)                                           \
	X(REQUEST_MODEL, "gen_ai.request.model", "request_model", WORD, NONE, USAGE, 0)            \
	X(RESPONSE_MODEL, "gen_ai.response.model", "response_model", WORD, NONE, USAGE, 0)         \
	X(CONVERSATION, "gen_ai.conversation.id", "conversation", WORD, NONE, ALL, 0)              \
	X(INFERRED, "gentap.inferred", "inferred", WORD, NONE, ALL, 0)                             \
	X(PID, "process.pid", "pid", INT, NONE, ALL, 0)                                            \
	X(RETRY, "gentap.retry_count", "retry_count", INT, COUNT, REQUEST, 0)                      \
	X(LOST_BYTES, "gentap.lost_bytes", "lost_bytes", INT, BYTES, ALL, 0)                       \
	X(KIND, "span.kind", "kind", INT, NONE, ALL, 0)                                            \
	X(NAME, "span.name", "name", WORD, NONE, ALL, 0)                                           \
	X(RUN, "gentap.run.id", "run_id", ID, NONE, ALL, 0)                                        \
	X(PARENT, "parent_id", "parent_id", ID, NONE, ALL, 0)                                      \
	X(SPAN, "span_id", "span_id", ID, NONE, ALL, 0)                                            \
	X(TRACE, "trace_id", "trace_id", ID, NONE, ALL, 0)                                         \
	X(PMODEL, "gentap.provider_model", "pmodel", WORD, NONE, USAGE, 17)                        \
	X(PRICE_DATE, "gentap.cost.price_date", "price_date", WORD, NONE, USAGE, 0)                \
	X(COST_GUESSED, "gentap.cost.guessed", "cost_guessed", USD, USD, REQUEST, 0)

enum field_id {
#define X(id, attr, column, kind, unit, classes, dim) F_##id,
	FIELDS(X)
#undef X
		F_COUNT,
	F_NONE = -1,
};

struct field {
	const char *attr;
	size_t attr_len;
	const char *column;
	enum field_kind kind;
	enum field_unit unit;
	unsigned int classes; /* CLASS_BIT of those that can have it: elsewhere it is not unknown */
	unsigned int dim;     /* number of the dimension in roll-ups; 0: none */
};

extern const struct field fields[F_COUNT];

/* By attribute, by what the seed and SDKs call it, or by column; F_NONE: an attribute
 * that stands in the JSON. */
enum field_id field_find(struct slice name);
/* By the exact attribute on a span. */
enum field_id field_of_attr(struct slice attr);

/* Sums of these stand in the roll-ups, with how many spans had them. */
extern const enum field_id measures[];
extern const size_t n_measures;
int measure_index(enum field_id f); /* -1: none */
/* Of a call that the provider refused there is none, which is no unknown one. */
bool measure_of_answer(enum field_id f);
/* gentap.cost.source of such a call */
#define COST_REFUSED "refused"

#define DIMS 18				   /* 0 is "all" */
enum field_id dim_field(unsigned int dim); /* F_NONE for 0 */

#endif
