/* SPDX-License-Identifier: Apache-2.0 */
#include "watcher_internal.h"

#include "cleanup.h"
#include "log.h"
#include "proc.h"

#include <errno.h>

struct observed *watcher_find(const struct watcher *w, uint32_t tgid)
{
	return table_get(&w->processes, &tgid, sizeof(tgid));
}

static struct observed *find_or_add(struct watcher *w, uint32_t tgid)
{
	struct observed *o = watcher_find(w, tgid);
	int r;

	if (o)
		return o;
	r = observed_new(&o, tgid);
	if (!r)
		r = table_add(&w->processes, &tgid, sizeof(tgid), o);
	if (r) {
		LOG_RATE(LOG_LEVEL_WARN, "probe: process left out: %s pid=%u", strerror(-r), tgid);
		observed_free(o, w->reaper);
		return NULL;
	}
	kern_watch(w->kern, tgid, GENTAP_WATCH_ON, &o->stdio);
	return o;
}

/* ---- What processes are ------------------------------------------------------------- */

#define UNREAD_FIRST_NS (100 * NSEC_PER_USEC)
#define UNREAD_LAST_NS (50 * NSEC_PER_MSEC)

/* Within exec its new executable is mapped, and told of, before its arguments and its
 * environment are where /proc finds them: -EAGAIN. 0, -ESRCH, -ENOMEM. */
static int read_process(struct process **ret, uint32_t tgid)
{
	struct process *p;
	int r = proc_read(&p, tgid);

	if (r)
		return r;
	process_unref(*ret);
	*ret = p;
	return p->exe && !p->cmdline ? -EAGAIN : 0;
}

/* False: more is to be had later. What begun is stays as it is when nothing more is; others
 * may ask for the process at any time, and have it whole or not yet. */
static bool read_descriptions(struct watcher *w, struct observed *o)
{
	struct process *process = NULL;
	int r = o->begun_unread ? read_process(&o->begun, o->tgid) : 0;

	w->short_processes += r == -ESRCH && !o->begun;
	o->begun_unread = r == -EAGAIN;
	if (o->process || !observed_links(o))
		return !o->begun_unread;
	r = read_process(&process, o->tgid);
	if (r)
		process_unref(process);
	else
		o->process = process;
	return !o->begun_unread && r != -EAGAIN;
}

static void describe(struct watcher *w, struct observed *o)
{
	if (read_descriptions(w, o) || o->unread)
		return;
	o->unread = true;
	o->next_unread = w->unread;
	w->unread = o;
	w->unread_delay_ns = UNREAD_FIRST_NS;
	loop_set_timer(w->on_unread, w->unread_delay_ns);
}

static void unmark_unread(struct watcher *w, struct observed *o)
{
	struct observed **at = &w->unread;

	if (!o->unread)
		return;
	while (*at != o)
		at = &(*at)->next_unread;
	*at = o->next_unread;
	o->unread = false;
}

void watcher_read_unread(void *ctx)
{
	struct watcher *w = ctx;
	/* Some have no arguments indeed. */
	bool last = w->unread_delay_ns >= UNREAD_LAST_NS;

	for (struct observed *o = w->unread, *next; o; o = next) {
		next = o->next_unread;
		if (read_descriptions(w, o) || last)
			unmark_unread(w, o);
	}
	w->unread_delay_ns *= 2;
	if (w->unread)
		loop_set_timer(w->on_unread, w->unread_delay_ns);
}

/* ---- Attaching: a moment late, when all files that a process maps at once are known ---- */

static void mark_pending(struct watcher *w, struct observed *o)
{
	if (!o->pending)
		return;
	for (struct observed *other = w->pending; other; other = other->next)
		if (other == o)
			return;
	o->next = w->pending;
	w->pending = o;
	loop_set_timer(w->on_attach, 1);
}

static void unmark_pending(struct watcher *w, struct observed *o)
{
	for (struct observed **at = &w->pending; *at; at = &(*at)->next) {
		if (*at == o) {
			*at = o->next;
			return;
		}
	}
}

void watcher_attach_pending(void *ctx)
{
	struct watcher *w = ctx;
	struct observed *first = TAKE(w->pending);
	bool had = true;

	for (struct observed *o = first; o; o = o->next) {
		had = had && observed_links(o);
		w->attach_errors += observed_attach(o, w->kern);
	}
	/* While it lives: it may be gone before its first record is read. */
	for (struct observed *o = first; o; o = o->next)
		if (!o->process && observed_links(o))
			describe(w, o);
	if (!had)
		stdio_check_all(w);
}

void watcher_ask_jvm(struct watcher *w, struct observed *o)
{
	if (!w->jvms || !jvms_problem(w->jvms, o->tgid, o->java_problem, sizeof(o->java_problem)))
		*o->java_problem = '\0';
}

/* ---- What discovery tells ---------------------------------------------------------- */

