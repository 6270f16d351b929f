/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"
#include "discover.h"
#include "kern.h"
#include "observed.h"
#include "reaper.h"
#include "ring.h"

#include "cleanup.h"
#include "log.h"
#include "proc.h"

#include <errno.h>

#define PROCESSES_MAX 65536
#define PARK_TICK_NS NSEC_PER_SEC
#define STATE_MAX 160

struct probe {
	struct probe_sink sink;
	struct loop *loop;
	struct kern kern;
	struct reaper *reaper;
	struct ring *ring;
	struct discover *discover;
	struct targets targets;
	struct table processes;	       /* tgid → struct observed */
	struct observed *pending;      /* to be attached when the loop gets to it */
	struct loop_source *on_attach; /* fires then */
	struct loop_source *on_park;   /* while anything is parked */
	uint64_t attach_errors;
};

static struct observed *find(const struct probe *p, uint32_t tgid)
{
	return table_get(&p->processes, &tgid, sizeof(tgid));
}

static struct observed *find_or_add(struct probe *p, uint32_t tgid)
{
	struct observed *o = find(p, tgid);
	int r;

	if (o)
		return o;
	r = observed_new(&o, tgid);
	if (!r)
		r = table_add(&p->processes, &tgid, sizeof(tgid), o);
	if (r) {
		LOG_RATE(LOG_LEVEL_WARN, "probe: process left out: %s pid=%u", strerror(-r), tgid);
		observed_free(o, p->reaper);
		return NULL;
	}
	kern_watch(&p->kern, tgid, GENTAP_WATCH_ON);
	return o;
}

/* ---- Attaching: a moment late, when all files that a process maps at once are known ---- */

static void mark_pending(struct probe *p, struct observed *o)
{
	if (!o->pending)
		return;
	for (struct observed *other = p->pending; other; other = other->next_pending)
		if (other == o)
			return;
	o->next_pending = p->pending;
	p->pending = o;
	loop_set_timer(p->on_attach, 1);
}

static void unmark_pending(struct probe *p, struct observed *o)
{
	for (struct observed **at = &p->pending; *at; at = &(*at)->next_pending) {
		if (*at == o) {
			*at = o->next_pending;
			return;
		}
	}
}

static void attach_pending(void *ctx)
{
	struct probe *p = ctx;

	while (p->pending) {
		struct observed *o = p->pending;

		p->pending = o->next_pending;
		p->attach_errors += observed_attach(o, &p->kern);
		/* While it lives: it may be gone before its first record is read. */
		if (!o->process && observed_links(o))
			proc_read(&o->process, o->tgid);
	}
}

static void drop(struct probe *p, struct observed *o)
{
	uint32_t tgid = o->tgid;

	if (observed_links(o))
		kern_forget_conns(&p->kern, tgid);
	unmark_pending(p, o);
	table_take(&p->processes, &tgid, sizeof(tgid));
	kern_watch(&p->kern, tgid, 0);
	observed_free(o, p->reaper);
}

/* ---- What discovery tells ---------------------------------------------------------- */

static bool on_mapped(void *ctx, const struct discover_mapping *m)
{
	struct probe *p = ctx;
	struct target *t;
	struct observed *o;
	int r = targets_get(&p->targets, m, &t);

	if (r) {
		if (r != -ENOENT && r != -ESRCH && r != -EINPROGRESS)
			LOG_RATE(LOG_LEVEL_INFO, "probe: file not looked at: %s pid=%u file=%s",
				 strerror(-r), m->tgid, m->path);
		return r != -ENOENT;
	}
	o = find_or_add(p, m->tgid);
	if (!o) {
		target_unref(t);
		return true;
	}
	observed_add(o, t);
	mark_pending(p, o);
	return true;
}

/* The scout found something in a file that these processes map. */
static void on_found(void *ctx, const uint32_t *tgids, size_t n)
{
	struct probe *p = ctx;

	for (size_t i = 0; i < n; i++)
		discover_scan_pid(p->discover, tgids[i]);
	/* Children of theirs may map it too, and said nothing. */
	discover_scan_soon(p->discover);
	attach_pending(p);
}

