/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment: each line of the input is the value of one variable, in the order of
 * `names`; the first is also a process's OTEL_RESOURCE_ATTRIBUTES and an answer's
 * Retry-After.
 */
#include "cleanup.h"
#include "exporter.h"
#include "resource.h"
#include "retry.h"

#include <assert.h>

static const char *const names[] = {
	"OTEL_EXPORTER_OTLP_HEADERS",		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
	"OTEL_EXPORTER_OTLP_ENDPOINT",		"OTEL_TRACES_EXPORTER",
	"OTEL_EXPORTER_OTLP_TIMEOUT",		"OTEL_BSP_MAX_QUEUE_SIZE",
	"OTEL_BSP_MAX_EXPORT_BATCH_SIZE",	"OTEL_EXPORTER_OTLP_PROTOCOL",
	"OTEL_EXPORTER_OTLP_COMPRESSION",	"OTEL_SDK_DISABLED",
	"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
};
static char *values[ARRAY_LEN(names)];

static const char *fuzz_getenv(void *ctx, const char *name)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i]))
			return values[i];
	return NULL;
}

static void check_headers(const struct otlp_options *o)
{
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(1000);
	struct slice rest = slice_from(o->headers);
	int r;

	while ((r = otlp_header_next(&rest, &line)) != 0) {
		/* One header stays one header. */
		assert(r < 0 || (slice_find_char(buf_slice(&line), '\n') < 0 &&
				 slice_find_char(buf_slice(&line), '\r') < 0 &&
				 slice_find_char(buf_slice(&line), '\0') < 0));
	}
}

static void check_options(void)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(1000000);
	const struct otlp_env env = { NULL, fuzz_getenv };
	struct otlp_options o;

	if (otlp_options_from_env(&o, OTLP_TRACES, env, &warnings))
		return;
	assert(!o.endpoint == !o.endpoint_shown);
	/* No user and password in what logs show. */
	if (o.endpoint_shown)
		assert(!memchr(o.endpoint_shown, '@', 8 + strcspn(o.endpoint_shown + 8, "/")));
	assert(o.timeout_ms > 0 && o.batch_items_max > 0);
	assert(o.batch_items_max <= o.queue_items_max);
	check_headers(&o);
	otlp_options_release(&o);
}

static void check_resource(void)
{
	static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };
	struct process p = { .refs = 1, .resource_attributes = values[0], .cmdline = values[1] };
	struct resource r;

	resource_init(&r, &p, &host);
	assert(r.n_attrs <= RESOURCE_ATTRS_MAX && resource_attr(&r, "service.name"));
	for (size_t i = 0; i < r.n_attrs; i++)
		for (size_t k = 0; k < i; k++)
			assert(strcmp(r.attrs[i].key, r.attrs[k].key));
	resource_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice line = rest.data ? slice_cut(&rest, '\n') : SLICE_NONE;

		values[i] = line.data ? strndup(line.data, line.len) : NULL;
	}
	check_options();
	check_resource();
	assert(retry_after_ms(slice_from(values[0]), UINT64_C(1700000000000000000)) >= -1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		free(values[i]);
	return 0;
}