/* Out of sight, but its description is kept until the main thread has read what it sent. */
static void end(struct watcher *w, struct observed *o, enum observed_end how, uint64_t ts_ns)
{
	uint32_t tgid = o->tgid;

	unmark_pending(w, o);
	unmark_unread(w, o);
	if (w->jvms) {
		watcher_ask_jvm(w, o);
		jvms_forget(w->jvms, tgid);
	}
	table_take(&w->processes, &tgid, sizeof(tgid));
	stdio_drop(w, o);
	o->exit_code = kern_exit_code(w->kern, tgid);
	kern_watch(w->kern, tgid, 0, &o->stdio);
	o->had_links = observed_links(o) != 0;
	observed_detach(o, w->reaper);
	o->end = how;
	o->end_ns = ts_ns;
	o->next = NULL;
	*w->ended_end = o;
	w->ended_end = &o->next;
	watcher_signal(w->told_fd);
}

/* Its own library, not the one that our agent is seen by. */
static bool is_jvm(const struct target *t)
{
	for (size_t i = 0; i < t->findings.n; i++)
		if (t->findings.finding[i].stack == STACK_JAVA && !t->findings.finding[i].points.n)
			return true;
	return false;
}

static bool on_mapped(void *ctx, const struct discover_mapping *m)
{
	struct watcher *w = ctx;
	struct target *t;
	struct observed *o;
	int r = targets_get(&w->targets, m, &t);

	if (r == -EINPROGRESS) {
		o = m->exe ? find_or_add(w, m->tgid) : NULL;
		if (o)
			observed_searches(o, t);
		else
			target_unref(t);
		return true;
	}
	if (r) {
		if (r != -ENOENT && r != -ESRCH)
			LOG_RATE(LOG_LEVEL_INFO, "probe: file not looked at: %s pid=%u file=%s",
				 strerror(-r), m->tgid, m->path);
		return r != -ENOENT;
	}
	o = find_or_add(w, m->tgid);
	if (!o) {
		target_unref(t);
		return true;
	}
	if (w->jvms && is_jvm(t))
		jvms_add(w->jvms, m->tgid);
	observed_add(o, t);
	mark_pending(w, o);
	return true;
}

/* The scout found something in a file that these processes map. */
void watcher_on_found(void *ctx, const uint32_t *tgids, size_t n)
{
	struct watcher *w = ctx;

	for (size_t i = 0; i < n; i++)
		discover_scan_pid(w->discover, tgids[i]);
	/* Children of theirs may map it too, and said nothing. */
	discover_scan_soon(w->discover);
}

static void on_exec(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct watcher *w = ctx;
	struct observed *o = watcher_find(w, tgid), *before = o;
	struct process *begun = o ? TAKE(o->begun) : NULL;
	uint64_t begun_ns = begun ? o->begun_ns : ts_ns;

	primer_begins(w->primer, tgid);
	if (before)
		end(w, before, OBSERVED_EXEC, ts_ns);
	o = find_or_add(w, tgid);
	if (!o) {
		process_unref(begun);
		return;
	}
	/* A shell that turns into its last command is what was asked for. */
	o->begun = begun;
	o->begun_ns = begun_ns;
	o->begun_unread = !begun && stdio_may_be_agent(w, stdio_parent_of(tgid));
	if (o->begun_unread)
		describe(w, o);
	stdio_check(w, o);
}

/* Probes are limited to one process: a child has the traps, but nobody listens. */
static void on_fork(void *ctx, uint32_t parent_tgid, uint32_t tgid, uint64_t ts_ns)
{
	struct watcher *w = ctx;
	struct observed *parent = watcher_find(w, parent_tgid);
	struct observed *child = find_or_add(w, tgid);

	(void)ts_ns;
	if (!parent || !child)
		return;
	for (size_t i = 0; i < parent->n; i++)
		observed_add(child, target_ref(parent->attachments[i].target));
	mark_pending(w, child);
}

static void on_begins(void *ctx)
{
	struct watcher *w = ctx;

	primer_ask(w->primer);
}

static void on_exit_(void *ctx, uint32_t tgid, uint64_t ts_ns)
{
	struct watcher *w = ctx;
	struct observed *o = watcher_find(w, tgid);

	primer_ends(w->primer, tgid);
	if (o)
		end(w, o, OBSERVED_EXIT, ts_ns);
}

static void on_left_out(void *ctx, uint32_t tgid, bool left_out, uint64_t ts_ns)
{
	struct watcher *w = ctx;
	struct observed *o = watcher_find(w, tgid);

	if (o && o->left_out)
		end(w, o, left_out ? OBSERVED_EXEC : OBSERVED_EXIT, ts_ns);
	kern_watch(w->kern, tgid, left_out ? GENTAP_WATCH_HELLO : 0, &(struct stdio_ends){ 0 });
}

const struct discover_sink watcher_follows = {
	.mapped = on_mapped,
	.exec = on_exec,
	.fork = on_fork,
	.begins = on_begins,
	.exit = on_exit_,
	.left_out = on_left_out,
};

/* ---- Parked ones ------------------------------------------------------------------ */

static int check_parked(void *value, void *arg)
{
	struct watcher *w = arg;
	struct observed *o = value;

	observed_check(o, w->kern);
	if (o->parked)
		loop_set_timer(w->on_park, PARK_TICK_NS);
	return 0;
}

void watcher_check_parked(void *ctx)
{
	struct watcher *w = ctx;

	table_each(&w->processes, check_parked, w);
}