static void on_exec(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;
	struct observed *o = find(p, tgid);

	probe_drain(p); /* what the old image sent comes first */
	if (o)
		drop(p, o);
	find_or_add(p, tgid);
	if (p->sink.exec)
		p->sink.exec(p->sink.ctx, tgid, ts_ns);
}

/* Probes are limited to one process: a child has the traps, but nobody listens. */
static void on_fork(void *ctx, uint32_t parent_tgid, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;
	struct observed *parent = find(p, parent_tgid);
	struct observed *child = find_or_add(p, tgid);

	(void)ts_ns;
	if (!parent || !child)
		return;
	for (size_t i = 0; i < parent->n; i++)
		observed_add(child, target_ref(parent->attachments[i].target));
	mark_pending(p, child);
}

/* A child may call the library within a millisecond. */
static bool on_hurries(void *ctx, uint32_t parent_tgid)
{
	struct probe *p = ctx;
	struct observed *o = find(p, parent_tgid);

	return o && observed_links(o);
}

static void on_exit_(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct probe *p = ctx;
	struct observed *o = find(p, tgid);

	probe_drain(p);
	if (p->sink.exit)
		p->sink.exit(p->sink.ctx, tgid, ts_ns);
	if (o)
		drop(p, o);
}

/* ---- What the kernel sends --------------------------------------------------------- */

static void on_hot(struct probe *p, struct observed *o)
{
	if (o && observed_park(o, &p->kern, p->reaper))
		loop_set_timer(p->on_park, PARK_TICK_NS);
}

static void on_record(void *ctx, const void *record, size_t len)
{
	struct probe *p = ctx;
	const struct gentap_event *e = record;

	if (len < sizeof(*e) || e->data_len > len - sizeof(*e))
		return;
	switch (e->type) {
	case GENTAP_EV_HOT:
		on_hot(p, find(p, e->tgid));
		return;
	case GENTAP_EV_CONNECT: {
		struct observed *o = find(p, e->tgid);

		if (o)
			observed_unpark(o, &p->kern);
		return;
	}
	}
	/* Of fixed size in the ring; the rest is left from before. */
	p->sink.record(p->sink.ctx, record, sizeof(*e) + e->data_len);
}

static int check_parked(void *value, void *arg)
{
	struct probe *p = arg;
	struct observed *o = value;

	observed_check(o, &p->kern);
	if (o->parked)
		loop_set_timer(p->on_park, PARK_TICK_NS);
	return 0;
}

static void on_park_timer(void *ctx)
{
	struct probe *p = ctx;

	table_each(&p->processes, check_parked, p);
}

/* ---- API --------------------------------------------------------------------------- */

static int start(struct probe *p, struct loop *loop, const struct probe_config *config)
{
	const struct discover_sink sink = {
		.ctx = p,
		.mapped = on_mapped,
		.exec = on_exec,
		.fork = on_fork,
		.hurries = on_hurries,
		.exit = on_exit_,
	};
	int r = reaper_new(&p->reaper);

	if (!r)
		r = targets_init(&p->targets, loop, config->cache_dir, on_found, p);
	if (!r)
		r = ring_new(&p->ring, loop, kern_ring_fd(&p->kern), p->kern.ring_bytes,
			     kern_consumer_state(&p->kern), on_record, p);
	if (!r)
		r = loop_add_timer(loop, &p->on_attach, 1, attach_pending, p);
	if (!r)
		r = loop_add_timer(loop, &p->on_park, PARK_TICK_NS, on_park_timer, p);
	if (!r)
		r = discover_new(&p->discover, loop, &config->filter, &sink);
	if (!r)
		attach_pending(p);
	return r;
}

