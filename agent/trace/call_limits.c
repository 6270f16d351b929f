/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"

#include "cleanup.h"
#include "clock.h"
#include "rate_limit.h"

/* Keys have to be static. */
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
				ATTR_GENTAP_RATE_LIMIT "." name ".used" },
	RATE_LIMIT_NAMES(KEYS)
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
