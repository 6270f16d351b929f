/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"
#include "explain.h"
#include "kern.h"
#include "locate/java.h"
#include "ring.h"
#include "watcher.h"

#include "cleanup.h"
#include "log.h"

#include <errno.h>
#include <sys/epoll.h>

#define STATE_MAX 160
#define SETTLE_STEP_MS 20

struct probe {
	struct probe_sink sink;
	struct loop *loop;
	struct kern kern;
	struct watcher *watcher;
	struct ring *ring;
	struct loop_source *on_ended;
	/* Taken from the watcher, not told yet: what they sent before their end comes first. */
	struct observed *ended;
};

/* ---- Ends, each in its place between the records ------------------------------------ */

static void tell_end(struct probe *p, struct observed *o)
{
	void (*tell)(void *, uint32_t, uint64_t) =
		o->end == OBSERVED_EXEC ? p->sink.exec : p->sink.exit;

	if (o->had_links)
		kern_forget_conns(&p->kern, o->tgid, o->end_ns);
	if (o->end == OBSERVED_EXIT)
		kern_set_acting(&p->kern, o->tgid, false);
	if (o->end == OBSERVED_EXIT && o->begun && p->sink.ended)
		p->sink.ended(p->sink.ctx, o->begun, o->begun_ns, o->end_ns, o->exit_code);
	if (tell)
		tell(p->sink.ctx, o->tgid, o->end_ns);
	p->ended = o->next;
	watcher_give_back(p->watcher, o);
}

static void tell_ends_until(struct probe *p, uint64_t ts_ns)
{
	while (p->ended && p->ended->end_ns < ts_ns)
		tell_end(p, p->ended);
}

/* All that an ended process sent is in the ring by now. */
void probe_drain(struct probe *p)
{
	struct observed **at = &p->ended;

	while (*at)
		at = &(*at)->next;
	*at = watcher_take_ended(p->watcher);
	if (ring_drain(p->ring))
		tell_ends_until(p, UINT64_MAX);
}

static void on_ended(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	probe_drain(ctx);
}

/* ---- Records ------------------------------------------------------------------------ */

static void on_record(void *ctx, const void *record, size_t len)
{
	struct probe *p = ctx;
	const struct gentap_event *e = record;

	if (len < sizeof(*e) || e->data_len > len - sizeof(*e))
		return;
	tell_ends_until(p, e->ts_ns);
	switch (e->type) {
	case GENTAP_EV_HOT:
		/* Parked, it would not be seen on a connection of before. */
		if (!p->sink.may_ask || !p->sink.may_ask(p->sink.ctx, e->tgid))
			watcher_is_hot(p->watcher, e->tgid);
		return;
	case GENTAP_EV_CONNECT:
		watcher_connects(p->watcher, e->tgid);
		return;
	case GENTAP_EV_NO_STDIO:
		watcher_no_stdio(p->watcher, e->tgid);
		return;
	}
	/* Of fixed size in the ring; the rest is left from before. */
	p->sink.record(p->sink.ctx, record, sizeof(*e) + e->data_len);
}

/* ---- API ---------------------------------------------------------------------------- */

