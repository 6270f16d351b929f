/* SPDX-License-Identifier: Apache-2.0 */
#include "discover_internal.h"

#include "cleanup.h"
#include "clock.h"
#include "filter.h"
#include "log.h"
#include "proc.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PROCESSES_MAX 262144
#define DULL_FILES_MAX 16384
#define RING_BYTES (256 * 1024)

#define DYING_DELAY_MAX_NS (5 * NSEC_PER_SEC)
#define DYING_CHECKS 10
/* A wakeup per record is quick but dear; when they come in a row, poll instead. */
#define BUSY_POLL_NS NSEC_PER_MSEC
#define BUSY_WAKEUPS 8
#define SCAN_SLOW_NS (30 * NSEC_PER_SEC)
#define SCAN_BLIND_NS (1 * NSEC_PER_SEC)
#define SCAN_SOON_NS (100 * NSEC_PER_MSEC)
#define SCAN_STEP_NS (2 * NSEC_PER_MSEC)
#define SCAN_PAUSE_NS (1 * NSEC_PER_MSEC)

bool discover_wants_file(const char *path, bool exe)
{
	const char *slash = strrchr(path, '/');
	struct slice name = slice_from(slash ? slash : path);

	return exe || slice_ends(name, SLICE(".so")) || slice_find(name, SLICE(".so.")) >= 0 ||
	       slice_ends(name, SLICE(".node"));
}

/* ---- Timers ------------------------------------------------------------------------ */

/* It was made by vfork or posix_spawn, and will exec or exit: attaching to what it borrows would
 * only keep us from what it runs then. Not for ever: it may stay so (clone(2)). */
static bool awaits_exec(const struct entry *e)
{
	return e->held < FORK_HELD_MAX && proc_shares_memory(e->parent, e->tgid);
}

static void on_fork_timer(void *ctx)
{
	struct discover *d = ctx;
	uint64_t now = clock_boot_ns();

	while (d->forks.first && d->forks.first->due_ns <= now) {
		struct entry *e = d->forks.first;

		if (awaits_exec(e))
			discover_hold_fork(d, e, now);
		else
			discover_tell_fork(d, e);
	}
	if (d->forks.first)
		loop_set_timer(d->on_fork, d->forks.first->due_ns - now);
}

static void on_dying_timer(void *ctx)
{
	struct discover *d = ctx;

	for (struct entry *e = d->dying.first, *next; e; e = next) {
		enum liveness l = discover_liveness(e->tgid);

		next = e->next;
		if (l == GONE)
			discover_forget(d, e, clock_boot_ns());
		else if (l == ALIVE && ++e->checks >= DYING_CHECKS)
			discover_dequeue(e); /* what exited had its number before it */
	}
	d->dying_delay_ns = MIN(2 * d->dying_delay_ns, DYING_DELAY_MAX_NS);
	if (d->dying.first)
		loop_set_timer(d->on_dying, d->dying_delay_ns);
}

static void on_scan_timer(void *ctx)
{
	struct discover *d = ctx;
	uint64_t pause = SCAN_PAUSE_NS;

	if (!d->proc) {
		if (d->rings && perf_rings_refresh(d->rings) > 0)
			d->full_next = true; /* of that CPU we know nothing */
		discover_scan_begin(d, d->full_next || !d->rings);
		d->full_next = false;
	}
	if (!discover_scan_step(d, clock_boot_ns() + SCAN_STEP_NS))
		pause = d->full_next ? SCAN_SOON_NS : d->rings ? SCAN_SLOW_NS : SCAN_BLIND_NS;
	loop_set_timer(d->on_scan, pause);
}

/* ---- Rings ------------------------------------------------------------------------- */

static void handle(void *ctx, const struct perf_record *rec)
{
	discover_handle(ctx, rec);
}

static size_t read_rings(struct discover *d)
{
	return perf_rings_read(d->rings, handle, d);
}

