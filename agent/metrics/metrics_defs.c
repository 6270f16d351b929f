/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics_impl.h"

#include "cleanup.h"
#include "semconv.h"

const char *const metric_label_keys[LABELS] = {
	[LABEL_OPERATION] = ATTR_OPERATION_NAME,
	[LABEL_PROVIDER] = ATTR_PROVIDER_NAME,
	[LABEL_REQUEST_MODEL] = ATTR_REQUEST_MODEL,
	[LABEL_RESPONSE_MODEL] = ATTR_RESPONSE_MODEL,
	[LABEL_AGENT] = ATTR_AGENT_NAME,
	[LABEL_TOOL] = ATTR_TOOL_NAME,
	[LABEL_TOOL_TYPE] = ATTR_TOOL_TYPE,
	[LABEL_MCP_METHOD] = "mcp.method.name",
	[LABEL_TOKEN_TYPE] = "gen_ai.token.type",
	[LABEL_MODALITY] = "gen_ai.token.modality",
	[LABEL_TEAM] = "gentap.team",
	[LABEL_USER_TIER] = "gentap.user.tier",
	[LABEL_ERROR] = ATTR_ERROR_TYPE,
};

/* Buckets as the conventions advise. */
static const double seconds[] = { 0.01, 0.02, 0.04, 0.08,  0.16,  0.32,	 0.64,
				  1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92 };
static const double agent_seconds[] = { 0.1,  0.2,  0.4,  0.8,	 1.6,	3.2,  6.4,
					12.8, 25.6, 51.2, 102.4, 204.8, 409.6 };
static const double mcp_seconds[] = {
	0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300
};
static const double server_token_seconds[] = { 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2,
					       0.3,  0.4,   0.5,  0.75,	 1.0, 2.5 };
static const double server_first_seconds[] = { 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
					       0.25,  0.5,   0.75, 1.0,	 2.5,  5.0,  7.5,  10.0 };
static const double tokens[] = { 1,	4,     16,     64,	256,	 1024,	   4096,
				 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864 };
static const double powers[] = { 1, 2, 4, 8, 16, 32, 64, 128 };

/* Tokens by modality: what the rest of them is called comes first. */
#define UNKNOWN "unknown"
static const struct metric_modality input_modality[] = {
	{ UNKNOWN, USAGE_INPUT },	{ "text", USAGE_INPUT_TEXT },
	{ "audio", USAGE_INPUT_AUDIO }, { "image", USAGE_INPUT_IMAGE },
	{ "video", USAGE_INPUT_VIDEO }, { NULL, 0 },
};
static const struct metric_modality output_modality[] = {
	{ UNKNOWN, USAGE_OUTPUT },
	{ "text", USAGE_OUTPUT_TEXT },
	{ "audio", USAGE_OUTPUT_AUDIO },
	{ "image", USAGE_OUTPUT_IMAGE },
	{ NULL, 0 },
};
static const struct metric_modality cache_read_modality[] = {
	{ UNKNOWN, USAGE_CACHE_READ },
	{ "text", USAGE_CACHE_READ_TEXT },
	{ "audio", USAGE_CACHE_READ_AUDIO },
	{ "image", USAGE_CACHE_READ_IMAGE },
	{ NULL, 0 },
};
static const struct metric_modality cache_write_modality[] = { { UNKNOWN, USAGE_CACHE_WRITE },
							       { NULL, 0 } };
static const struct metric_modality reasoning_modality[] = { { UNKNOWN, USAGE_REASONING },
							     { NULL, 0 } };

#define COST_TOTAL "gentap.cost.total" /* as agent/account sets it */

#define BIT(l) (1u << LABEL_##l)
#define MODELS (BIT(OPERATION) | BIT(PROVIDER) | BIT(REQUEST_MODEL) | BIT(RESPONSE_MODEL))
#define CALLS (SPANS_CALL | SPANS_SERVER_CALL)
/* The size of an array that is too large is a negative one. */
#define N_BOUNDS(b) (ARRAY_LEN(b) + 0 * sizeof(char[ARRAY_LEN(b) < METRICS_BUCKETS_MAX ? 1 : -1]))
#define BUCKETS(b) .type = METRIC_HISTOGRAM, .bounds = (b), .n_bounds = N_BOUNDS(b)
#define SECONDS .unit = "seconds", .ucum = "s", .digits = 9
#define OLD (1u << SEMCONV_V1_41 | 1u << SEMCONV_BOTH)
#define NEW (1u << SEMCONV_LATEST | 1u << SEMCONV_BOTH)
#define USAGE(name_, help_, parts)                                                                 \
	{                                                                                          \
		.name = "gen_ai.client.inference.usage." name_, .help = help_, .ucum = "{token}",  \
		.profiles = NEW, .classes = SPANS_INFERENCE, .labels = MODELS | BIT(MODALITY),     \
		.value = VALUE_MODALITY, .modality = parts                                         \
	}