static int start(struct probe *p, struct loop *loop, const struct probe_config *config)
{
	int r = ring_new(&p->ring, loop, kern_ring_fd(&p->kern), p->kern.ring_bytes,
			 kern_consumer_state(&p->kern), on_record, p);

	if (!r)
		r = watcher_new(&p->watcher, &p->kern, config);
	if (!r)
		r = loop_add_fd(loop, &p->on_ended, watcher_fd(p->watcher), EPOLLIN, on_ended, p);
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
	r = kern_open(&p->kern, config, ret_error);
	if (!r) {
		*ret_error =
			"processes cannot be observed: is /proc mounted, and not with hidepid?";
		r = start(p, loop, config);
		if (r == -ENOTSUP && config->java)
			*ret_error = "this build has no agent for JVMs: build gentap again where "
				     "there is javac "
				     "(openjdk-17-jdk-headless)";
	}
	if (r) {
		probe_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	if (p->watcher)
		probe_drain(p);
	loop_remove(p->on_ended);
	ring_free(p->ring);
	watcher_free(p->watcher);
	kern_close(&p->kern);
	free(p);
}

void probe_set_verdict(struct probe *p, uint32_t tgid, uint64_t ptr, uint64_t gen,
		       enum gentap_verdict verdict)
{
	kern_set_verdict(&p->kern, tgid, ptr, gen, verdict);
	if (verdict != GENTAP_WANTED)
		return;
	watcher_is_wanted(p->watcher, tgid);
	/* Before the answer that asks for tools: they begin sooner than it is read here. */
	kern_set_acting(&p->kern, tgid, true);
}

void probe_is_acting(struct probe *p, uint32_t tgid)
{
	kern_set_acting(&p->kern, tgid, true);
}

void probe_prepare(const char *cache_dir, const char *path)
{
	targets_prepare(cache_dir, path);
}

bool probe_settle(struct probe *p, unsigned int timeout_ms)
{
	uint64_t end_ns = clock_mono_ns() + timeout_ms * NSEC_PER_MSEC;
	struct probe_stats stats = { 0 };

	for (;;) {
		watcher_read_stats(p->watcher, &stats);
		if (!stats.unsearched)
			return true;
		if (clock_mono_ns() >= end_ns || loop_run_once(p->loop, SETTLE_STEP_MS) < 0)
			return false;
	}
}

int probe_add_pid(struct probe *p, uint32_t pid)
{
	return watcher_add_pid(p->watcher, pid);
}

struct process *probe_process(struct probe *p, uint32_t tgid)
{
	for (struct observed *o = p->ended; o; o = o->next)
		if (o->tgid == tgid)
			return observed_process(o);
	return watcher_process(p->watcher, tgid);
}

bool probe_explain(struct probe *p, uint32_t tgid, uint64_t since_ns, struct probe_reason *ret)
{
	for (struct observed *o = p->ended; o; o = o->next) {
		if (o->tgid == tgid) {
			explain_unread(o, since_ns, ret);
			return true;
		}
	}
	return watcher_explain(p->watcher, tgid, since_ns, ret);
}

void probe_read_stats(struct probe *p, struct probe_stats *ret)
{
	kern_read_stats(&p->kern, ret->kernel);
	watcher_read_stats(p->watcher, ret);
}

bool probe_uses(const struct probe *p, enum feature feature)
{
	return p->kern.has[feature];
}

struct report {
	void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
		     const char *state);
	void *ctx;
};

static void state_of(const struct observed *o, const struct attachment *a, size_t i,
		     char ret[STATE_MAX])
{
	const struct finding *f = &a->target->findings.finding[i];
	bool unasked = f->stack == STACK_JAVA && !a->target->owner->java;

	snprintf(ret, STATE_MAX, "%s: %s%s", tls_stack_name(f->stack),
		 o->parked	   ? "parked: many connections, none to an LLM"
		 : a->errors[i]	   ? strerror(-a->errors[i])
		 : unasked	   ? "not observed: " JAVA_NOTE
		 : !f->points.n	   ? "not observed: "
		 : !a->attached[i] ? "not attached"
				   : "attached, found by ",
		 !o->parked && !a->errors[i] && !unasked && (!f->points.n || a->attached[i])
			 ? f->note
			 : "");
}

static void report_one(void *ctx, const struct observed *o)
{
	const struct report *r = ctx;

	for (size_t i = 0; i < o->n; i++) {
		const struct attachment *a = &o->attachments[i];

		for (size_t k = 0; k < a->target->findings.n; k++) {
			char state[STATE_MAX];

			state_of(o, a, k, state);
			r->line(r->ctx, o->tgid,
				o->process && o->process->exe ? o->process->exe : "?",
				a->target->path, state);
		}
	}
}

void probe_report(struct probe *p,
		  void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
			       const char *state),
		  void *ctx)
{
	struct report r = { line, ctx };

	watcher_each(p->watcher, report_one, &r);
}