static void on_rings_ready(void *ctx, int fd, uint32_t events)
{
	struct discover *d = ctx;
	uint64_t now = clock_boot_ns();

	(void)fd;
	(void)events;
	d->hurried = now - d->last_wakeup_ns < BUSY_POLL_NS ? d->hurried + 1 : 0;
	d->last_wakeup_ns = now;
	read_rings(d);
	if (d->hurried < BUSY_WAKEUPS)
		return;
	d->idle = 0;
	if (!loop_set_events(d->on_rings, 0))
		loop_set_timer(d->on_busy, BUSY_POLL_NS);
}

static void on_busy_timer(void *ctx)
{
	struct discover *d = ctx;

	d->idle = read_rings(d) ? 0 : d->idle + 1;
	if (d->idle < 2) {
		loop_set_timer(d->on_busy, BUSY_POLL_NS);
		return;
	}
	d->hurried = 0;
	loop_set_events(d->on_rings, EPOLLIN);
}

static int open_rings(struct discover *d)
{
	int r = perf_rings_open(&d->rings, RING_BYTES);

	if (r < 0) {
		log_warn("discover: no perf events, looking at /proc every second: %s",
			 strerror(-r));
		return 0;
	}
	d->stats.live = true;
	return loop_add_fd(d->loop, &d->on_rings, perf_rings_fd(d->rings), EPOLLIN, on_rings_ready,
			   d);
}

/* ---- The object -------------------------------------------------------------------- */

int discover_init(struct discover *d, struct loop *loop, const struct probe_filter *filter,
		  const struct discover_sink *sink)
{
	int r;

	*d = (struct discover){ .loop = loop, .sink = *sink, .self = (uint32_t)getpid() };
	table_init(&d->processes, PROCESSES_MAX);
	table_init(&d->dull_files, DULL_FILES_MAX);
	d->needs = filter_needs(filter);
	r = filter_copy(&d->filter, filter);
	if (!r)
		r = loop_add_timer(loop, &d->on_fork, 0, on_fork_timer, d);
	if (!r)
		r = loop_add_timer(loop, &d->on_dying, 0, on_dying_timer, d);
	if (!r)
		r = loop_add_timer(loop, &d->on_busy, 0, on_busy_timer, d);
	if (!r)
		r = loop_add_timer(loop, &d->on_scan, 0, on_scan_timer, d);
	return r;
}

void discover_release(struct discover *d)
{
	discover_scan_end(d);
	loop_remove(d->on_rings);
	loop_remove(d->on_busy);
	loop_remove(d->on_fork);
	loop_remove(d->on_dying);
	loop_remove(d->on_scan);
	perf_rings_free(d->rings);
	table_release(&d->processes, free);
	table_release(&d->dull_files, NULL);
	filter_release(&d->filter);
}

int discover_new(struct discover **ret, struct loop *loop, const struct probe_filter *filter,
		 const struct discover_sink *sink)
{
	struct discover *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	r = discover_init(d, loop, filter, sink);
	/* First the records, then the scan: what starts in between is in both. */
	if (!r)
		r = open_rings(d);
	if (!r) {
		discover_learn(d, d->self);
		r = discover_scan_begin(d, true);
	}
	if (r) {
		discover_free(d);
		return r;
	}
	while (discover_scan_step(d, UINT64_MAX))
		;
	loop_set_timer(d->on_scan, d->rings ? SCAN_SLOW_NS : SCAN_BLIND_NS);
	*ret = d;
	return 0;
}

void discover_free(struct discover *d)
{
	if (!d)
		return;
	discover_release(d);
	free(d);
}

void discover_scan_soon(struct discover *d)
{
	d->full_next = true;
	if (!d->proc)
		loop_set_timer(d->on_scan, SCAN_SOON_NS);
}

bool discover_is_left_out(const struct discover *d, uint32_t tgid)
{
	const struct entry *e = discover_find(d, tgid);

	return e && e->left_out;
}

void discover_read_stats(const struct discover *d, struct discover_stats *ret)
{
	*ret = d->stats;
}
