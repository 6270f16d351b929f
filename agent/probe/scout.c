/* SPDX-License-Identifier: Apache-2.0 */
#include "scout.h"

#include "cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define NICE 5 /* at 10, on a busy machine, two searches of 0.3 s took more than 2 s */

struct job {
	struct job *next;
	void *arg;
	int fd;
	int error;
	struct findings findings;
};

struct jobs {
	struct job *first, **last;
};

struct scout {
	struct loop_source *on_done;
	scout_done_fn done;
	void *ctx;
	size_t pending; /* the loop's */
	int event;	/* the thread adds 1 per file */
	pthread_t thread;
	/* Of both: */
	pthread_mutex_t lock;
	pthread_cond_t added;
	bool quit;
	struct jobs urgent, queue, results;
};

static void jobs_init(struct jobs *j)
{
	j->first = NULL;
	j->last = &j->first;
}

static void jobs_add(struct jobs *j, struct job *job)
{
	job->next = NULL;
	*j->last = job;
	j->last = &job->next;
}

static struct job *jobs_take(struct jobs *j)
{
	struct job *job = j->first;

	if (!job)
		return NULL;
	j->first = job->next;
	if (!j->first)
		j->last = &j->first;
	return job;
}

/* ---- The thread --------------------------------------------------------------------- */

static void look(struct job *job)
{
	_cleanup_(elf_cleanup) struct elf *e = NULL;

	job->error = elf_open_fd(&e, job->fd);
	if (!job->error)
		job->error = locate_slow(e, &job->findings);
}

static void *work(void *arg)
{
	struct scout *s = arg;
	const uint64_t one = 1;

	setpriority(PRIO_PROCESS, 0, NICE); /* on Linux: of this thread */
	pthread_mutex_lock(&s->lock);
	while (!s->quit) {
		struct job *job = jobs_take(&s->urgent);

		if (!job)
			job = jobs_take(&s->queue);
		if (!job) {
			pthread_cond_wait(&s->added, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		look(job);
		pthread_mutex_lock(&s->lock);
		jobs_add(&s->results, job);
		/* Fails only when the counter is full, and then it is readable already. */
		if (write(s->event, &one, sizeof(one)) < 0)
			continue;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- The loop ----------------------------------------------------------------------- */

static struct job *take_locked(struct scout *s, struct jobs *j)
{
	struct job *job;

	pthread_mutex_lock(&s->lock);
	job = jobs_take(j);
	pthread_mutex_unlock(&s->lock);
	return job;
}

static void tell(struct scout *s, struct job *job)
{
	s->pending--;
	s->done(s->ctx, job->arg, job->fd, job->error, &job->findings);
	free(job);
}

static void on_event(void *ctx, int fd, uint32_t events)
{
	struct scout *s = ctx;
	struct job *job;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	while ((job = take_locked(s, &s->results)))
		tell(s, job);
}

static int start(struct scout *s, struct loop *loop)
{
	sigset_t all, before;
	int r;

	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event < 0)
		return -errno;
	r = loop_add_fd(loop, &s->on_done, s->event, EPOLLIN, on_event, s);
	if (r)
		return r;
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void release(struct scout *s)
{
	loop_remove(s->on_done);
	if (s->event >= 0)
		close(s->event);
	pthread_cond_destroy(&s->added);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int scout_new(struct scout **ret, struct loop *loop, scout_done_fn done, void *ctx)
{
	struct scout *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->done = done;
	s->ctx = ctx;
	s->event = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->added, NULL);
	jobs_init(&s->urgent);
	jobs_init(&s->queue);
	jobs_init(&s->results);
	r = start(s, loop);
	if (r) {
		release(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* What was found is told, and what was still to be looked at, that it will not be. */
static void tell_rest(struct scout *s)
{
	struct jobs *const left[] = { &s->results, &s->urgent, &s->queue };
	struct job *job;

	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		while ((job = jobs_take(left[i]))) {
			if (i)
				job->error = -ECANCELED;
			tell(s, job);
		}
	}
}

void scout_free(struct scout *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_cond_signal(&s->added);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	tell_rest(s);
	release(s);
}

int scout_add(struct scout *s, int fd, bool urgent, const struct findings *so_far, void *arg)
{
	struct job *job;

	if (s->pending >= SCOUT_QUEUE_MAX)
		return -EBUSY;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	*job = (struct job){ .arg = arg, .fd = fd, .findings = *so_far };
	pthread_mutex_lock(&s->lock);
	jobs_add(urgent ? &s->urgent : &s->queue, job);
	pthread_cond_signal(&s->added);
	pthread_mutex_unlock(&s->lock);
	s->pending++;
	return 0;
}

size_t scout_pending(const struct scout *s)
{
	return s->pending;
}
