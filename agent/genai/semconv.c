/* SPDX-License-Identifier: Apache-2.0 */
#include "semconv.h"

#include "cleanup.h"

const char *semconv_schema_url(enum semconv_profile p)
{
	return p == SEMCONV_V1_41 ? "https://opentelemetry.io/schemas/1.41.0"
				  : "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";
}

static const struct {
	const char *v1_41;
	const char *latest;
} semconv_names[] = {
	[SEMCONV_NAME_CACHE_WRITE] = { ATTR_USAGE_CACHE_CREATION, ATTR_USAGE_CACHE_WRITE },
	[SEMCONV_NAME_INFERENCE_DURATION] = { "gen_ai.client.operation.duration",
					      "gen_ai.client.inference.duration" },
	[SEMCONV_NAME_TTFC] = { "gen_ai.client.operation.time_to_first_chunk",
				"gen_ai.client.inference.time_to_first_chunk" },
	[SEMCONV_NAME_TIME_PER_CHUNK] = { "gen_ai.client.operation.time_per_output_chunk",
					  "gen_ai.client.inference.time_per_output_chunk" },
	[SEMCONV_NAME_WORKFLOW_DURATION] = { "gen_ai.workflow.duration",
					     "gen_ai.invoke_workflow.duration" },
};

size_t semconv_name(enum semconv_profile p, enum semconv_name n, const char *ret_names[2])
{
	size_t count = 0;

	if ((unsigned int)n >= ARRAY_LEN(semconv_names))
		return 0;
	if (p != SEMCONV_LATEST)
		ret_names[count++] = semconv_names[n].v1_41;
	if (p != SEMCONV_V1_41)
		ret_names[count++] = semconv_names[n].latest;
	return count;
}
