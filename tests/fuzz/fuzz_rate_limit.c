/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"
#include "cleanup.h"
#include "fuzz.h"
#include "http.h"

#include <math.h>

/* Header lines, and what a limit may never be: nothing, negative, twice the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct http_field fields[64];
	struct http_head head = { .response = true, .fields = fields };
	unsigned int seen = 0;
	struct call *c;

	while (rest.len && head.n_fields < ARRAY_LEN(fields)) {
		struct slice value = slice_cut(&rest, '\n'), name = slice_cut(&value, ':');

		fields[head.n_fields++] = (struct http_field){ name, slice_trim(value) };
	}
	if (call_new(&c))
		return 0;
	rate_limits_read(c, &head, UINT64_C(1750000000000000000));
	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];

		REQUIRE(l->kind < RATE_LIMIT_KINDS && !(seen & 1u << l->kind));
		seen |= 1u << l->kind;
		REQUIRE(l->limit >= 0 || l->remaining >= 0 || l->reset_ns || !isnan(l->used));
		REQUIRE(l->limit >= -1 && l->remaining >= -1);
		REQUIRE(isnan(rate_limit_used(l)) || rate_limit_used(l) >= 0);
		REQUIRE(*rate_limit_name(l->kind));
	}
	REQUIRE(isnan(c->retry_after_s) || c->retry_after_s >= 0);
	call_free(c);
	return 0;
}
