/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define EVENTS_MAX 64
#define NOT_IN_HEAP SIZE_MAX

enum source_type { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL };

struct loop_source {
	struct loop *loop;
	struct loop_source *prev, *next; /* among the living, or (next only) the removed */
	enum source_type type;
	bool removed;
	int fd; /* of a signal: the signalfd, ours; of a timer: -1 */
	int signo;
	bool was_blocked;
	uint64_t deadline_ns;
	size_t heap_index;
	union {
		loop_fd_fn on_fd;
		loop_timer_fn on_timer;
		loop_signal_fn on_signal;
	};
	void *ctx;
};

struct loop {
	int epoll_fd;
	int timer_fd; /* one for all timers, set to the earliest before each wait */
	uint64_t timer_fd_ns;
	struct loop_source *sources;
	/* Removed while callbacks run: events already fetched may still point at them. */
	struct loop_source *graveyard;
	unsigned int depth; /* of loop_run_once calls inside callbacks */
	bool quit;
	void (*on_wait)(void *ctx, bool waits);
	void *on_wait_ctx;
	/* Binary heap by deadline of the armed timers. It has room for every timer there
	 * is, so that arming cannot fail. */
	struct loop_source **heap;
	size_t n_armed, n_timers, heap_size;
};

static bool heap_before(const struct loop *l, size_t a, size_t b)
{
	return l->heap[a]->deadline_ns < l->heap[b]->deadline_ns;
}

static void heap_swap(struct loop *l, size_t a, size_t b)
{
	struct loop_source *s = l->heap[a];

	l->heap[a] = l->heap[b];
	l->heap[b] = s;
	l->heap[a]->heap_index = a;
	l->heap[b]->heap_index = b;
}

static void heap_sift(struct loop *l, size_t i)
{
	while (i && heap_before(l, i, (i - 1) / 2)) {
		heap_swap(l, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < l->n_armed; child++)
			if (heap_before(l, child, least))
				least = child;
		if (least == i)
			return;
		heap_swap(l, i, least);
		i = least;
	}
}

static void heap_add(struct loop *l, struct loop_source *s)
{
	l->heap[l->n_armed] = s;
	s->heap_index = l->n_armed++;
	heap_sift(l, s->heap_index);
}

static void heap_remove(struct loop *l, struct loop_source *s)
{
	size_t i = s->heap_index;

	if (i == NOT_IN_HEAP)
		return;
	heap_swap(l, i, --l->n_armed);
	s->heap_index = NOT_IN_HEAP;
	if (i < l->n_armed)
		heap_sift(l, i);
}

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	/* A NULL pointer marks the timer fd among the events. */
	struct epoll_event ev = { .events = EPOLLIN };
	int r;

	if (!l)
		return -ENOMEM;
	l->timer_fd = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		goto fail;
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd < 0)
		goto fail;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev) < 0)
		goto fail;
	*ret = l;
	return 0;
fail:
	r = -errno;
	loop_free(l);
	return r;
}

static void bury(struct loop *l)
{
	while (l->graveyard) {
		struct loop_source *s = l->graveyard;

		l->graveyard = s->next;
		free(s);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->sources)
		loop_remove(l->sources);
	bury(l);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l->heap);
	free(l);
}

static struct loop_source *source_new(struct loop *l, enum source_type type, void *ctx)
{
	struct loop_source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->type = type;
	s->fd = -1;
	s->heap_index = NOT_IN_HEAP;
	s->ctx = ctx;
	return s;
}

static void source_link(struct loop_source *s)
{
	struct loop *l = s->loop;

	s->next = l->sources;
	if (s->next)
		s->next->prev = s;
	l->sources = s;
}

int loop_add_fd(struct loop *l, struct loop_source **ret, int fd, uint32_t events, loop_fd_fn fn,
		void *ctx)
{
	_cleanup_free_ struct loop_source *s = source_new(l, SOURCE_FD, ctx);
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->on_fd = fn;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	source_link(s);
	*ret = TAKE(s);
	return 0;
}