#define DURATION(b) .value = VALUE_DURATION, SECONDS, BUCKETS(b)

const struct metric_def metric_defs[] = {
	{ .name = "gen_ai.client.operation.duration",
	  .help = "Duration of calls to models.",
	  .profiles = OLD,
	  .classes = SPANS_CALL | SPANS_FETCH,
	  .labels = MODELS | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.client.operation.duration",
	  .help = "Duration of calls to models that are no inference.",
	  .profiles = NEW & ~OLD,
	  .classes = SPANS_CALL_OTHER | SPANS_FETCH,
	  .labels = MODELS | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.client.inference.duration",
	  .help = "Duration of inferences.",
	  .profiles = NEW,
	  .classes = SPANS_INFERENCE,
	  .labels = MODELS | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.client.operation.time_to_first_chunk",
	  .help = "Time to the first chunk of answers that are streamed.",
	  .profiles = OLD,
	  .classes = SPANS_CALL,
	  .labels = MODELS | BIT(AGENT),
	  .value = VALUE_SECONDS,
	  .key = ATTR_RESPONSE_TTFC,
	  SECONDS,
	  BUCKETS(seconds) },
	{ .name = "gen_ai.client.inference.time_to_first_chunk",
	  .help = "Time to the first chunk of inferences that are streamed.",
	  .profiles = NEW,
	  .classes = SPANS_INFERENCE,
	  .labels = MODELS | BIT(AGENT),
	  .value = VALUE_SECONDS,
	  .key = ATTR_RESPONSE_TTFC,
	  SECONDS,
	  BUCKETS(seconds) },
	{ .name = "gentap.time_per_output_token",
	  .help = "Time of each token of a stream behind its first.",
	  .classes = SPANS_CALL,
	  .labels = MODELS | BIT(AGENT),
	  .value = VALUE_PER_TOKEN,
	  SECONDS,
	  BUCKETS(server_token_seconds) },
	{ .name = "gen_ai.server.request.duration",
	  .help = "Duration of calls that a model server on this host answered.",
	  .classes = SPANS_SERVER_CALL,
	  .labels = MODELS | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.server.time_to_first_token",
	  .help = "Time to the first token that a model server on this host streamed.",
	  .classes = SPANS_SERVER_CALL,
	  .labels = MODELS,
	  .value = VALUE_SECONDS,
	  .key = ATTR_RESPONSE_TTFC,
	  SECONDS,
	  BUCKETS(server_first_seconds) },
	{ .name = "gen_ai.server.time_per_output_token",
	  .help = "Time of each token of a stream behind its first, on this host.",
	  .classes = SPANS_SERVER_CALL,
	  .labels = MODELS,
	  .value = VALUE_PER_TOKEN,
	  SECONDS,
	  BUCKETS(server_token_seconds) },
	USAGE("input_tokens", "Input tokens, cached ones included.", input_modality),
	USAGE("output_tokens", "Output tokens, reasoning included.", output_modality),
	USAGE("cache_read.input_tokens", "Input tokens read from a cache.", cache_read_modality),
	USAGE("cache_write.input_tokens", "Input tokens written to one.", cache_write_modality),
	USAGE("reasoning.output_tokens", "Output tokens of reasoning.", reasoning_modality),
	{ .name = "gen_ai.client.inference.operation.input_tokens",
	  .help = "Input tokens of each inference.",
	  .ucum = "{token}",
	  .profiles = NEW,
	  .classes = SPANS_INFERENCE,
	  .labels = MODELS | BIT(ERROR),
	  .value = VALUE_INT,
	  .key = ATTR_USAGE_INPUT,
	  BUCKETS(tokens) },
	{ .name = "gen_ai.client.inference.operation.output_tokens",
	  .help = "Output tokens of each inference.",
	  .ucum = "{token}",
	  .profiles = NEW,
	  .classes = SPANS_INFERENCE,
	  .labels = MODELS | BIT(ERROR),
	  .value = VALUE_INT,
	  .key = ATTR_USAGE_OUTPUT,
	  BUCKETS(tokens) },
	{ .name = "gen_ai.client.token.usage",
	  .help = "Input and output tokens of each call.",
	  .ucum = "{token}",
	  .profiles = OLD,
	  .classes = CALLS,
	  .labels = MODELS | BIT(TOKEN_TYPE),
	  .value = VALUE_TOKENS,
	  BUCKETS(tokens) },
	{ .name = "gentap.tokens",
	  .help = "Tokens; cache_read and cache_write are part of input, reasoning of output.",
	  .ucum = "{token}",
	  .classes = CALLS,
	  .labels = MODELS | BIT(AGENT) | BIT(TOKEN_TYPE) | BIT(TEAM) | BIT(USER_TIER),
	  .value = VALUE_TOKENS },
	{ .name = "gentap.calls_without_usage",
	  .ucum = "{call}",
	  .help = "Calls whose tokens are not known, and are in no sum.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(ERROR),
	  .value = VALUE_MISSING,
	  .key = ATTR_USAGE_INPUT },
	{ .name = "gentap.cost",
	  .help = "Cost of calls, by list price or as the provider said.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(AGENT) | BIT(TEAM) | BIT(USER_TIER),
	  .value = VALUE_USD,
	  .key = COST_TOTAL,
	  .unit = "usd",
	  .ucum = "USD",
	  .digits = 12 },
	{ .name = "gentap.calls_without_price",
	  .ucum = "{call}",
	  .help = "Calls whose cost is not known, and is in no sum.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(ERROR),
	  .value = VALUE_MISSING,
	  .key = COST_TOTAL },
	{ .name = "gentap.errors",
	  .ucum = "{error}",
	  .help = "Calls, tools and runs that failed.",
	  .classes = ~0u,
	  .labels = MODELS | BIT(AGENT) | BIT(TOOL) | BIT(ERROR),
	  .value = VALUE_PRESENT,
	  .key = ATTR_ERROR_TYPE },
	{ .name = "gentap.retries",
	  .help = "Calls that were a client's second try, or a later one.",
	  .ucum = "{call}",
	  .classes = CALLS,
	  .labels = MODELS,
	  .value = VALUE_POSITIVE,
	  .key = ATTR_GENTAP_RETRY_COUNT },
	{ .name = "gen_ai.execute_tool.duration",
	  .help = "Duration of tools whose end was seen.",
	  .classes = SPANS_TOOL,
	  .labels = BIT(TOOL) | BIT(TOOL_TYPE) | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gentap.tool_calls",
	  .ucum = "{tool_call}",
	  .help = "Tools that were called, those whose end was not seen included.",
	  .classes = SPANS_TOOL | SPANS_TOOL_OPEN,
	  .labels = BIT(TOOL) | BIT(TOOL_TYPE) | BIT(AGENT) | BIT(ERROR) },
	{ .name = "gen_ai.invoke_agent.duration",
	  .help = "Duration of runs of agents.",
	  .classes = SPANS_RUN,
	  .labels = BIT(AGENT) | BIT(REQUEST_MODEL) | BIT(ERROR),
	  DURATION(agent_seconds) },
	{ .name = "gen_ai.invoke_agent.inference_calls",
	  .ucum = "{inference_call}",
	  .help = "Calls to models of each run.",
	  .classes = SPANS_RUN,
	  .labels = BIT(AGENT),
	  .value = VALUE_INT,
	  .key = "gentap.run.calls",
	  BUCKETS(powers) },
	{ .name = "gen_ai.invoke_agent.tool_calls",
	  .ucum = "{tool_call}",
	  .help = "Calls of tools of each run.",
	  .classes = SPANS_RUN,
	  .labels = BIT(AGENT),
	  .value = VALUE_INT,
	  .key = "gentap.run.tools",
	  BUCKETS(powers) },
	{ .name = "mcp.client.operation.duration",
	  .help = "Duration of requests to MCP servers.",
	  .classes = SPANS_MCP_CLIENT,
	  .labels = BIT(MCP_METHOD) | BIT(TOOL) | BIT(ERROR),
	  DURATION(mcp_seconds) },
	{ .name = "mcp.server.operation.duration",
	  .help = "Duration of requests that an MCP server on this host answered.",
	  .classes = SPANS_MCP_SERVER,
	  .labels = BIT(MCP_METHOD) | BIT(TOOL) | BIT(ERROR),
	  DURATION(mcp_seconds) },
};
const size_t n_metric_defs = ARRAY_LEN(metric_defs);
