/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "exporter.h"
#include "test.h"

#include <errno.h>

/* "NAME=value" strings, NULL at the end. */
static const char *const *environment;

static const char *test_getenv(void *ctx, const char *name)
{
	size_t len = strlen(name);

	(void)ctx;

	for (const char *const *e = environment; e && *e; e++)
		if (!strncmp(*e, name, len) && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

static int read_options(struct otlp_options *o, struct buf *warnings, const char *const *env)
{
	environment = env;
	return otlp_options_from_env(o, OTLP_TRACES, (struct otlp_env){ NULL, test_getenv },
				     warnings);
}

#define ENV(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static const struct {
	const char *env[4];
	const char *want, *shown;
	bool warns;
} endpoints[] = {
	{ { NULL }, NULL, NULL, false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=" }, NULL, NULL, false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318" },
	  "http://c:4318/v1/traces",
	  "http://c:4318/v1/traces",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT= https://c/ " },
	  "https://c/v1/traces",
	  "https://c/v1/traces",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/base/otlp" },
	  "http://c/base/otlp/v1/traces",
	  "http://c/base/otlp/v1/traces",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/base/?k=v" },
	  "http://c/base/v1/traces?k=v",
	  "http://c/base/v1/traces",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://[::1]:4318" },
	  "http://[::1]:4318/v1/traces",
	  "http://[::1]:4318/v1/traces",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=HTTPS://user:p%40ss@c/x" },
	  "HTTPS://user:p%40ss@c/x/v1/traces",
	  "https://c/x/v1/traces",
	  false },
	/* A signal's own URL is taken as it is. */
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:4318" },
	  "http://c:4318/",
	  "http://c:4318/",
	  false },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c?key=secret" },
	  "http://c/?key=secret",
	  "http://c/",
	  false },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c/x/",
	    "OTEL_EXPORTER_OTLP_ENDPOINT=http://d" },
	  "http://c/x/",
	  "http://c/x/",
	  false },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=c:4318", "OTEL_EXPORTER_OTLP_ENDPOINT=http://d" },
	  "http://d/v1/traces",
	  "http://d/v1/traces",
	  true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=c:4318" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=ftp://c" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http:///x" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://:4318" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://u:p@/s@" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://u:p@:1" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://u@c/s@t" },
	  "http://u@c/s@t",
	  "http://c/s@t",
	  false },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://a b" }, NULL, NULL, true },
	{ { "OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nb" }, NULL, NULL, true },
	{ { "OTEL_TRACES_EXPORTER=otlp" },
	  "http://localhost:4318/v1/traces",
	  "http://localhost:4318/v1/traces",
	  false },
	{ { "OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" },
	  NULL,
	  NULL,
	  false },
	{ { "OTEL_TRACES_EXPORTER=console", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" },
	  NULL,
	  NULL,
	  true },
	{ { "OTEL_TRACES_EXPORTER=console, otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" },
	  "http://c/v1/traces",
	  "http://c/v1/traces",
	  true },
	{ { "OTEL_TRACES_EXPORTER=zipkin", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" },
	  "http://c/v1/traces",
	  "http://c/v1/traces",
	  true },
	{ { "OTEL_SDK_DISABLED=TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" }, NULL, NULL, false },
	{ { "OTEL_SDK_DISABLED=yes", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c" },
	  "http://c/v1/traces",
	  "http://c/v1/traces",
	  true },
};

TEST(options_endpoints)
{
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
		struct otlp_options o;

		test_row("%zu %s", i, endpoints[i].env[0] ? endpoints[i].env[0] : "");
		CHECK_INT(read_options(&o, &warnings, endpoints[i].env), 0);
		CHECK_STR(slice_from(o.endpoint), endpoints[i].want);
		CHECK_STR(slice_from(o.endpoint_shown), endpoints[i].shown);
		CHECK_INT(warnings.len > 0, endpoints[i].warns);
		otlp_options_release(&o);
	}
}

TEST(options_defaults)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
	struct otlp_options o;

	CHECK_INT(read_options(&o, &warnings, ENV()), 0);
	CHECK_INT(o.encoding, OTLP_PROTOBUF);
	CHECK(!o.gzip && !o.headers && !o.certificate && !o.client_certificate && !o.client_key);
	CHECK_INT(o.timeout_ms, 10000);
	CHECK_INT(o.delay_ms, 200);
	CHECK_INT(o.queue_items_max, 2048);
	CHECK_INT(o.batch_items_max, 512);
	CHECK_INT(o.request_bytes_max, 64 << 20);
	CHECK_INT(o.retry_ms, 300000);
	CHECK_INT(warnings.len, 0);
	otlp_options_release(&o);
}

