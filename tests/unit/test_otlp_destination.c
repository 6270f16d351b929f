/* SPDX-License-Identifier: Apache-2.0 */
#include "destination.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>

static const char *outer_get(void *ctx, const char *name)
{
	static const char *const variables[][2] = {
		{ "OTEL_EXPORTER_OTLP_HEADERS", "secret=of-another" },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT", "http://other" },
		{ "OTEL_TRACES_EXPORTER", "none" },
		{ "OTEL_BSP_SCHEDULE_DELAY", "77" },
		{ "SENTRY_DSN", "https://abc@o1.ingest.example/pre/42" },
		{ "LANGFUSE_PUBLIC_KEY", "pk" },
		{ "LANGFUSE_SECRET_KEY", "sk" },
		{ "DD_API_KEY", "k,1" },
		{ "GRAFANA_CLOUD_OTLP_ENDPOINT", "https://g.example/otlp" },
		{ "GRAFANA_CLOUD_INSTANCE_ID", "12" },
		{ "GRAFANA_CLOUD_API_KEY", "glc" },
	};

	if (ctx) /* nothing is set */
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		if (!strcmp(name, variables[i][0]))
			return variables[i][1];
	return NULL;
}

static const struct {
	const char *line;
	enum otlp_signal signal;
	const char *endpoint; /* NULL: not sent there */
	const char *headers;  /* NULL: none */
	bool grpc, delta;
} rows[] = {
	{ "http://c:4318", OTLP_TRACES, "http://c:4318/v1/traces", NULL, false, false },
	{ "http://c:4318?a=b", OTLP_METRICS, "http://c:4318/v1/metrics?a=b", NULL, false, false },
	{ "c:4317 protocol=grpc insecure=true", OTLP_LOGS,
	  "http://c:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export", NULL, true,
	  false },
	{ " http://c  headers=a=b,c=d%20e temporality=delta", OTLP_METRICS, "http://c/v1/metrics",
	  "a=b,c=d%20e", false, true },
	{ "http://c signals=metrics,logs", OTLP_TRACES, NULL, NULL, false, false },
	{ "http://c signals=metrics,logs", OTLP_LOGS, "http://c/v1/logs", NULL, false, false },
	{ "preset=sentry", OTLP_TRACES,
	  "https://o1.ingest.example/pre/api/42/integration/otlp/v1/traces",
	  "x-sentry-auth=sentry%20sentry_key%3Dabc", false, false },
	{ "preset=sentry", OTLP_LOGS,
	  "https://o1.ingest.example/pre/api/42/integration/otlp/v1/logs",
	  "x-sentry-auth=sentry%20sentry_key%3Dabc", false, false },
	{ "preset=sentry", OTLP_METRICS, NULL, NULL, false, false },
	{ "preset=langfuse", OTLP_TRACES, "https://cloud.langfuse.com/api/public/otel/v1/traces",
	  "authorization=Basic%20cGs6c2s=,x-langfuse-ingestion-version=4", false, false },
	{ "preset=langfuse endpoint=http://own", OTLP_TRACES, "http://own/v1/traces",
	  "authorization=Basic%20cGs6c2s=,x-langfuse-ingestion-version=4", false, false },
	{ "preset=datadog", OTLP_TRACES, "https://otlp.datadoghq.com/v1/traces",
	  "dd-api-key=k%2C1,dd-otlp-source=llmobs", false, false },
	{ "preset=datadog", OTLP_METRICS, "https://otlp.datadoghq.com/v1/metrics",
	  "dd-api-key=k%2C1", false, true },
	{ "preset=phoenix", OTLP_TRACES, "http://localhost:6006/v1/traces", NULL, false, false },
	{ "preset=phoenix", OTLP_LOGS, NULL, NULL, false, false },
	{ "preset=grafana", OTLP_METRICS, "https://g.example/otlp/v1/metrics",
	  "authorization=Basic%20MTI6Z2xj", false, false },
};

TEST(a_destination_is_an_environment_of_its_own)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf text = BUF_INIT(10000);
		struct otlp_env outer = { NULL, outer_get };
		struct destination d;
		struct otlp_options o;

		test_row("%s %d", rows[i].line, (int)rows[i].signal);
		CHECK_INT(destination_init(&d, slice_from(rows[i].line), outer, &text), 0);
		CHECK_INT(otlp_options_from_env(&o, rows[i].signal, destination_env(&d), &text), 0);
		CHECK_INT(text.len, 0);
		CHECK_STR(slice_from(o.endpoint), rows[i].endpoint);
		if (rows[i].endpoint)
			CHECK_STR(slice_from(o.headers), rows[i].headers);
		CHECK_INT(o.grpc, rows[i].grpc);
		CHECK_INT(o.temporality == OTLP_PREFER_DELTA, rows[i].delta);
		CHECK_INT(o.delay_ms, rows[i].signal == OTLP_TRACES ? 77 : 200);
		otlp_options_release(&o);
		destination_release(&d);
	}
	test_row(NULL);
}

TEST(what_is_no_destination)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "", "no endpoint" },
		{ "protocol=grpc", "no endpoint" },
		{ "http://c protcol=grpc", "unknown word 'protcol'" },
		{ "http://c signals=spans", "signals are" },
		{ "preset=elsewhere", "presets are" },
		{ "preset=sentry", "SENTRY_DSN is not set" },
		{ "preset=langfuse", "LANGFUSE_PUBLIC_KEY is not set" },
		{ "preset=datadog", "DD_API_KEY is not set" },
		{ "preset=grafana", "GRAFANA_CLOUD_OTLP_ENDPOINT is not set" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_(buf_cleanup) struct buf text = BUF_INIT(10000);
		struct otlp_env nothing = { &text, outer_get };
		struct destination d;

		test_row("%s", bad[i].line);
		CHECK_INT(destination_init(&d, slice_from(bad[i].line), nothing, &text), -EINVAL);
		CHECK(slice_find(buf_slice(&text), slice_from(bad[i].says)) >= 0);
		destination_release(&d);
	}
	test_row(NULL);
}

static const char *bad_dsn(void *ctx, const char *name)
{
	(void)name;
	return ctx;
}

TEST(a_dsn_that_is_none)
{
	static const char *const dsns[] = { "x",	   "https://o1.example/42", "https://k@",
					    "https://k@h", "https://k@h/",	    "k@h/1",
					    "https://@" };

	for (size_t i = 0; i < ARRAY_LEN(dsns); i++) {
		_cleanup_(buf_cleanup) struct buf text = BUF_INIT(10000);
		struct destination d;

		test_row("%s", dsns[i]);
		CHECK_INT(destination_init(&d, SLICE("preset=sentry"),
					   (struct otlp_env){ (void *)dsns[i], bad_dsn }, &text),
			  -EINVAL);
		CHECK(slice_find(buf_slice(&text), SLICE("cannot be read")) >= 0);
		destination_release(&d);
	}
	test_row(NULL);
}

TEST(destination_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf text = BUF_INIT(10000);
		struct destination d;
		int r = destination_init(&d, SLICE("preset=datadog protocol=grpc signals=traces"),
					 (struct otlp_env){ NULL, outer_get }, &text);

		CHECK(!r || r == -ENOMEM);
		destination_release(&d);
	}
}
