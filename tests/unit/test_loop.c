/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "clock.h"
#include "loop.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STEP NSEC_PER_MSEC

struct seen {
	struct loop *loop;
	struct loop_source *self, *other;
	unsigned int calls;
	uint32_t events;
	int signo;
	char order[16];
	size_t n;
};

static void count_fd(void *ctx, int fd, uint32_t events)
{
	struct seen *s = ctx;
	char c;

	s->calls++;
	s->events = events;
	if (events & EPOLLIN)
		CHECK(read(fd, &c, 1) >= 0);
}

static void remove_both(void *ctx, int fd, uint32_t events)
{
	struct seen *s = ctx;

	(void)fd;
	(void)events;
	s->calls++;
	loop_remove(s->other);
	loop_remove(s->self);
}

TEST(loop_reports_descriptors)
{
	struct seen seen = { 0 };
	struct loop_source *s = NULL;
	struct loop *l;
	int p[2];

	CHECK_INT(loop_new(&l), 0);
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(loop_add_fd(l, &s, p[0], EPOLLIN, count_fd, &seen), 0);
	CHECK_INT(loop_run_once(l, 0), 0);
	CHECK_INT(write(p[1], "ab", 2), 2);
	CHECK_INT(loop_run_once(l, 1000), 1);
	CHECK_INT(loop_run_once(l, 1000), 1); /* level-triggered: the second byte */
	CHECK_INT(loop_run_once(l, 0), 0);
	CHECK_INT(write(p[1], "c", 1), 1);
	CHECK_INT(loop_set_events(s, 0), 0);
	CHECK_INT(loop_run_once(l, 0), 0);
	CHECK_INT(loop_set_events(s, EPOLLIN), 0);
	CHECK_INT(loop_run_once(l, 1000), 1);
	close(p[1]);
	CHECK_INT(loop_run_once(l, 1000), 1);
	CHECK(seen.events & EPOLLHUP);
	CHECK_INT(seen.calls, 4);
	CHECK_INT(loop_set_timer(s, 1), -EINVAL);
	loop_remove(s);
	CHECK_INT(loop_run_once(l, 0), 0);
	CHECK_INT(loop_add_fd(l, &s, -1, EPOLLIN, count_fd, &seen), -EBADF);
	loop_free(l);
	CHECK_INT(close(p[0]), 0); /* still ours */
}

TEST(loop_callback_removes_sources)
{
	struct seen a = { 0 }, b = { 0 };
	struct loop *l;
	int p[2], q[2];

	CHECK_INT(loop_new(&l), 0);
	CHECK_INT(pipe2(p, O_CLOEXEC) + pipe2(q, O_CLOEXEC), 0);
	CHECK_INT(loop_add_fd(l, &a.self, p[1], EPOLLOUT, remove_both, &a), 0);
	CHECK_INT(loop_add_fd(l, &b.self, q[1], EPOLLOUT, remove_both, &b), 0);
	a.other = b.self;
	b.other = a.self;
	/* Both are ready in one round; whichever is first removes the other. */
	CHECK_INT(loop_run_once(l, 1000), 1);
	CHECK_INT(a.calls + b.calls, 1);
	CHECK_INT(loop_run_once(l, 0), 0);
	loop_remove(NULL);
	loop_free(l);
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
}

struct timer {
	struct seen *seen;
	char name;
	struct loop_source *source;
	unsigned int again;
};

static void note_timer(void *ctx)
{
	struct timer *t = ctx;

	t->seen->order[t->seen->n++] = t->name;
	if (t->again && t->again--)
		CHECK_INT(loop_set_timer(t->source, 1), 0);
	else if (t->name == 'z')
		loop_quit(t->seen->loop);
}

TEST(loop_timers_fire_in_order)
{
	/* Far enough apart for a machine that has other things to do while they are set. */
	static const struct {
		char name;
		uint64_t after_ns;
	} rows[] = { { 'd', 350 * STEP }, { 'b', 150 * STEP }, { 'z', 550 * STEP },
		     { 'a', 50 * STEP },  { 'x', 0 },	       { 'c', 250 * STEP },
		     { 'y', 200 * STEP }, { 'e', 900 * STEP } };
	struct timer timers[ARRAY_LEN(rows)];
	struct seen seen = { 0 };
	uint64_t began;

	CHECK_INT(loop_new(&seen.loop), 0);
	began = clock_mono_ns();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		timers[i] = (struct timer){ &seen, rows[i].name, NULL, 0 };
		CHECK_INT(loop_add_timer(seen.loop, &timers[i].source, rows[i].after_ns, note_timer,
					 &timers[i]),
			  0);
	}
	CHECK_INT(loop_set_timer(timers[6].source, 0), 0);	    /* y: disarmed */
	CHECK_INT(loop_set_timer(timers[7].source, 450 * STEP), 0); /* e: earlier */
	CHECK_INT(loop_set_events(timers[0].source, 0), -EINVAL);
	CHECK_INT(loop_run(seen.loop), 0);
	CHECK(clock_mono_ns() - began >= 550 * STEP);
	CHECK_SLICE(slice_from(seen.order), SLICE("abcdez"));
	CHECK_INT(loop_set_timer(timers[0].source, UINT64_MAX), 0);
	CHECK_INT(loop_run_once(seen.loop, 0), 0);
	loop_free(seen.loop);
}