TEST(options_everything)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
	struct otlp_options o;

	CHECK_INT(read_options(&o, &warnings,
			       ENV("OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
				   "OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
				   "OTEL_EXPORTER_OTLP_TIMEOUT=2000",
				   "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT= 3000 ",
				   "OTEL_EXPORTER_OTLP_HEADERS=a=b",
				   "OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-k=s k=K",
				   "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.pem",
				   "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/c.pem",
				   "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY=/k.pem",
				   "OTEL_BSP_SCHEDULE_DELAY=0", "OTEL_BSP_EXPORT_TIMEOUT=60000",
				   "OTEL_BSP_MAX_QUEUE_SIZE=100",
				   "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=10")),
		  0);
	CHECK_INT(o.encoding, OTLP_JSON);
	CHECK(o.gzip);
	CHECK_INT(o.timeout_ms, 3000);
	CHECK_STR(slice_from(o.headers), "x-k=s k=K");
	CHECK_STR(slice_from(o.certificate), "/ca.pem");
	CHECK_STR(slice_from(o.client_certificate), "/c.pem");
	CHECK_STR(slice_from(o.client_key), "/k.pem");
	CHECK_INT(o.delay_ms, 0);
	CHECK_INT(o.retry_ms, 60000);
	CHECK_INT(o.queue_items_max, 100);
	CHECK_INT(o.batch_items_max, 10);
	CHECK_STR(buf_slice(&warnings), "");
	otlp_options_release(&o);
}

TEST(options_invalid_values_warn_and_leave_the_default)
{
	static const char *const rows[] = {
		"OTEL_EXPORTER_OTLP_PROTOCOL=thrift",
		"OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
		"OTEL_EXPORTER_OTLP_TIMEOUT=abc",
		"OTEL_EXPORTER_OTLP_TIMEOUT=-1",
		"OTEL_EXPORTER_OTLP_TIMEOUT=0",
		"OTEL_EXPORTER_OTLP_TIMEOUT=10s",
		"OTEL_EXPORTER_OTLP_TIMEOUT=1e3",
		"OTEL_EXPORTER_OTLP_TIMEOUT=99999999999999999999",
		"OTEL_BSP_SCHEDULE_DELAY=fast",
		"OTEL_BSP_MAX_QUEUE_SIZE=0",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2049",
		"OTEL_EXPORTER_OTLP_HEADERS=nothing",
		"OTEL_EXPORTER_OTLP_HEADERS=a=%zz",
		"OTEL_EXPORTER_OTLP_HEADERS=a b=c",
		"OTEL_EXPORTER_OTLP_HEADERS=a=b%0d%0ax-evil: 1",
		"OTEL_EXPORTER_OTLP_HEADERS=Content-Type=text/plain",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
		struct slice name = slice_from(rows[i]);
		struct otlp_options o;

		test_row("%s", rows[i]);
		name = slice_cut(&name, '=');
		CHECK_INT(read_options(&o, &warnings, ENV(rows[i])), 0);
		CHECK_INT(o.encoding, OTLP_PROTOBUF);
		CHECK(!o.gzip);
		CHECK_INT(o.timeout_ms, 10000);
		CHECK_INT(o.delay_ms, 200);
		CHECK_INT(o.queue_items_max, 2048);
		CHECK(o.batch_items_max == 512 || o.batch_items_max == 2048);
		/* One line, which names the variable. */
		CHECK(slice_starts(buf_slice(&warnings), name));
		CHECK_INT(slice_find_char(buf_slice(&warnings), '\n'), warnings.len - 1);
		otlp_options_release(&o);
	}
}

TEST(options_warnings_hold_no_secrets)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
	struct otlp_options o;

	CHECK_INT(read_options(&o, &warnings,
			       ENV("OTEL_EXPORTER_OTLP_ENDPOINT=user:hunter2@c",
				   "OTEL_EXPORTER_OTLP_HEADERS=authorization hunter2,"
				   "x=hunter2%0a")),
		  0);
	CHECK(warnings.len > 0);
	CHECK_INT(slice_find(buf_slice(&warnings), SLICE("hunter2")), -1);
	otlp_options_release(&o);
}

TEST(options_headers)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "", "" },
		{ "x-sentry-auth=sentry sentry_key=KEY", "x-sentry-auth: sentry sentry_key=KEY|" },
		{ "authorization=Basic%20dTpw%3D%3D,x=1", "authorization: Basic dTpw==|x: 1|" },
		{ "empty=,x=1", "empty;|x: 1|" },
		{ "a:b=c,x=1", "!|x: 1|" },
		{ "a=b%0D%0Ac: d", "!|" },
		{ "a=b%00", "!|" },
		{ "a=tab%09here", "a: tab\there|" },
		{ "a=%e4%bd%a0", "a: \xe4\xbd\xa0|" },
		{ "content-length=5,Transfer-Encoding=chunked,x=1", "!|!|x: 1|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf line = BUF_INIT(1000), got = BUF_INIT(1000);
		struct slice rest = slice_from(rows[i].in);
		int r;

		test_row("%s", rows[i].in);
		while ((r = otlp_header_next(&rest, &line)) != 0) {
			if (r > 0)
				buf_add_slice(&got, buf_slice(&line));
			else
				buf_add_char(&got, '!');
			buf_add_char(&got, '|');
		}
		CHECK_STR(buf_slice(&got), rows[i].want);
	}
}

