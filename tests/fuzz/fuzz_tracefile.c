/* SPDX-License-Identifier: Apache-2.0 */
/* A recording of any bytes: no fault, an error or an end, and as many calls as counted. */
#include "fuzz.h"

#include "tracefile.h"

#include <errno.h>

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
	struct pipeline_stats stats = { 0 };
	const char *error = NULL;
	FILE *file = len ? fmemopen((void *)data, len, "r") : NULL;
	int r;

	if (!file)
		return 0;
	config.decoder.body_max = 1 << 20;
	r = tracefile_replay(file, &config, &sink, &stats, &error);
	REQUIRE(r != -EBADMSG || error);
	REQUIRE(r || calls == stats.calls);
	fclose(file);
	return 0;
}