int loop_set_events(struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (s->type != SOURCE_FD)
		return -EINVAL;
	return epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

int loop_add_timer(struct loop *l, struct loop_source **ret, uint64_t after_ns, loop_timer_fn fn,
		   void *ctx)
{
	_cleanup_free_ struct loop_source *s = source_new(l, SOURCE_TIMER, ctx);
	int r;

	if (!s)
		return -ENOMEM;
	s->on_timer = fn;
	if (l->n_timers == l->heap_size) {
		size_t size = l->heap_size ? 2 * l->heap_size : 8;
		void *heap = realloc(l->heap, size * sizeof(*l->heap));

		if (!heap)
			return -ENOMEM;
		l->heap = heap;
		l->heap_size = size;
	}
	l->n_timers++;
	r = loop_set_timer(s, after_ns);
	if (r < 0) {
		l->n_timers--;
		return r;
	}
	source_link(s);
	*ret = TAKE(s);
	return 0;
}

int loop_set_timer(struct loop_source *s, uint64_t after_ns)
{
	if (s->type != SOURCE_TIMER || s->removed)
		return -EINVAL;
	heap_remove(s->loop, s);
	if (!after_ns)
		return 0;
	if (__builtin_add_overflow(clock_mono_ns(), after_ns, &s->deadline_ns))
		s->deadline_ns = UINT64_MAX;
	heap_add(s->loop, s);
	return 0;
}

int loop_add_signal(struct loop *l, struct loop_source **ret, int signo, loop_signal_fn fn,
		    void *ctx)
{
	struct loop_source *s = source_new(l, SOURCE_SIGNAL, ctx);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };
	sigset_t set, before;
	int r;

	if (!s)
		return -ENOMEM;
	s->on_signal = fn;
	s->signo = signo;
	sigemptyset(&set);
	if (sigaddset(&set, signo) < 0) {
		r = -errno;
		goto out_free;
	}
	r = -pthread_sigmask(SIG_BLOCK, &set, &before);
	if (r < 0)
		goto out_free;
	s->was_blocked = sigismember(&before, signo) == 1;
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0) {
		r = -errno;
		goto out_mask;
	}
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0) {
		r = -errno;
		goto out_fd;
	}
	source_link(s);
	*ret = s;
	return 0;
out_fd:
	close(s->fd);
out_mask:
	pthread_sigmask(SIG_SETMASK, &before, NULL);
out_free:
	free(s);
	return r;
}

static void signal_close(struct loop_source *s)
{
	struct signalfd_siginfo info;
	sigset_t set;

	/* What is pending was meant for this source: unblocked, it would strike the
	 * process now. */
	while (read(s->fd, &info, sizeof(info)) == sizeof(info))
		;
	close(s->fd);
	if (s->was_blocked)
		return;
	sigemptyset(&set);
	sigaddset(&set, s->signo);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void loop_remove(struct loop_source *s)
{
	struct loop *l;

	if (!s || s->removed)
		return;
	l = s->loop;
	s->removed = true;
	if (s->type == SOURCE_FD)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	else if (s->type == SOURCE_SIGNAL)
		signal_close(s);
	else {
		heap_remove(l, s);
		l->n_timers--;
	}
	if (s->prev)
		s->prev->next = s->next;
	else
		l->sources = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->next = l->graveyard;
	l->graveyard = s;
	if (!l->depth)
		bury(l);
}

static int timer_fd_set(struct loop *l)
{
	uint64_t at = l->n_armed ? l->heap[0]->deadline_ns : 0;
	struct itimerspec spec = { .it_value = { .tv_sec = (time_t)(at / NSEC_PER_SEC),
						 .tv_nsec = (long)(at % NSEC_PER_SEC) } };

	if (at == l->timer_fd_ns)
		return 0;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	l->timer_fd_ns = at;
	return 0;
}

/* Those due now; one that a callback arms anew is due later. */
static int run_timers(struct loop *l)
{
	uint64_t now = clock_mono_ns(), expirations;
	ssize_t n = read(l->timer_fd, &expirations, sizeof(expirations));
	int handled = 0;

	if (n > 0)
		l->timer_fd_ns = 0;
	while (l->n_armed && l->heap[0]->deadline_ns <= now) {
		struct loop_source *s = l->heap[0];

		heap_remove(l, s);
		s->on_timer(s->ctx);
		handled++;
	}
	return handled;
}

static void run_signal(struct loop_source *s)
{
	struct signalfd_siginfo info;

	while (!s->removed && read(s->fd, &info, sizeof(info)) == sizeof(info))
		s->on_signal(s->ctx, (int)info.ssi_signo);
}

static int wait(struct loop *l, struct epoll_event events[EVENTS_MAX], int timeout_ms)
{
	int n;

	if (l->on_wait)
		l->on_wait(l->on_wait_ctx, true);
	n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, timeout_ms);
	if (n < 0)
		n = errno == EINTR ? 0 : -errno;
	if (l->on_wait)
		l->on_wait(l->on_wait_ctx, false);
	return n;
}

int loop_run_once(struct loop *l, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int handled = 0, n, r = timer_fd_set(l);

	if (r < 0)
		return r;
	n = wait(l, events, timeout_ms);
	if (n < 0)
		return n;
	l->depth++;
	for (int i = 0; i < n; i++) {
		struct loop_source *s = events[i].data.ptr;

		if (!s) {
			handled += run_timers(l);
			continue;
		}
		if (s->removed)
			continue;
		handled++;
		if (s->type == SOURCE_FD)
			s->on_fd(s->ctx, s->fd, events[i].events);
		else
			run_signal(s);
	}
	if (!--l->depth)
		bury(l);
	return handled;
}

int loop_run(struct loop *l)
{
	int r = 0;

	while (!l->quit && r >= 0)
		r = loop_run_once(l, -1);
	l->quit = false;
	return r < 0 ? r : 0;
}

void loop_quit(struct loop *l)
{
	l->quit = true;
}

void loop_on_wait(struct loop *l, void (*fn)(void *ctx, bool waits), void *ctx)
{
	l->on_wait = fn;
	l->on_wait_ctx = ctx;
}
