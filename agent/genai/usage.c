/* SPDX-License-Identifier: Apache-2.0 */
#include "usage.h"

#include "cleanup.h"
#include "json.h"

static bool usage_known(enum usage_field f)
{
	return (unsigned int)f < USAGE_FIELDS;
}

bool usage_has(const struct usage *u, enum usage_field f)
{
	return usage_known(f) && u->present >> f & 1;
}

int64_t usage_get(const struct usage *u, enum usage_field f)
{
	return usage_has(u, f) ? u->value[f] : 0;
}

void usage_set(struct usage *u, enum usage_field f, int64_t tokens)
{
	if (!usage_known(f))
		return;
	u->present |= UINT64_C(1) << f;
	u->value[f] = tokens;
}

void usage_unset(struct usage *u, enum usage_field f)
{
	u->present &= ~(UINT64_C(1) << f);
	u->value[f] = 0;
}

void usage_set_json(struct usage *u, enum usage_field f, struct json_val v)
{
	int64_t tokens;

	if (!json_i64(v, &tokens) && tokens >= 0 && tokens <= USAGE_TOKENS_MAX)
		usage_set(u, f, tokens);
}

void usage_set_cost(struct usage *u, double usd)
{
	if (!(usd >= 0))
		return;
	u->cost_known = true;
	u->cost_usd = usd;
}

void usage_merge(struct usage *u, const struct usage *later)
{
	for (int f = 0; f < USAGE_FIELDS; f++)
		if (usage_has(later, f))
			usage_set(u, f, later->value[f]);
	if (later->cost_known) {
		u->cost_known = true;
		u->cost_usd = later->cost_usd;
	}
}

/* Each part is at most its whole, where both are known. */
static const struct {
	enum usage_field part;
	enum usage_field whole;
	const char *name; /* of the violation */
} usage_parts[] = {
	{ USAGE_CACHE_READ, USAGE_INPUT, "cache_read_over_input" },
	{ USAGE_CACHE_WRITE, USAGE_INPUT, "cache_write_over_input" },
	{ USAGE_CACHE_WRITE_5M, USAGE_CACHE_WRITE, "cache_write_5m_over_cache_write" },
	{ USAGE_CACHE_WRITE_30M, USAGE_CACHE_WRITE, "cache_write_30m_over_cache_write" },
	{ USAGE_CACHE_WRITE_1H, USAGE_CACHE_WRITE, "cache_write_1h_over_cache_write" },
	{ USAGE_CACHE_WRITE_12H, USAGE_CACHE_WRITE, "cache_write_12h_over_cache_write" },
	{ USAGE_INPUT_TEXT, USAGE_INPUT, "text_over_input" },
	{ USAGE_INPUT_AUDIO, USAGE_INPUT, "audio_over_input" },
	{ USAGE_INPUT_IMAGE, USAGE_INPUT, "image_over_input" },
	{ USAGE_INPUT_VIDEO, USAGE_INPUT, "video_over_input" },
	{ USAGE_INPUT_TOOL, USAGE_INPUT, "tool_over_input" },
	{ USAGE_CACHE_READ_TEXT, USAGE_CACHE_READ, "text_over_cache_read" },
	{ USAGE_CACHE_READ_AUDIO, USAGE_CACHE_READ, "audio_over_cache_read" },
	{ USAGE_CACHE_READ_IMAGE, USAGE_CACHE_READ, "image_over_cache_read" },
	{ USAGE_REASONING, USAGE_OUTPUT, "reasoning_over_output" },
	{ USAGE_OUTPUT_TEXT, USAGE_OUTPUT, "text_over_output" },
	{ USAGE_OUTPUT_AUDIO, USAGE_OUTPUT, "audio_over_output" },
	{ USAGE_OUTPUT_IMAGE, USAGE_OUTPUT, "image_over_output" },
};

const char *usage_violation(const struct usage *u)
{
	for (size_t i = 0; i < ARRAY_LEN(usage_parts); i++)
		if (usage_has(u, usage_parts[i].part) && usage_has(u, usage_parts[i].whole) &&
		    u->value[usage_parts[i].part] > u->value[usage_parts[i].whole])
			return usage_parts[i].name;
	if (!usage_has(u, USAGE_INPUT))
		return NULL;
	if (usage_get(u, USAGE_CACHE_READ) + usage_get(u, USAGE_CACHE_WRITE) >
	    u->value[USAGE_INPUT])
		return "cached_over_input";
	if (usage_has(u, USAGE_TOTAL) && usage_has(u, USAGE_OUTPUT) &&
	    u->value[USAGE_TOTAL] != u->value[USAGE_INPUT] + u->value[USAGE_OUTPUT])
		return "total_differs";
	return NULL;
}