/* One that arms itself anew from its callback gives the others their turn. */
TEST(loop_timer_arms_itself)
{
	struct seen seen = { 0 };
	struct timer t = { &seen, 'a', NULL, 3 };

	CHECK_INT(loop_new(&seen.loop), 0);
	CHECK_INT(loop_add_timer(seen.loop, &t.source, 1, note_timer, &t), 0);
	for (size_t i = 1; i <= 4; i++) {
		CHECK_INT(loop_run_once(seen.loop, 1000), 1);
		CHECK_INT(seen.n, i);
	}
	CHECK_INT(loop_run_once(seen.loop, 0), 0);
	loop_free(seen.loop);
}

TEST(loop_many_timers)
{
	enum { N = 500 };
	static struct timer timers[N];
	struct seen seen = { 0 };
	unsigned int random = 1;

	CHECK_INT(loop_new(&seen.loop), 0);
	for (size_t i = 0; i < N; i++) {
		random = random * 1103515245 + 12345;
		timers[i] = (struct timer){ &seen, 'n', NULL, 0 };
		CHECK_INT(loop_add_timer(seen.loop, &timers[i].source, STEP + (random >> 8) % STEP,
					 note_timer, &timers[i]),
			  0);
	}
	/* All but ten go, from every place of the heap. */
	for (size_t i = 0; i < N; i++)
		if (i % 50)
			loop_remove(timers[i].source);
	for (int i = 0; i < 100 && seen.n < 10; i++)
		CHECK(loop_run_once(seen.loop, 10) >= 0);
	CHECK_INT(seen.n, 10);
	loop_free(seen.loop);
}

static void note_signal(void *ctx, int signo)
{
	struct seen *s = ctx;

	s->signo = signo;
	s->calls++;
	loop_quit(s->loop);
}

static bool is_blocked(int signo)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, signo);
}

TEST(loop_delivers_signals)
{
	struct loop_source *s = NULL;
	struct seen seen = { 0 };

	CHECK_INT(loop_new(&seen.loop), 0);
	CHECK_INT(loop_add_signal(seen.loop, &s, SIGUSR1, note_signal, &seen), 0);
	CHECK(is_blocked(SIGUSR1));
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(loop_run(seen.loop), 0);
	CHECK_INT(seen.signo, SIGUSR1);
	CHECK_INT(seen.calls, 1);
	/* Pending at the removal: it must not kill us afterwards. */
	CHECK_INT(raise(SIGUSR1), 0);
	loop_remove(s);
	CHECK(!is_blocked(SIGUSR1));
	CHECK_INT(loop_add_signal(seen.loop, &s, 1000, note_signal, &seen), -EINVAL);
	loop_quit(seen.loop);
	CHECK_INT(loop_run(seen.loop), 0); /* asked to end before it began */
	loop_free(seen.loop);
	loop_free(NULL);
}

static void note_wait(void *ctx, bool waits)
{
	struct seen *s = ctx;

	s->order[s->n++] = waits ? '(' : ')';
}

static void note_between(void *ctx)
{
	struct seen *s = ctx;

	s->order[s->n++] = 't';
}

TEST(loop_tells_of_its_waits)
{
	struct seen seen = { 0 };

	CHECK_INT(loop_new(&seen.loop), 0);
	loop_on_wait(seen.loop, note_wait, &seen);
	CHECK_INT(loop_add_timer(seen.loop, &seen.self, 1, note_between, &seen), 0);
	CHECK_INT(loop_run_once(seen.loop, 1000), 1);
	CHECK_INT(loop_run_once(seen.loop, 0), 0);
	CHECK_SLICE(slice_from(seen.order), slice_from("()t()"));
	loop_on_wait(seen.loop, NULL, NULL);
	CHECK_INT(loop_run_once(seen.loop, 0), 0);
	CHECK_SLICE(slice_from(seen.order), slice_from("()t()"));
	loop_free(seen.loop);
}

TEST(loop_without_memory)
{
	struct seen seen = { 0 };

	EACH_MALLOC_FAILURE
	{
		struct loop_source *fd = NULL, *timer = NULL, *signal = NULL;
		struct loop *l = NULL;
		int r = loop_new(&l);

		if (!r)
			r = loop_add_signal(l, &signal, SIGUSR2, note_signal, &seen);
		if (!r)
			r = loop_add_timer(l, &timer, STEP, note_timer, &seen);
		if (!r)
			r = loop_add_fd(l, &fd, 0, 0, count_fd, &seen);
		CHECK(r == 0 || r == -ENOMEM || r == -EPERM /* stdin is a file */);
		loop_free(l);
		CHECK(!is_blocked(SIGUSR2));
	}
}
