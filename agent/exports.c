/* SPDX-License-Identifier: Apache-2.0 */
#include "exports.h"

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "destination.h"
#include "log.h"

#include <errno.h>

#define WARNINGS_MAX (64 * 1024)

static void log_warnings(const struct buf *warnings)
{
	struct slice rest = buf_slice(warnings);

	while (rest.data && rest.len) {
		struct slice line = slice_cut(&rest, '\n');

		if (line.len)
			log_warn("otlp: %.*s", SLICE_FMT(line));
	}
}

/* Once there is a destination: who exports nothing needs no place on disk. */
static int set_spool(struct exports *e, struct otlp_options *x, const struct options *o)
{
	int r = e->place.base ? 0 : spool_place_init(&e->place, o->spool_dir);

	if (r) {
		log_warn("otlp: nothing is kept on disk: %s directory=%s", strerror(-r),
			 o->spool_dir);
		return r == -ENOMEM ? r : 0;
	}
	x->spool_bytes_max = o->spool_mib * 1024 * 1024;
	return spool_place_for(&e->place, x, &x->spool_dir);
}

static void on_orphan(void *ctx, const char *dir, uint64_t bytes)
{
	(void)ctx;
	log_warn("otlp: on disk waits what was for a destination (URL, headers) that is not "
		 "configured any more: it is not sent, and may be deleted directory=%s bytes=%llu",
		 dir, (unsigned long long)bytes);
}

static void tell_orphans(const struct exports *e)
{
	const char *used[EXPORTS_MAX];

	for (size_t i = 0; i < e->count; i++)
		used[i] = e->items[i].options.spool_dir;
	if (e->place.base)
		spool_place_orphans(&e->place, used, e->count, on_orphan, NULL);
}

/* Nothing for a signal that this environment does not send anywhere. */
static int add_signal(struct exports *e, const struct options *o, enum otlp_signal signal,
		      struct otlp_env env, const struct otlp_host *host)
{
	_cleanup_(buf_cleanup) struct buf warnings = BUF_INIT(WARNINGS_MAX);
	struct export *x = &e->items[e->count];
	int r;

	if (e->count == EXPORTS_MAX)
		return -E2BIG;
	r = otlp_options_from_env(&x->options, signal, env, &warnings);
	if (r)
		return r;
	/* What is wrong with variables of all signals is wrong with the first. */
	if (signal == OTLP_TRACES || x->options.endpoint)
		log_warnings(&warnings);
	x->options.profile = o->semconv;
	x->exports = e;
	if (x->options.endpoint && o->spool_dir)
		r = set_spool(e, &x->options, o);
	if (!r && x->options.endpoint)
		r = exporter_new(&x->exporter, e->loop, &x->options,
				 signal == OTLP_METRICS ? &e->agent_host : host);
	if (!x->exporter) {
		otlp_options_release(&x->options);
		*x = (struct export){ 0 };
	}
	e->count += !r && x->exporter;
	return r;
}

static int add_signals(struct exports *e, const struct options *o, struct otlp_env env,
		       const struct otlp_host *host, bool events)
{
	int r = add_signal(e, o, OTLP_TRACES, env, host);

	if (!r)
		r = add_signal(e, o, OTLP_METRICS, env, host);
	if (!r && events)
		r = add_signal(e, o, OTLP_LOGS, env, host);
	return r;
}

static const char *process_env(void *ctx, const char *name)
{
	(void)ctx;
	return options_getenv(name);
}

static int add_line(struct exports *e, const struct options *o, const char *prefix,
		    const char *line, const struct otlp_host *host, bool events)
{
	_cleanup_(buf_cleanup) struct buf error = BUF_INIT(WARNINGS_MAX), full = BUF_INIT(1 << 20);
	const struct otlp_env env = { NULL, process_env };
	struct destination d;
	int r;

	buf_add_str(&full, prefix);
	buf_add_str(&full, line);
	r = destination_init(&d, buf_slice(&full), env, &error);
	if (!r)
		r = add_signals(e, o, destination_env(&d), host, events);
	if (error.len)
		log_error("export: %.*s", SLICE_FMT(buf_slice(&error)));
	destination_release(&d);
	return r;
}

int exports_init(struct exports *e, const struct options *o, struct loop *loop,
		 const struct otlp_host *host, bool events)
{
	const struct otlp_env env = { NULL, process_env };
	int r;

	*e = (struct exports){ .loop = loop, .agent_host = *host };
	/* Metrics are the sums of many processes: who sends them is the agent. */
	if (!e->agent_host.service_name.len)
		e->agent_host.service_name = SLICE("gentap");
	r = add_signals(e, o, env, host, events);
	for (size_t i = 0; !r && i < o->exports.count; i++)
		r = add_line(e, o, "", o->exports.items[i], host, events);
	for (size_t i = 0; !r && i < o->export_presets.count; i++)
		r = add_line(e, o, "preset=", o->export_presets.items[i], host, events);
	if (r == -E2BIG)
		log_error("export: too many destinations");
	if (!r)
		tell_orphans(e);
	return r;
}

