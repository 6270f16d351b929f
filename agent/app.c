/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include "call_span.h"
#include "cleanup.h"
#include "clock.h"
#include "expose.h"
#include "log.h"
#include "recent.h"
#include "schema.h"
#include "shared_id.h"

#include <errno.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BODY_MAX (32 * 1024 * 1024)
#define CONTENT_MAX (64 * 1024)
#define STORE_FLUSH_MS 3000

static void read_host_id(char *to, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/machine-id", "re");

	if (!f || !fgets(to, (int)size, f))
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

/* Names of the OpenTelemetry host.arch enumeration. */
static const char *arch_name(const char *machine)
{
	static const struct {
		const char *machine, *name;
	} names[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(machine, names[i].machine))
			return names[i].name;
	return machine;
}

static void describe_host(struct app *a)
{
	struct utsname u = { 0 };

	uname(&u);
	snprintf(a->host_name, sizeof(a->host_name), "%s", u.nodename);
	snprintf(a->host_arch, sizeof(a->host_arch), "%s", arch_name(u.machine));
	read_host_id(a->host_id, sizeof(a->host_id));
	a->host = (struct otlp_host){
		.host_name = slice_from(a->host_name),
		.host_id = *a->host_id ? slice_from(a->host_id) : SLICE_NONE,
		.host_arch = slice_from(a->host_arch),
		.service_name = slice_from(getenv("OTEL_SERVICE_NAME")),
		.resource_attributes = slice_from(getenv("OTEL_RESOURCE_ATTRIBUTES")),
		.version = SLICE(GENTAP_VERSION),
	};
}

/* Where messages of calls go. */
enum content { CONTENT_NOWHERE, CONTENT_SPANS, CONTENT_EVENTS, CONTENT_BOTH };

/* The flag, or the switches that SDKs use. */
static enum content content_wanted(const struct options *o)
{
	static const struct {
		const char *word;
		enum content content;
	} words[] = {
		{ "true", CONTENT_SPANS },	    { "span", CONTENT_SPANS },
		{ "SPAN_ONLY", CONTENT_SPANS },	    { "event", CONTENT_EVENTS },
		{ "EVENT_ONLY", CONTENT_EVENTS },   { "both", CONTENT_BOTH },
		{ "SPAN_AND_EVENT", CONTENT_BOTH },
	};
	const char *events = getenv("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT");
	const char *v = o->capture_content
				? o->content_where ? o->content_where : "both"
				: getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");

	for (size_t i = 0; v && i < ARRAY_LEN(words); i++)
		if (!strcasecmp(v, words[i].word))
			return events && !strcasecmp(events, "true") ? CONTENT_BOTH
								     : words[i].content;
	return CONTENT_NOWHERE;
}

/* Its application has exported it, or will. */
static bool is_suppressed(const struct app *a, const struct span *span)
{
	const struct attr *duplicate = span_attr(span, ATTR_GENTAP_DUPLICATE);

	return a->options->suppress_duplicates && duplicate &&
	       slice_eq(duplicate->string, SLICE("sdk_trace"));
}

static void on_span(void *ctx, struct span *span)
{
	struct app *a = ctx;
	bool suppressed = is_suppressed(a, span);

	billing_span(&a->billing, span);
	if (!suppressed)
		exports_event(&a->exports, span);
	if (a->content_off_spans)
		call_content_unset(span);
	if (!suppressed)
		exports_span(&a->exports, span);
	a->suppressed += suppressed;
	if (a->store)
		store_span(a->store, span);
	if (a->metrics)
		metrics_span(a->metrics, span);
	print_span(&a->printer, span);
	if (a->options->output == OUTPUT_TREE)
		tree_add(&a->tree, span);
}

static int open_output(struct app *a)
{
	if (!a->options->output_file) {
		a->out = stdout;
		return 0;
	}
	a->out = fopen(a->options->output_file, "we");
	if (!a->out) {
		int r = -errno;

		log_error("output: cannot write: %s file=%s", strerror(-r),
			  a->options->output_file);
		return r;
	}
	return 0;
}

static void on_told(void *ctx, const uint8_t span_id[8])
{
	tracer_told(ctx, span_id);
}

/* What is captured now is none of what is stored; what is read from a file may be. */
static void claim_stored(struct app *a, const char *path)
{
	enum command c = a->options->command;
	int r = 0;

	if (c == CMD_RUN || c == CMD_EXEC)
		r = recent_calls(path, SHARED_IDS_MAX, on_told, a->tracer);
	if (r && r != -ENOENT)
		log_error("store: cannot read which calls it has: %s file=%s", strerror(-r), path);
}

/* Live, a database that cannot be written is no reason not to watch; a file that was asked
 * to be put into one is. */
static int init_store(struct app *a)
{
	const struct options *o = a->options;
	char path[4096];
	struct store_config config = {
		.path = o->db_file,
		.host_name = a->host.host_name,
		.must_open = o->command != CMD_RUN,
		/* What somebody puts in from a file may be as old as it is. */
		.keep_ns = o->command == CMD_RUN ? o->keep_days * 86400 * NSEC_PER_SEC : 0,
		.max_bytes = o->command == CMD_RUN ? o->keep_mib * 1024 * 1024 : 0,
	};
	int r;

	if (!o->store && !o->db_file)
		return 0;
	if (!config.path) {
		r = schema_default_path(path, sizeof(path));
		if (r)
			return r;
		config.path = path;
	}
	claim_stored(a, config.path);
	r = store_new(&a->store, &config);
	if (r)
		log_error("store: cannot open: %s file=%s", strerror(-r), config.path);
	return r;
}

static int init_metrics(struct app *a)
{
	const struct options *o = a->options;
	const struct metrics_config config = { .profile = o->semconv,
					       .exponential = exports_exponential(&a->exports) };
	int r;

	if (!o->metrics && !o->metrics_file && !exports_want(&a->exports, OTLP_METRICS))
		return 0;
	r = metrics_new(&a->metrics, &config);
	return r ? r : exports_start_metrics(&a->exports, a->metrics, clock_wall_ns());
}

int app_init(struct app *a, const struct options *o)
{
	enum content content = content_wanted(o);
	struct tracer_config tracer = { .profile = o->semconv, .content = content };
	struct span_sink sink = { a, on_span };
	uint64_t seed;
	int r;

	*a = (struct app){ .options = o, .content_off_spans = content == CONTENT_EVENTS };
	log_set_level(o->verbose ? LOG_LEVEL_DEBUG : o->quiet ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO);
	describe_host(a);
	a->decoder = (struct decoder_config){
		.body_max = BODY_MAX,
		.content = tracer.content,
		.content_max = CONTENT_MAX,
		.estimate = o->estimate_usage,
	};
	seed = slice_hash(slice_hash(SLICE_HASH, a->host.host_id), a->host.host_name);
	memcpy(tracer.seed, &seed, sizeof(seed));
	r = open_output(a);
	if (r)
		return r;
	print_init(&a->printer, o, a->out, &a->host);
	tree_init(&a->tree);
	r = loop_new(&a->loop);
	if (!r)
		r = exports_init(&a->exports, o, a->loop, &a->host, content & CONTENT_EVENTS);
	if (!r)
		r = tracer_new(&a->tracer, &tracer, &sink);
	if (!r)
		r = init_store(a);
	if (!r)
		r = init_metrics(a);
	if (r)
		log_error("cannot start: %s", strerror(-r));
	else
		r = billing_start(&a->billing, o, a->loop, tracer.seed);
	a->decoder.clues = &a->billing.clues;
	if (r)
		app_release(a);
	return r;
}

void app_call(void *app, struct call *call)
{
	struct app *a = app;

	tracer_call(a->tracer, call);
}

void app_served(void *app, const struct served_request *request)
{
	struct app *a = app;

	tracer_served(a->tracer, request);
}

bool app_acts(void *app, const struct process *process)
{
	const struct app *a = app;

	return tracer_acts(a->tracer, process);
}

void app_outbound(void *app, const struct outbound *outbound)
{
	struct app *a = app;

	tracer_outbound(a->tracer, outbound);
}

void app_sdk_span(void *app, struct process *process, const struct sdk_span *span)
{
	struct app *a = app;

	tracer_sdk_span(a->tracer, process, span);
}

void app_exit(void *app, uint32_t tgid)
{
	struct app *a = app;

	tracer_process_exit(a->tracer, tgid);
}

void app_coverage(void *app, const struct conn_report *report)
{
	struct app *a = app;
	int64_t bytes = report->withdrawn ? -(int64_t)report->bytes : (int64_t)report->bytes;
	const struct store_connection c = {
		.process = report->process,
		.pid = report->tgid,
		.library = report->kernel_tls ? "ktls" : call_span_source(report->source),
		.endpoint = report->endpoint,
		.reason = report->reason,
		.remedy = report->remedy,
		.calls = report->calls,
		.bytes_decoded = report->state == COVERAGE_DECODED ? bytes : 0,
		.bytes_partial = report->state == COVERAGE_PARTIAL ? bytes : 0,
		.bytes_opaque = report->state == COVERAGE_OPAQUE ? bytes : 0,
		.first_ns = report->first_ns,
		.last_ns = report->last_ns,
	};

	a->covered[report->state] += bytes;
	if (a->store)
		store_connection(a->store, &c);
}

static uint64_t report_export(const struct app *a, enum otlp_signal signal, const char *what)
{
	const struct otlp_stats s = exports_stats(&a->exports, signal);
	uint64_t unsent = s.queued - s.stowed;
	uint64_t dropped = s.dropped_full + s.dropped_refused + s.dropped_expired + unsent;

	if (s.stowed)
		log_info("otlp: %s kept on disk for the next start count=%llu", what,
			 (unsigned long long)s.stowed);
	if (dropped)
		log_warn("otlp: %s not delivered count=%llu of=%llu queue_full=%llu refused=%llu "
			 "expired=%llu unsent=%llu",
			 what, (unsigned long long)dropped, (unsigned long long)s.items,
			 (unsigned long long)s.dropped_full, (unsigned long long)s.dropped_refused,
			 (unsigned long long)s.dropped_expired, (unsigned long long)unsent);
	return dropped;
}

static int finish_export(struct app *a, uint64_t flush_ms)
{
	int r = exports_flush(&a->exports, flush_ms);
	uint64_t dropped =
		report_export(a, OTLP_TRACES, "spans") + report_export(a, OTLP_LOGS, "log records");

	if (a->suppressed)
		log_info("otlp: spans left out, as their applications export them count=%llu",
			 (unsigned long long)a->suppressed);
	/* A backend of spans often takes no metrics: that is said, and no failure. */
	report_export(a, OTLP_METRICS, "points of metrics");
	return r ? r : dropped ? -EIO : 0;
}

static int finish_store(struct app *a)
{
	struct store_stats s;

	if (!a->store)
		return 0;
	store_flush(a->store, STORE_FLUSH_MS);
	store_read_stats(a->store, &s);
	store_free(TAKE(a->store)); /* says what was lost */
	return s.queued || s.lost_full || s.lost_other ? -EIO : 0;
}

/* Before the file is opened everything is there: a failure leaves the old one. */
static int write_metrics(const struct app *a)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(EXPOSE_MAX);
	const char *path = a->options->metrics_file;
	FILE *f;
	int r;

	if (!path)
		return 0;
	r = expose(a->metrics, NULL, 0, EXPOSE_TEXT, &text);
	f = r ? NULL : fopen(path, "we");
	if (!r && !f)
		r = -errno;
	if (f && fwrite(text.data, 1, text.len, f) != text.len)
		r = -EIO;
	if (f && fclose(f) && !r)
		r = -errno;
	if (r)
		log_error("metrics: cannot write: %s file=%s", strerror(-r), path);
	return r;
}

int app_finish(struct app *a, uint64_t flush_ms)
{
	int r, w;

	tracer_free(TAKE(a->tracer));
	r = finish_export(a, flush_ms);
	w = finish_store(a);
	r = r ? r : w;
	w = write_metrics(a);
	r = r ? r : w;
	w = tree_print(&a->tree, a->out);
	if (!w && (fflush(a->out) || print_error(&a->printer)))
		w = -EIO;
	if (w)
		log_error("output: cannot write: %s", strerror(-w));
	return r ? r : w;
}

void app_release(struct app *a)
{
	tracer_free(a->tracer);
	exports_release(&a->exports);
	billing_release(&a->billing);
	store_free(a->store);
	metrics_free(a->metrics);
	loop_free(a->loop);
	print_release(&a->printer);
	tree_release(&a->tree);
	if (a->out && a->out != stdout)
		fclose(a->out);
	*a = (struct app){ 0 };
}
