/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include "cleanup.h"

const struct field fields[F_COUNT] = {
#define CLASSES_ALL CLASS_ALL
#define CLASSES_USAGE CLASS_USAGE
#define CLASSES_REQUEST CLASS_BIT(CLASS_REQUEST)
#define X(id, attr, column, kind, unit, classes, dim)                                              \
	[F_##id] = { attr,	  sizeof(attr) - 1,  column, FIELD_##kind,                         \
		     UNIT_##unit, CLASSES_##classes, dim },
	FIELDS(X)
#undef X
};

/* Other names that people write. */
static const struct {
	const char *name;
	enum field_id field;
} aliases[] = {
	{ "gen_ai.usage.input_tokens.cached", F_CACHED },
	{ "gen_ai.usage.input_tokens.cache_write", F_CACHE_WRITE },
	{ "gen_ai.usage.cache_creation.input_tokens", F_CACHE_WRITE },
	{ "gen_ai.usage.output_tokens.reasoning", F_REASONING },
	{ "gen_ai.system", F_PROVIDER },
	{ "user_tier", F_TIER },
	{ "cost", F_COST },
	{ "ttft", F_TTFT },
	{ "status", F_ERROR_TYPE },
	{ "time", F_START },
	{ "run", F_RUN },
	{ "trace", F_TRACE },
	{ "parent_span_id", F_PARENT },
	{ "span.duration", F_DURATION },
	{ "transaction", F_NAME },
	{ "k8s.namespace", F_NAMESPACE },
	{ "session", F_CONVERSATION },
};

const enum field_id measures[] = {
	F_DURATION,    F_TTFT,	     F_INPUT,		F_OUTPUT,
	F_TOTAL,       F_CACHED,     F_CACHE_WRITE,	F_REASONING,
	F_COST,	       F_COST_INPUT, F_COST_CACHE_READ, F_COST_CACHE_WRITE,
	F_COST_OUTPUT, F_COST_OTHER, F_COST_SAVED,	F_COST_GUESSED,
};
const size_t n_measures = ARRAY_LEN(measures);

bool measure_of_answer(enum field_id f)
{
	return f != F_DURATION && measure_index(f) >= 0;
}

int measure_index(enum field_id f)
{
	for (size_t i = 0; i < n_measures; i++)
		if (measures[i] == f)
			return (int)i;
	return -1;
}

enum field_id dim_field(unsigned int dim)
{
	/* Behind the dimensions, so that no two share a place: fields that are none. */
	static const uint8_t by_dim[DIMS + F_COUNT] = {
#define X(id, attr, column, kind, unit, classes, dim) [(dim) ? (dim) : DIMS + F_##id] = F_##id,
		FIELDS(X)
#undef X
	};

	return dim && dim < DIMS ? (enum field_id)by_dim[dim] : F_NONE;
}

const char *span_class_name(enum span_class c)
{
	static const char *const names[CLASSES] = {
		[CLASS_OTHER] = "other",
		[CLASS_REQUEST] = "gen_ai.request",
		[CLASS_AGENT] = "gen_ai.invoke_agent",
		[CLASS_TOOL] = "gen_ai.execute_tool",
		[CLASS_MCP] = "mcp",
		[CLASS_HTTP] = "http.server",
		[CLASS_EFFECT] = "effect",
	};

	return (unsigned int)c < CLASSES ? names[c] : NULL;
}

enum field_id field_of_attr(struct slice attr)
{
	for (int i = 0; i < F_COUNT; i++)
		if (fields[i].attr_len == attr.len && !memcmp(fields[i].attr, attr.data, attr.len))
			return i;
	return slice_eq(attr, SLICE("gen_ai.usage.cache_creation.input_tokens")) ? F_CACHE_WRITE
										 : F_NONE;
}

enum field_id field_find(struct slice name)
{
	enum field_id f = field_of_attr(name);

	if (f != F_NONE)
		return f;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (slice_eq(name, slice_from(aliases[i].name)))
			return aliases[i].field;
	for (int i = 0; i < F_COUNT; i++)
		if (slice_eq(name, slice_from(fields[i].column)))
			return i;
	return F_NONE;
}
