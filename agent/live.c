/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>

#define SWEEP_NS (200 * NSEC_PER_MSEC)

static void on_record(void *ctx, const void *record, size_t len)
{
	struct live *l = ctx;

	if (!l->pipeline) /* stopping: all that came in time was delivered */
		return;
	pipeline_record(l->pipeline, record, len);
	/* Behind the pipeline: it asked for the process first, so its frame precedes. */
	if (l->recorder)
		tracefile_write_record(l->recorder, record, len);
}

static void on_exit_(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct live *l = ctx;

	if (!l->pipeline)
		return;
	pipeline_process_exit(l->pipeline, tgid, ts_ns);
	if (l->recorder)
		tracefile_write_exit(l->recorder, tgid, ts_ns, false);
}

static void on_ended(void *ctx, struct process *process, uint64_t start_ns, uint64_t end_ns,
		     int wait_status)
{
	struct live *l = ctx;
	const struct effect e = {
		.process = process,
		.start_ns = start_ns + (uint64_t)l->boot_to_wall_ns,
		.end_ns = end_ns + (uint64_t)l->boot_to_wall_ns,
		.status = wait_status < 0 ? -1 : wait_status >> 8 & 0xff,
		.signal = wait_status < 0 ? 0 : wait_status & 0x7f,
	};

	if (l->pipeline)
		tracer_effect(l->app.tracer, &e);
}

static void on_exec(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct live *l = ctx;

	if (!l->pipeline)
		return;
	pipeline_process_exec(l->pipeline, tgid, ts_ns);
	if (l->recorder)
		tracefile_write_exit(l->recorder, tgid, ts_ns, true);
}

static void on_verdict(void *ctx, struct conn_id id, enum gentap_verdict verdict)
{
	struct live *l = ctx;

	probe_set_verdict(l->probe, id.tgid, id.ptr, id.gen, verdict);
}

static struct process *on_process(void *ctx, uint32_t tgid)
{
	struct live *l = ctx;
	struct process *p = probe_process(l->probe, tgid);

	if (p)
		workload_read(p, identity_variables(l->app.billing.identity));
	kube_apply(l->kube, p);
	if (p && l->recorder)
		tracefile_write_process(l->recorder, p);
	return p;
}

static void on_call(void *ctx, struct call *call)
{
	struct live *l = ctx;

	/* The list may have come since its process was first seen. */
	kube_apply(l->kube, call->process);
	app_call(&l->app, call);
}

static void on_process_gone(void *ctx, uint32_t tgid)
{
	struct live *l = ctx;

	app_exit(&l->app, tgid);
}

static void on_served(void *ctx, const struct served_request *request)
{
	struct live *l = ctx;

	app_served(&l->app, request);
}

static bool on_acts(void *ctx, const struct process *process)
{
	struct live *l = ctx;

	return app_acts(&l->app, process);
}

static void on_outbound(void *ctx, const struct outbound *outbound)
{
	struct live *l = ctx;

	app_outbound(&l->app, outbound);
}

static void on_sdk_span(void *ctx, struct process *process, const struct sdk_span *span)
{
	struct live *l = ctx;

	app_sdk_span(&l->app, process, span);
}

static void on_acting(void *ctx, uint32_t pid)
{
	struct live *l = ctx;

	probe_is_acting(l->probe, pid);
}

/* Only the probe knows why nothing was read. */
static bool on_may_ask(void *ctx, uint32_t tgid)
{
	const struct live *l = ctx;

	return l->pipeline && pipeline_may_ask(l->pipeline, tgid);
}

static void on_coverage(void *ctx, const struct conn_report *report)
{
	struct live *l = ctx;
	struct conn_report r = *report;
	struct probe_reason why;

	if (r.unread && probe_explain(l->probe, r.tgid, r.since_ns, &why)) {
		r.reason = why.text;
		r.remedy = why.remedy;
	}
	app_coverage(&l->app, &r);
}

/* Runs end when nothing follows: somebody has to notice. */
static void on_sweep(void *ctx)
{
	struct live *l = ctx;

	if (!l->pipeline) /* stopping: what was open has ended, and the loop only flushes */
		return;
	pipeline_sweep(l->pipeline, clock_boot_ns());
	tracer_sweep(l->app.tracer, clock_wall_ns());
	loop_set_timer(l->sweep, SWEEP_NS);
}

static bool asks_models(void *ctx, uint32_t tgid)
{
	const struct live *l = ctx;

	return l->pipeline && pipeline_asks(l->pipeline, tgid);
}

static int open_recorder(struct live *l, const char *path, int64_t boot_to_wall_ns)
{
	_cleanup_close_ int fd = -1;
	FILE *f;
	int r;

	if (!path)
		return 0;
	/* It holds prompts: nobody else's business. */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		r = -errno;
		log_error("record: cannot write: %s file=%s", strerror(-r), path);
		return r;
	}
	TAKE_FD(fd);
	r = tracefile_writer_new(&l->recorder, f, boot_to_wall_ns);
	if (!r)
		tracefile_writer_ask(l->recorder, asks_models, l);
	return r;
}

