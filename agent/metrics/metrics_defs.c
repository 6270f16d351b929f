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
static const double tokens[] = { 1,	4,     16,     64,	256,	 1024,	   4096,
				 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864 };
static const double powers[] = { 1, 2, 4, 8, 16, 32, 64, 128 };

#define COST_TOTAL "gentap.cost.total" /* as agent/account sets it */

#define BIT(l) (1u << LABEL_##l)
#define MODELS (BIT(OPERATION) | BIT(PROVIDER) | BIT(REQUEST_MODEL) | BIT(RESPONSE_MODEL))
#define CALLS (SPANS_CALL | SPANS_SERVER_CALL)
#define BUCKETS(b) .type = METRIC_HISTOGRAM, .bounds = (b), .n_bounds = ARRAY_LEN(b)
#define DURATION(b) .value = VALUE_DURATION, .unit = "seconds", .digits = 9, BUCKETS(b)

const struct metric_def metric_defs[] = {
	{ .name = "gen_ai.client.operation.duration",
	  .help = "Duration of calls to models.",
	  .classes = SPANS_CALL | SPANS_FETCH,
	  .labels = MODELS | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.client.operation.time_to_first_chunk",
	  .help = "Time to the first chunk of answers that are streamed.",
	  .classes = SPANS_CALL,
	  .labels = MODELS | BIT(AGENT),
	  .value = VALUE_SECONDS,
	  .key = ATTR_RESPONSE_TTFC,
	  .unit = "seconds",
	  .digits = 9,
	  BUCKETS(seconds) },
	{ .name = "gen_ai.server.request.duration",
	  .help = "Duration of calls that a model server on this host answered.",
	  .classes = SPANS_SERVER_CALL,
	  .labels = MODELS | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gen_ai.client.token.usage",
	  .help = "Input and output tokens of each call.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(TOKEN_TYPE),
	  .value = VALUE_TOKENS,
	  BUCKETS(tokens) },
	{ .name = "gentap.tokens",
	  .help = "Tokens; cache_read and cache_write are part of input, reasoning of output.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(AGENT) | BIT(TOKEN_TYPE) | BIT(TEAM) | BIT(USER_TIER),
	  .value = VALUE_TOKENS },
	{ .name = "gentap.calls_without_usage",
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
	  .digits = 12 },
	{ .name = "gentap.calls_without_price",
	  .help = "Calls whose cost is not known, and is in no sum.",
	  .classes = CALLS,
	  .labels = MODELS | BIT(ERROR),
	  .value = VALUE_MISSING,
	  .key = COST_TOTAL },
	{ .name = "gentap.errors",
	  .help = "Calls, tools and runs that failed.",
	  .classes = ~0u,
	  .labels = MODELS | BIT(AGENT) | BIT(TOOL) | BIT(ERROR),
	  .value = VALUE_PRESENT,
	  .key = ATTR_ERROR_TYPE },
	{ .name = "gen_ai.execute_tool.duration",
	  .help = "Duration of tools whose end was seen.",
	  .classes = SPANS_TOOL,
	  .labels = BIT(TOOL) | BIT(TOOL_TYPE) | BIT(AGENT) | BIT(ERROR),
	  DURATION(seconds) },
	{ .name = "gentap.tool_calls",
	  .help = "Tools that were called, those whose end was not seen included.",
	  .classes = SPANS_TOOL | SPANS_TOOL_OPEN,
	  .labels = BIT(TOOL) | BIT(TOOL_TYPE) | BIT(AGENT) | BIT(ERROR) },
	{ .name = "gen_ai.invoke_agent.duration",
	  .help = "Duration of runs of agents.",
	  .classes = SPANS_RUN,
	  .labels = BIT(AGENT) | BIT(REQUEST_MODEL) | BIT(ERROR),
	  DURATION(agent_seconds) },
	{ .name = "gen_ai.invoke_agent.inference_calls",
	  .help = "Calls to models of each run.",
	  .classes = SPANS_RUN,
	  .labels = BIT(AGENT),
	  .value = VALUE_INT,
	  .key = "gentap.run.calls",
	  BUCKETS(powers) },
	{ .name = "gen_ai.invoke_agent.tool_calls",
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
