/* SPDX-License-Identifier: Apache-2.0 */
/* A HAR file of any bytes: no fault, and every entry is fed or counted as skipped. */
#include "fuzz.h"

#include "har.h"

static void drop_call(void *ctx, struct call *call)
{
	++*(uint64_t *)ctx;
	call_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pipeline_config config = pipeline_config_default;
	uint64_t calls = 0;
	const struct pipeline_sink sink = { .ctx = &calls, .call = drop_call };
	struct pipeline *p;
	const char *error = NULL;
	size_t skipped = 0;
	int fed;

	config.decoder.body_max = 1 << 20;
	if (pipeline_new(&p, &config, &sink))
		return 0;
	fed = har_feed(p, (struct slice){ (const char *)data, len }, &skipped, &error);
	REQUIRE(fed >= 0 || error);
	REQUIRE(fed < 0 || calls <= (uint64_t)fed);
	pipeline_free(p);
	return 0;
}
