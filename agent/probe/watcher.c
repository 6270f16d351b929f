/* SPDX-License-Identifier: Apache-2.0 */
#include "watcher_internal.h"
#include "explain.h"
#include "reaper.h"

#include "cleanup.h"
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define PROCESSES_MAX 65536

void watcher_signal(int fd)
{
	const uint64_t one = 1;

	/* It is full of ones already: no harm. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void clear_fd(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

static void on_asked(void *ctx, int fd, uint32_t events)
{
	struct watcher *w = ctx;

	(void)events;
	clear_fd(fd);
	if (w->quit)
		loop_quit(w->loop);
}

/* ---- The thread -------------------------------------------------------------------- */

static void on_wait(void *ctx, bool waits)
{
	struct watcher *w = ctx;

	if (!waits) {
		pthread_mutex_lock(&w->lock);
		return;
	}
	pthread_mutex_unlock(&w->lock);
	urgent_check(&w->urgent);
}

static void *watch(void *arg)
{
	struct watcher *w = arg;
	int r;

	urgent_begin(&w->urgent);
	if (!w->urgent.permitted)
		log_debug("probe: no real-time priority: %s", strerror(errno));
	pthread_mutex_lock(&w->lock);
	loop_on_wait(w->loop, on_wait, w);
	r = loop_run(w->loop);
	loop_on_wait(w->loop, NULL, NULL);
	pthread_mutex_unlock(&w->lock);
	if (r)
		log_error("probe: new processes are not observed any more: %s", strerror(-r));
	return NULL;
}

/* The urgent thread may wait for one that is not: that one then is, so long. */
static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static int start_thread(struct watcher *w)
{
	sigset_t all, before;
	int r;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, watch, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->started = !r;
	return -r;
}

static int open_fds(struct watcher *w)
{
	w->told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->asked_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->told_fd < 0 || w->asked_fd < 0 ? -errno : 0;
}

static int start(struct watcher *w, const struct probe_config *config)
{
	struct discover_sink sink = watcher_follows;
	uint32_t entries = UINT32_C(1) << FEATURE_EMULATED_POINTS;
	bool entries_only = config->features_off & entries;
	int r = open_fds(w);

	if (!r)
		r = reaper_new(&w->reaper);
	if (!r && w->kern->has[FEATURE_MULTI] && primer_new(&w->primer, w->kern, w->reaper))
		log_warn("probe: no primer; short processes may be attached too late");
	if (!r && config->java)
		r = jvms_new(&w->jvms);
	if (!r)
		r = loop_new(&w->loop);
	if (!r)
		r = targets_init(&w->targets, w->loop, w->reaper,
				 entries_only ? NULL : config->cache_dir, watcher_on_found, w);
	w->targets.entries_only = entries_only;
	w->targets.java = config->java;
	if (!r)
		r = loop_add_fd(w->loop, &w->on_asked, w->asked_fd, EPOLLIN, on_asked, w);
	if (!r)
		r = loop_add_timer(w->loop, &w->on_attach, 0, watcher_attach_pending, w);
	if (!r)
		r = loop_add_timer(w->loop, &w->on_park, 0, watcher_check_parked, w);
	if (!r)
		r = loop_add_timer(w->loop, &w->on_unread, 0, watcher_read_unread, w);
	if (!r)
		r = loop_add_timer(w->loop, &w->stdio_off, 0, stdio_on_timer, w);
	sink.ctx = w;
	if (!r)
		r = discover_new(&w->discover, w->loop, &config->filter, &sink);
	if (r)
		return r;
	watcher_attach_pending(w);
	return start_thread(w);
}

int watcher_new(struct watcher **ret, struct kern *kern, const struct probe_config *config)
{
	struct watcher *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct watcher){ .kern = kern, .told_fd = -1, .asked_fd = -1 };
	w->one_tree = config->filter.pids != NULL;
	w->ended_end = &w->ended;
	init_lock(&w->lock);
	table_init(&w->processes, PROCESSES_MAX);
	r = start(w, config);
	if (r) {
		watcher_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

static int free_observed(void *value, void *arg)
{
	struct watcher *w = arg;

	observed_free(value, w->reaper);
	return 1;
}

static void stop_thread(struct watcher *w)
{
	if (!w->started)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_mutex_unlock(&w->lock);
	watcher_signal(w->asked_fd);
	pthread_join(w->thread, NULL);
}

void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	stop_thread(w);
	jvms_free(w->jvms);
	targets_stop(&w->targets);
	discover_free(w->discover);
	table_sweep(&w->processes, free_observed, w);
	table_release(&w->processes, NULL);
	while (w->ended) {
		struct observed *o = w->ended;

		w->ended = o->next;
		observed_free(o, w->reaper);
	}
	targets_release(&w->targets);
	loop_free(w->loop);
	primer_free(w->primer);
	reaper_free(w->reaper);
	pthread_mutex_destroy(&w->lock);
	if (w->told_fd >= 0)
		close(w->told_fd);
	if (w->asked_fd >= 0)
		close(w->asked_fd);
	free(w);
}

/* ---- For the main thread ----------------------------------------------------------- */

int watcher_fd(const struct watcher *w)
{
	return w->told_fd;
}

struct observed *watcher_take_ended(struct watcher *w)
{
	struct observed *first;

	pthread_mutex_lock(&w->lock);
	clear_fd(w->told_fd);
	first = TAKE(w->ended);
	w->ended_end = &w->ended;
	pthread_mutex_unlock(&w->lock);
	return first;
}

void watcher_give_back(struct watcher *w, struct observed *o)
{
	pthread_mutex_lock(&w->lock);
	observed_free(o, w->reaper);
	pthread_mutex_unlock(&w->lock);
}

/* Of what the filter leaves out only what connects to an LLM host is ever asked for. */
static struct observed *add_left_out(struct watcher *w, uint32_t tgid)
{
	struct observed *o;

	if (!discover_is_left_out(w->discover, tgid) || observed_new(&o, tgid))
		return NULL;
	o->left_out = true;
	if (table_add(&w->processes, &tgid, sizeof(tgid), o)) {
		observed_free(o, w->reaper);
		return NULL;
	}
	return o;
}

struct process *watcher_process(struct watcher *w, uint32_t tgid)
{
	struct process *p = NULL;
	struct observed *o;

	pthread_mutex_lock(&w->lock);
	for (o = w->ended; o && o->tgid != tgid; o = o->next)
		;
	if (!o)
		o = watcher_find(w, tgid);
	if (!o)
		o = add_left_out(w, tgid);
	if (o)
		p = observed_process(o);
	pthread_mutex_unlock(&w->lock);
	return p;
}

bool watcher_explain(struct watcher *w, uint32_t tgid, uint64_t since_ns, struct probe_reason *ret)
{
	struct observed *o;

	pthread_mutex_lock(&w->lock);
	for (o = w->ended; o && o->tgid != tgid; o = o->next)
		;
	if (!o) {
		o = watcher_find(w, tgid);
		if (o)
			watcher_ask_jvm(w, o);
	}
	if (o)
		explain_unread(o, since_ns, ret);
	pthread_mutex_unlock(&w->lock);
	return o;
}

int watcher_add_pid(struct watcher *w, uint32_t pid)
{
	int r;

	pthread_mutex_lock(&w->lock);
	r = discover_add_pid(w->discover, pid);
	watcher_attach_pending(w);
	pthread_mutex_unlock(&w->lock);
	watcher_signal(w->asked_fd);
	return r;
}

void watcher_is_hot(struct watcher *w, uint32_t tgid)
{
	struct observed *o;
	bool parked;

	pthread_mutex_lock(&w->lock);
	o = watcher_find(w, tgid);
	parked = o && observed_park(o, w->kern, w->reaper);
	if (parked)
		loop_set_timer(w->on_park, PARK_TICK_NS);
	pthread_mutex_unlock(&w->lock);
	if (parked)
		watcher_signal(w->asked_fd);
}

void watcher_connects(struct watcher *w, uint32_t tgid)
{
	struct observed *o;

	pthread_mutex_lock(&w->lock);
	o = watcher_find(w, tgid);
	if (o)
		observed_unpark(o, w->kern);
	pthread_mutex_unlock(&w->lock);
}

void watcher_is_wanted(struct watcher *w, uint32_t tgid)
{
	struct observed *o;

	pthread_mutex_lock(&w->lock);
	o = watcher_find(w, tgid);
	if (o) {
		o->wanted_ns = clock_mono_ns();
		o->deaf_ns = 0;
	}
	pthread_mutex_unlock(&w->lock);
}

void watcher_no_stdio(struct watcher *w, uint32_t tgid)
{
	struct observed *o;

	pthread_mutex_lock(&w->lock);
	o = watcher_find(w, tgid);
	if (o)
		stdio_drop(w, o);
	pthread_mutex_unlock(&w->lock);
	watcher_signal(w->asked_fd); /* it may have set a timer */
}

static int count_links(void *value, void *arg)
{
	*(uint64_t *)arg += observed_links(value);
	return 0;
}

void watcher_read_stats(struct watcher *w, struct probe_stats *ret)
{
	struct discover_stats d = { 0 };

	pthread_mutex_lock(&w->lock);
	discover_read_stats(w->discover, &d);
	ret->links = 0;
	table_each(&w->processes, count_links, &ret->links);
	ret->attach_errors = w->attach_errors;
	ret->short_processes = w->short_processes;
	ret->unsearched = scout_pending(w->targets.scout);
	pthread_mutex_unlock(&w->lock);
	ret->processes = d.processes;
	ret->perf_lost = d.lost;
}

struct each {
	void (*fn)(void *ctx, const struct observed *o);
	void *ctx;
};

static int each_one(void *value, void *arg)
{
	const struct each *e = arg;

	observed_process(value);
	e->fn(e->ctx, value);
	return 0;
}

void watcher_each(struct watcher *w, void (*fn)(void *ctx, const struct observed *o), void *ctx)
{
	struct each e = { fn, ctx };

	pthread_mutex_lock(&w->lock);
	table_each(&w->processes, each_one, &e);
	pthread_mutex_unlock(&w->lock);
}