int probe_new(struct probe **ret, struct loop *loop, const struct probe_config *config,
	      const struct probe_sink *sink, const char **ret_error)
{
	struct probe *p = calloc(1, sizeof(*p));
	int r;

	*ret_error = "out of memory";
	if (!p)
		return -ENOMEM;
	p->sink = *sink;
	p->loop = loop;
	table_init(&p->processes, PROCESSES_MAX);
	r = kern_open(&p->kern, config, ret_error);
	if (!r) {
		*ret_error =
			"processes cannot be observed: is /proc mounted, and not with hidepid?";
		r = start(p, loop, config);
	}
	if (r) {
		probe_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

static int free_observed(void *value, void *arg)
{
	struct probe *p = arg;

	observed_free(value, p->reaper);
	return 1;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	targets_stop(&p->targets);
	discover_free(p->discover);
	p->discover = NULL;
	if (p->ring)
		ring_drain(p->ring);
	table_sweep(&p->processes, free_observed, p);
	table_release(&p->processes, NULL);
	targets_release(&p->targets);
	loop_remove(p->on_park);
	loop_remove(p->on_attach);
	ring_free(p->ring);
	kern_close(&p->kern);
	reaper_free(p->reaper);
	free(p);
}

void probe_set_verdict(struct probe *p, uint32_t tgid, uint64_t ptr, uint64_t gen,
		       enum gentap_verdict verdict)
{
	struct observed *o = find(p, tgid);

	kern_set_verdict(&p->kern, tgid, ptr, gen, verdict);
	if (o && verdict == GENTAP_WANTED) {
		o->wanted_ns = clock_mono_ns();
		o->deaf_ns = 0;
	}
}

bool probe_settle(struct probe *p, unsigned int timeout_ms)
{
	uint64_t end_ns = clock_mono_ns() + timeout_ms * NSEC_PER_MSEC;

	while (scout_pending(p->targets.scout)) {
		uint64_t now = clock_mono_ns();

		if (now >= end_ns ||
		    loop_run_once(p->loop, (int)((end_ns - now) / NSEC_PER_MSEC) + 1) < 0)
			return false;
	}
	return true;
}

void probe_drain(struct probe *p)
{
	ring_drain(p->ring);
}

int probe_add_pid(struct probe *p, uint32_t pid)
{
	int r = discover_add_pid(p->discover, pid);

	attach_pending(p);
	return r;
}

struct process *probe_process(struct probe *p, uint32_t tgid)
{
	struct observed *o = find(p, tgid);

	if (!o)
		return NULL;
	/* Gone from /proc already: its pid is still the truth. */
	if (!o->process && proc_read(&o->process, tgid) && !process_new(&o->process))
		o->process->pid = tgid;
	return o->process;
}

static int count_links(void *value, void *arg)
{
	*(uint64_t *)arg += observed_links(value);
	return 0;
}

void probe_read_stats(struct probe *p, struct probe_stats *ret)
{
	struct discover_stats d = { 0 };
	struct probe_stats s = { .attach_errors = p->attach_errors };

	discover_read_stats(p->discover, &d);
	kern_read_stats(&p->kern, s.kernel);
	table_each(&p->processes, count_links, &s.links);
	s.processes = d.processes;
	s.unsearched = scout_pending(p->targets.scout);
	s.perf_lost = d.lost;
	*ret = s;
}

struct report {
	struct probe *p;
	void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
		     const char *state);
	void *ctx;
};

static void state_of(const struct observed *o, const struct attachment *a, size_t i,
		     char ret[STATE_MAX])
{
	const struct finding *f = &a->target->findings.finding[i];

	snprintf(ret, STATE_MAX, "%s: %s%s", tls_stack_name(f->stack),
		 o->parked	   ? "parked: many connections, none to an LLM"
		 : a->errors[i]	   ? strerror(-a->errors[i])
		 : !f->points.n	   ? "not observed: "
		 : !a->attached[i] ? "not attached"
				   : "attached, found by ",
		 !o->parked && !a->errors[i] && (!f->points.n || a->attached[i]) ? f->note : "");
}

static int report_one(void *value, void *arg)
{
	const struct observed *o = value;
	const struct report *r = arg;
	const struct process *process = NULL;

	for (size_t i = 0; i < o->n; i++) {
		const struct attachment *a = &o->attachments[i];

		for (size_t k = 0; k < a->target->findings.n; k++) {
			char state[STATE_MAX];

			process = process ? process : probe_process(r->p, o->tgid);
			state_of(o, a, k, state);
			r->line(r->ctx, o->tgid, process && process->exe ? process->exe : "?",
				a->target->path, state);
		}
	}
	return 0;
}

void probe_report(struct probe *p,
		  void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
			       const char *state),
		  void *ctx)
{
	struct report r = { p, line, ctx };

	table_each(&p->processes, report_one, &r);
}
