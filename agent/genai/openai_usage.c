/* SPDX-License-Identifier: Apache-2.0 */
#include "openai_usage.h"

#include "cleanup.h"
#include "detect.h"

struct row {
	const char *path;
	enum usage_field field;
};

/* Of rows for the same field, the last one that the object has counts. */
static const struct row top_rows[] = {
	{ "prompt_tokens", USAGE_INPUT },
	{ "input_tokens", USAGE_INPUT },
	{ "completion_tokens", USAGE_OUTPUT },
	{ "output_tokens", USAGE_OUTPUT },
	{ "total_tokens", USAGE_TOTAL },
	{ "cached_tokens", USAGE_CACHE_READ },				       /* Moonshot */
	{ "num_cached_tokens", USAGE_CACHE_READ },			       /* Mistral */
	{ "prompt_cache_hit_tokens", USAGE_CACHE_READ },		       /* DeepSeek */
	{ "cache_read_input_tokens", USAGE_CACHE_READ },		       /* LiteLLM */
	{ "cache_creation_input_tokens", USAGE_CACHE_WRITE },		       /* LiteLLM */
	{ "reasoning_tokens", USAGE_REASONING },			       /* Perplexity */
	{ "num_search_queries", USAGE_WEB_SEARCHES },			       /* Perplexity */
	{ "server_tool_use_details.web_search_requests", USAGE_WEB_SEARCHES }, /* OpenRouter */
	/* xAI. */
	{ "server_side_tool_usage_details.web_search_calls", USAGE_WEB_SEARCHES },
	{ "server_side_tool_usage_details.code_interpreter_calls", USAGE_CODE_EXECUTIONS },
	{ "server_side_tool_usage_details.file_search_calls", USAGE_FILE_SEARCHES },
};

static const char *const input_details[] = { "prompt_tokens_details", "prompt_token_details",
					     "input_tokens_details", "input_token_details" };
static const struct row input_rows[] = {
	{ "cached_tokens", USAGE_CACHE_READ },
	{ "cache_write_tokens", USAGE_CACHE_WRITE },
	{ "cache_write_tokens_details.ttl_30m_tokens", USAGE_CACHE_WRITE_30M },
	{ "cache_write_tokens_details.ttl_12h_tokens", USAGE_CACHE_WRITE_12H },
	{ "text_tokens", USAGE_INPUT_TEXT },
	{ "audio_tokens", USAGE_INPUT_AUDIO },
	{ "image_tokens", USAGE_INPUT_IMAGE },
	{ "video_tokens", USAGE_INPUT_VIDEO },
	{ "cached_tokens_details.text_tokens", USAGE_CACHE_READ_TEXT },
	{ "cached_tokens_details.audio_tokens", USAGE_CACHE_READ_AUDIO },
	{ "cached_tokens_details.image_tokens", USAGE_CACHE_READ_IMAGE },
};

static const char *const output_details[] = { "completion_tokens_details",
					      "completion_token_details", "output_tokens_details",
					      "output_token_details" };
static const struct row output_rows[] = {
	{ "reasoning_tokens", USAGE_REASONING },
	{ "text_tokens", USAGE_OUTPUT_TEXT },
	{ "audio_tokens", USAGE_OUTPUT_AUDIO },
	{ "image_tokens", USAGE_OUTPUT_IMAGE },
};

static void read_rows(struct usage *u, struct json_val v, const struct row *rows, size_t count)
{
	if (json_type(v) != JSON_OBJECT)
		return;
	for (size_t i = 0; i < count; i++)
		usage_set_json(u, rows[i].field, json_path(v, rows[i].path));
}

static void read_cost(struct usage *u, struct json_val usage)
{
	struct json_val cost = json_get(usage, "cost");
	bool byok = false;
	double usd;

	/* With the user's own key OpenRouter charges a fee; the tokens are billed upstream. */
	json_bool(json_get(usage, "is_byok"), &byok);
	if (byok &&
	    json_type(json_path(usage, "cost_details.upstream_inference_cost")) == JSON_NUMBER)
		cost = json_path(usage, "cost_details.upstream_inference_cost");
	if (json_type(cost) == JSON_OBJECT)
		cost = json_get(cost, "total_cost");
	if (!json_f64(cost, &usd))
		usage_set_cost(u, usd);
	if (!json_f64(json_get(usage, "cost_in_usd_ticks"), &usd)) /* xAI */
		usage_set_cost(u, usd / USAGE_TICKS);
}

/* Of sound that is billed by its length. */
static void read_seconds(struct usage *u, struct json_val usage)
{
	struct json_val v = json_get(usage, "prompt_audio_seconds"); /* Mistral */
	double seconds;

	if (json_is(json_get(usage, "type"), "duration"))
		v = json_get(usage, "seconds");
	if (!json_f64(v, &seconds) && seconds >= 0 && seconds < (double)USAGE_TOKENS_MAX / 1e3)
		usage_set(u, USAGE_AUDIO_MS, (int64_t)(seconds * 1e3 + 0.5));
}

/* Are reasoning tokens missing from the output? The total tells, where there is one. */
static bool reasoning_adds(const struct usage *u, unsigned int quirks)
{
	int64_t sum = usage_get(u, USAGE_INPUT) + usage_get(u, USAGE_OUTPUT);

	if (quirks & PROVIDER_REASONING_ADDS)
		return true;
	return usage_get(u, USAGE_REASONING) > 0 && usage_has(u, USAGE_INPUT) &&
	       usage_get(u, USAGE_TOTAL) == sum + usage_get(u, USAGE_REASONING);
}

/* Do cached tokens stand beside the input? Only then can they be more than it. */
static bool cache_adds(const struct usage *u, unsigned int quirks)
{
	int64_t cached = usage_get(u, USAGE_CACHE_READ);
	int64_t sum = usage_get(u, USAGE_INPUT) + usage_get(u, USAGE_OUTPUT);

	if (!usage_has(u, USAGE_INPUT) || cached <= usage_get(u, USAGE_INPUT))
		return false;
	return quirks & PROVIDER_CACHE_MAY_ADD || usage_get(u, USAGE_TOTAL) == sum + cached;
}

void openai_usage_read(struct usage *u, struct json_val usage, unsigned int quirks)
{
	struct usage now = { 0 };
	int64_t citations;

	if (json_type(usage) != JSON_OBJECT)
		return;
	read_rows(&now, usage, top_rows, ARRAY_LEN(top_rows));
	for (size_t i = 0; i < ARRAY_LEN(input_details); i++)
		read_rows(&now, json_get(usage, input_details[i]), input_rows,
			  ARRAY_LEN(input_rows));
	for (size_t i = 0; i < ARRAY_LEN(output_details); i++)
		read_rows(&now, json_get(usage, output_details[i]), output_rows,
			  ARRAY_LEN(output_rows));
	read_cost(&now, usage);
	read_seconds(&now, usage);

	if (usage_has(&now, USAGE_OUTPUT)) {
		if (reasoning_adds(&now, quirks))
			now.value[USAGE_OUTPUT] += usage_get(&now, USAGE_REASONING);
		if (quirks & PROVIDER_CITATIONS_ADD &&
		    !json_i64(json_get(usage, "citation_tokens"), &citations) && citations > 0 &&
		    citations <= USAGE_TOKENS_MAX)
			now.value[USAGE_OUTPUT] += citations;
	}
	if (cache_adds(&now, quirks))
		now.value[USAGE_INPUT] += usage_get(&now, USAGE_CACHE_READ);
	usage_merge(u, &now);
}
