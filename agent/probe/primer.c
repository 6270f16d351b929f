/* SPDX-License-Identifier: Apache-2.0 */
#include "primer.h"
#include "attach.h"
#include "reaper.h"
#include "urgent.h"
#include "young.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shorter than the grace period for which the lock stays cheap after its use. */
#define PRIMER_REST_NS (4 * NSEC_PER_MSEC)

struct primer {
	const struct kern *kern;
	struct reaper *reaper;
	int fd; /* a file of zeros that is mapped nowhere */
	pthread_mutex_t lock;
	pthread_cond_t asked;
	pthread_t thread;
	bool started, ask, quit;
	uint64_t rest_until_ns;
	struct young young;
};

static void prime(struct primer *p)
{
	struct links links = { 0 };
	struct points one = { .n = 1 };

	attach_points(&links, p->kern, p->fd, getpid(), &one);
	attach_release(&links, p->reaper);
}

/* Until there is something to do. The lock is held. */
static void wait_for_work(struct primer *p)
{
	struct timespec until;

	while (!p->ask && !p->quit) {
		uint64_t now = clock_mono_ns();

		if (!young_any(&p->young, now)) {
			pthread_cond_wait(&p->asked, &p->lock);
		} else if (now >= p->rest_until_ns) {
			return;
		} else {
			until.tv_sec = p->rest_until_ns / NSEC_PER_SEC;
			until.tv_nsec = p->rest_until_ns % NSEC_PER_SEC;
			pthread_cond_timedwait(&p->asked, &p->lock, &until);
		}
	}
}

static void *run(void *arg)
{
	struct primer *p = arg;
	struct urgent urgent;

	urgent_begin(&urgent);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		wait_for_work(p);
		if (p->quit)
			break;
		pthread_mutex_unlock(&p->lock);
		prime(p);
		urgent_check(&urgent);
		pthread_mutex_lock(&p->lock);
		p->rest_until_ns = clock_mono_ns() + PRIMER_REST_NS;
		p->ask = false;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start(struct primer *p)
{
	sigset_t all, before;
	int err;

	p->fd = memfd_create("gentap-primer", MFD_CLOEXEC);
	if (p->fd < 0 || ftruncate(p->fd, sysconf(_SC_PAGESIZE)))
		return -errno;
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->started = !err;
	return -err;
}

int primer_new(struct primer **ret, const struct kern *kern, struct reaper *reaper)
{
	struct primer *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct primer){ .kern = kern, .reaper = reaper, .fd = -1 };
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->asked, &attr);
	pthread_condattr_destroy(&attr);
	r = start(p);
	if (r) {
		primer_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void primer_free(struct primer *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_signal(&p->asked);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->asked);
	pthread_mutex_destroy(&p->lock);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

void primer_ask(struct primer *p)
{
	uint64_t now = clock_mono_ns();

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	if (!p->ask && now >= p->rest_until_ns) {
		p->ask = true;
		pthread_cond_signal(&p->asked);
	}
	pthread_mutex_unlock(&p->lock);
}

void primer_begins(struct primer *p, uint32_t tgid)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	young_begins(&p->young, tgid, clock_mono_ns());
	pthread_cond_signal(&p->asked);
	pthread_mutex_unlock(&p->lock);
}

void primer_ends(struct primer *p, uint32_t tgid)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	young_ends(&p->young, tgid);
	pthread_mutex_unlock(&p->lock);
}
