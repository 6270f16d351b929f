/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"

#include "cleanup.h"
#include "clock.h"
#include "rate_limit.h"

/* Keys have to be static; that they are rate_limit.h's names, the unit test sees to. */
static const struct {
	const char *limit;
	const char *remaining;
	const char *reset;
	const char *used;
} keys[RATE_LIMIT_KINDS] = {
#define KEYS(kind, name)                                                                           \
	[RATE_LIMIT_##kind] = { ATTR_GENTAP_RATE_LIMIT "." name ".limit",                          \
				ATTR_GENTAP_RATE_LIMIT "." name ".remaining",                      \
				ATTR_GENTAP_RATE_LIMIT "." name ".reset",                          \
				ATTR_GENTAP_RATE_LIMIT "." name ".used" }
	KEYS(REQUESTS, "requests"),
	KEYS(TOKENS, "tokens"),
	KEYS(INPUT_TOKENS, "input_tokens"),
	KEYS(OUTPUT_TOKENS, "output_tokens"),
	KEYS(IMAGES, "images"),
	KEYS(PROJECT_REQUESTS, "project_requests"),
	KEYS(PROJECT_TOKENS, "project_tokens"),
	KEYS(PRIORITY_INPUT_TOKENS, "priority_input_tokens"),
	KEYS(PRIORITY_OUTPUT_TOKENS, "priority_output_tokens"),
	KEYS(FAST_INPUT_TOKENS, "fast_input_tokens"),
	KEYS(FAST_OUTPUT_TOKENS, "fast_output_tokens"),
	KEYS(REQUESTS_10S, "requests_10s"),
	KEYS(REQUESTS_MINUTE, "requests_minute"),
	KEYS(REQUESTS_HOUR, "requests_hour"),
	KEYS(REQUESTS_DAY, "requests_day"),
	KEYS(REQUESTS_MONTH, "requests_month"),
	KEYS(TOKENS_MINUTE, "tokens_minute"),
	KEYS(TOKENS_HOUR, "tokens_hour"),
	KEYS(TOKENS_DAY, "tokens_day"),
	KEYS(TOKENS_MONTH, "tokens_month"),
	KEYS(PLAN_5H, "plan_5h"),
	KEYS(PLAN_7D, "plan_7d"),
	KEYS(PLAN_PRIMARY, "plan_primary"),
	KEYS(PLAN_SECONDARY, "plan_secondary"),
#undef KEYS
};

/* Seconds from when the answer began; what was free again by then is not waited for. */
static double seconds_to(const struct call *c, uint64_t reset_ns)
{
	uint64_t from = c->response_start_ns ? c->response_start_ns : c->end_ns;

	if (!reset_ns)
		return NAN;
	return reset_ns > from ? (double)(reset_ns - from) / (double)NSEC_PER_SEC : 0;
}

void call_limits_fill(struct span *s, const struct call *c)
{
	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];

		if ((unsigned int)l->kind >= ARRAY_LEN(keys))
			continue;
		if (l->limit >= 0)
			span_set_int(s, keys[l->kind].limit, l->limit);
		if (l->remaining >= 0)
			span_set_int(s, keys[l->kind].remaining, l->remaining);
		span_set_double(s, keys[l->kind].reset, seconds_to(c, l->reset_ns));
		span_set_double(s, keys[l->kind].used, l->used);
	}
}