TEST(options_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
		struct otlp_options o;
		int r = read_options(&o, &warnings,
				     ENV("OTEL_EXPORTER_OTLP_ENDPOINT=http://c",
					 "OTEL_EXPORTER_OTLP_HEADERS=a=b,x",
					 "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca",
					 "OTEL_EXPORTER_OTLP_TIMEOUT=x"));

		CHECK(r == 0 || r == -ENOMEM);
		if (!r) {
			CHECK_STR(slice_from(o.endpoint), "http://c/v1/traces");
			CHECK_STR(slice_from(o.headers), "a=b,x");
			CHECK_STR(slice_from(o.certificate), "/ca");
		}
		otlp_options_release(&o);
	}
}

static const struct {
	enum otlp_signal signal;
	const char *env[6];
	const char *want; /* NULL: not exported */
	bool warns;
} others[] = {
	{ OTLP_METRICS,
	  { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318" },
	  "http://c:4318/v1/metrics",
	  false },
	{ OTLP_LOGS,
	  { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318/x" },
	  "http://c:4318/x/v1/logs",
	  false },
	{ OTLP_METRICS,
	  { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c",
	    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m/p" },
	  "http://m/p",
	  false },
	{ OTLP_METRICS, { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c" }, NULL, false },
	{ OTLP_METRICS,
	  { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_METRICS_EXPORTER=none" },
	  NULL,
	  false },
	{ OTLP_LOGS,
	  { "OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_METRICS_EXPORTER=none" },
	  "http://c/v1/logs",
	  false },
	{ OTLP_TRACES,
	  { "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
	    "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317/path?q" },
	  "http://c:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	  false },
	{ OTLP_METRICS,
	  { "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317" },
	  "https://c:4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
	  false },
	{ OTLP_LOGS,
	  { "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=c:4317",
	    "OTEL_EXPORTER_OTLP_INSECURE=true" },
	  "http://c:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export",
	  false },
	{ OTLP_TRACES,
	  { "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_EXPORTER=otlp" },
	  "http://localhost:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	  false },
	{ OTLP_TRACES,
	  { "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=:4317" },
	  NULL,
	  true },
	{ OTLP_TRACES, { "OTEL_EXPORTER_OTLP_ENDPOINT=c:4318" }, NULL, true },
};

TEST(options_of_each_signal_and_protocol)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
		struct otlp_options o;

		test_row("row %zu", i);
		environment = others[i].env;
		CHECK_INT(otlp_options_from_env(&o, others[i].signal,
						(struct otlp_env){ NULL, test_getenv }, &warnings),
			  0);
		CHECK_STR(slice_from(o.endpoint), others[i].want);
		CHECK_INT(warnings.len > 0, others[i].warns);
		otlp_options_release(&o);
	}
	test_row(NULL);
}

TEST(options_of_metrics)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(10000);
	struct otlp_options o;

	environment = ENV("OTEL_METRIC_EXPORT_INTERVAL=1500",
			  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=Delta",
			  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION="
			  "base2_exponential_bucket_histogram",
			  "OTEL_BSP_MAX_QUEUE_SIZE=1");
	CHECK_INT(otlp_options_from_env(&o, OTLP_METRICS, (struct otlp_env){ NULL, test_getenv },
					&warnings),
		  0);
	CHECK_INT(o.interval_ms, 1500);
	CHECK_INT(o.temporality, OTLP_PREFER_DELTA);
	CHECK(o.exponential);
	CHECK_INT(o.queue_items_max, 100000);
	CHECK_INT(warnings.len, 0);
	otlp_options_release(&o);
	environment = ENV("OTEL_METRIC_EXPORT_INTERVAL=soon",
			  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=sometimes",
			  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=none");
	CHECK_INT(otlp_options_from_env(&o, OTLP_METRICS, (struct otlp_env){ NULL, test_getenv },
					&warnings),
		  0);
	CHECK_INT(o.interval_ms, 60000);
	CHECK_INT(o.temporality, OTLP_PREFER_CUMULATIVE);
	CHECK(!o.exponential);
	for (size_t i = 0; i < 3; i++) {
		const char *word[] = { "INTERVAL", "PREFERENCE", "AGGREGATION" };

		CHECK(slice_find(buf_slice(&warnings), slice_from(word[i])) >= 0);
	}
	otlp_options_release(&o);
}