/* systemd names one; by itself only root has a place for it. */
const char *live_cache_dir(void)
{
	const char *dir = getenv("CACHE_DIRECTORY");

	return dir && *dir ? dir : geteuid() ? NULL : "/var/cache/gentap";
}

static int start_probe(struct live *l, const struct options *o, uint32_t root_pid)
{
	const uint32_t only[] = { root_pid, 0 };
	struct probe_config config = {
		.ring_bytes = o->ring_bytes,
		.cache_dir = live_cache_dir(),
		.java = o->java_attach,
		.features_off = o->features_off,
		.filter = {
			.pids = root_pid ? only : o->pids.count ? o->pids.items : NULL,
			.comms = o->comms.count ? o->comms.items : NULL,
			.exes = o->exes.count ? o->exes.items : NULL,
			.uids = o->uids.count ? o->uids.items : NULL,
			.exclude_comms = o->exclude_comms.count ? o->exclude_comms.items : NULL,
			.exclude_exes = o->exclude_exes.count ? o->exclude_exes.items : NULL,
			.exclude_uids = o->exclude_uids.count ? o->exclude_uids.items : NULL,
		},
	};
	const struct probe_sink sink = { l, on_record, on_exit_, on_exec, on_ended, on_may_ask };
	const char *error = NULL;
	int r = probe_new(&l->probe, l->app.loop, &config, &sink, &error);

	if (r)
		log_error("%s", error ? error : strerror(-r));
	return r;
}

static int start_kube(struct live *l, const struct options *o)
{
	const struct kube_config config = { o->kube_pods, o->kube_token, o->kube_ca };
	int r = kube_new(&l->kube, &config);

	if (r == -EINVAL)
		log_error("kubernetes: neither auto, off, an https URL nor one of this machine's "
			  "loopback: %s",
			  o->kube_pods);
	else if (r)
		log_error("kubernetes: %s", strerror(-r));
	return r;
}

int live_start(struct live *l, const struct options *o, const char *record_file, uint32_t root_pid)
{
	struct pipeline_config config = pipeline_config_default;
	const struct pipeline_sink sink = { l,		on_call,	 on_verdict,
					    on_process, on_process_gone, on_coverage,
					    on_served,	on_acts,	 on_outbound,
					    on_sdk_span };
	int r;

	*l = (struct live){ 0 };
	r = app_init(&l->app, o);
	if (r)
		return r;
	config.decoder = l->app.decoder;
	config.boot_to_wall_ns = l->boot_to_wall_ns = clock_boot_to_wall_ns();
	r = pipeline_new(&l->pipeline, &config, &sink);
	if (!r)
		r = start_kube(l, o);
	if (!r)
		r = start_probe(l, o, root_pid);
	if (!r)
		tracer_on_acting(l->app.tracer, on_acting, l);
	if (!r)
		r = loop_add_timer(l->app.loop, &l->sweep, SWEEP_NS, on_sweep, l);
	/* Last: a file that is there already is not emptied by a start that fails. Records
	 * come from the loop, so none is missed. */
	if (!r)
		r = open_recorder(l, record_file, config.boot_to_wall_ns);
	if (r)
		live_release(l);
	return r;
}

static void report_losses(const struct live *l, const struct probe_stats *probe)
{
	const struct pipeline_stats *s = pipeline_stats(l->pipeline);

	if (!s->lost_records && !s->lost_bytes && !probe->kernel[GENTAP_STAT_RING_FULL])
		return;
	log_warn("capture: some traffic was lost; the calls it hurt are marked partial "
		 "records=%llu bytes=%llu ring_full=%llu",
		 (unsigned long long)s->lost_records, (unsigned long long)s->lost_bytes,
		 (unsigned long long)probe->kernel[GENTAP_STAT_RING_FULL]);
}

static int close_recorder(struct live *l)
{
	int r = l->recorder ? tracefile_writer_close(TAKE(l->recorder)) : 0;

	if (r)
		log_error("record: the file is not complete: %s", strerror(-r));
	return r;
}

int live_stop(struct live *l, uint64_t flush_ms)
{
	struct probe_stats stats = { 0 };
	int r, w;

	probe_drain(l->probe);
	probe_read_stats(l->probe, &stats);
	report_losses(l, &stats);
	/* The last reading of metrics comes when that is gone which the agent's own are of. */
	exports_set_own(&l->app.exports, NULL, NULL);
	/* The pipeline may still send verdicts while it ends; the probe goes last. */
	pipeline_free(TAKE(l->pipeline));
	w = close_recorder(l);
	r = app_finish(&l->app, flush_ms);
	return r ? r : w;
}

void live_release(struct live *l)
{
	budgets_stop(TAKE(l->budgets));
	kube_free(TAKE(l->kube));
	pipeline_free(TAKE(l->pipeline));
	close_recorder(l);
	probe_free(TAKE(l->probe));
	app_release(&l->app);
}