void exports_release(struct exports *e)
{
	for (size_t i = 0; i < e->count; i++) {
		exporter_free(e->items[i].exporter);
		metrics_reader_free(e->items[i].reader);
		loop_remove(e->items[i].timer);
		otlp_options_release(&e->items[i].options);
	}
	*e = (struct exports){ 0 };
}

bool exports_want(const struct exports *e, enum otlp_signal signal)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].options.signal == signal)
			return true;
	return false;
}

bool exports_exponential(const struct exports *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].options.exponential)
			return true;
	return false;
}

static bool is_inference(const struct span *s)
{
	return s->call && (s->call->op == OP_CHAT || s->call->op == OP_GENERATE_CONTENT ||
			   s->call->op == OP_TEXT_COMPLETION);
}

void exports_span(struct exports *e, const struct span *s)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].options.signal == OTLP_TRACES)
			exporter_span(e->items[i].exporter, s);
}

void exports_event(struct exports *e, const struct span *s)
{
	for (size_t i = 0; is_inference(s) && i < e->count; i++)
		if (e->items[i].options.signal == OTLP_LOGS)
			exporter_details(e->items[i].exporter, s);
}

/* ---- Metrics ------------------------------------------------------------------------------- */

static void on_metric(void *ctx, const struct otlp_metric *m, const struct otlp_point *points,
		      size_t n_points)
{
	exporter_metric(ctx, m, points, n_points);
}

static void read_metrics(struct export *x)
{
	const struct metrics_sink sink = { x->exporter, on_metric };
	struct expose_value own[EXPORTS_OWN_MAX];
	size_t n = x->exports->own ? x->exports->own(x->exports->own_ctx, own) : 0;

	metrics_read(x->reader, clock_wall_ns(), own, n, &sink);
}

static void on_interval(void *ctx)
{
	struct export *x = ctx;

	read_metrics(x);
	loop_set_timer(x->timer, x->options.interval_ms * NSEC_PER_MSEC);
}

int exports_start_metrics(struct exports *e, const struct metrics *m, uint64_t now_ns)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->count; i++) {
		struct export *x = &e->items[i];
		const struct metrics_reader_config config = {
			.delta = x->options.temporality != OTLP_PREFER_CUMULATIVE,
			.delta_own = x->options.temporality == OTLP_PREFER_DELTA,
			.exponential = x->options.exponential,
			.start_ns = now_ns,
		};

		if (x->options.signal != OTLP_METRICS)
			continue;
		r = metrics_reader_new(&x->reader, m, &config);
		if (!r)
			r = loop_add_timer(e->loop, &x->timer,
					   x->options.interval_ms * NSEC_PER_MSEC, on_interval, x);
	}
	return r;
}

void exports_set_own(struct exports *e, exports_own_fn own, void *ctx)
{
	e->own = own;
	e->own_ctx = ctx;
}

/* ---- The end ------------------------------------------------------------------------------- */

static uint64_t queued(const struct exports *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		n += exporter_stats(e->items[i].exporter)->queued;
	return n;
}

static uint64_t stowed(const struct exports *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		n += exporter_stats(e->items[i].exporter)->stowed;
	return n;
}

int exports_flush(struct exports *e, uint64_t deadline_ms)
{
	uint64_t now, end = clock_mono_ns() + deadline_ms * NSEC_PER_MSEC;
	int r = 0;

	for (size_t i = 0; i < e->count; i++) {
		if (e->items[i].reader)
			read_metrics(&e->items[i]);
		exporter_hurry(e->items[i].exporter, true);
	}
	while (r >= 0 && queued(e) && (now = clock_mono_ns()) < end)
		r = loop_run_once(e->loop, (int)MIN((end - now) / NSEC_PER_MSEC + 1, 1000ul));
	for (size_t i = 0; i < e->count; i++) {
		exporter_hurry(e->items[i].exporter, false);
		exporter_stow(e->items[i].exporter);
	}
	return r < 0 ? r : queued(e) > stowed(e) ? -ETIMEDOUT : 0;
}

struct otlp_stats exports_stats(const struct exports *e, enum otlp_signal signal)
{
	struct otlp_stats sum = { 0 };

	for (size_t i = 0; i < e->count; i++) {
		const struct otlp_stats *s = exporter_stats(e->items[i].exporter);

		if (e->items[i].options.signal != signal)
			continue;
		sum.items += s->items;
		sum.exported += s->exported;
		sum.dropped_full += s->dropped_full;
		sum.dropped_refused += s->dropped_refused;
		sum.dropped_expired += s->dropped_expired;
		sum.retries += s->retries;
		sum.requests += s->requests;
		sum.tls_failures += s->tls_failures;
		sum.queued += s->queued;
		sum.stowed += s->stowed;
		sum.recovered += s->recovered;
	}
	return sum;
}

const char *exports_shown(const struct exports *e)
{
	return e->count ? e->items[0].options.endpoint_shown : NULL;
}
