/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper.h"

#include "cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define BACKLOG_MAX 65536 /* beyond it the caller waits for the close itself */
#define THREADS_MAX 8	  /* at the end; before, closing is not to be in the way of attaching */

struct reaper {
	pthread_mutex_t lock;
	pthread_cond_t added;
	pthread_t threads[THREADS_MAX];
	unsigned int n_threads;
	bool quit;
	/* A queue in a ring; size is 0 or a power of two. */
	size_t first, n, size;
	int *fds;
};

static int take(struct reaper *r)
{
	int fd = r->fds[r->first & (r->size - 1)];

	r->first++;
	r->n--;
	return fd;
}

static void *reap(void *arg)
{
	struct reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		int fd;

		while (!r->n && !r->quit)
			pthread_cond_wait(&r->added, &r->lock);
		if (!r->n)
			break;
		fd = take(r);
		pthread_mutex_unlock(&r->lock);
		close(fd);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static int add_thread(struct reaper *r)
{
	sigset_t all, before;
	int err;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&r->threads[r->n_threads], NULL, reap, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		r->n_threads++;
	return -err;
}

int reaper_new(struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->added, NULL);
	err = add_thread(r);
	if (err) {
		reaper_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void reaper_free(struct reaper *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->quit = true;
	/* All wait for the same grace periods: more of them close more. */
	while (r->n_threads < MIN(r->n, THREADS_MAX) && !add_thread(r))
		;
	pthread_cond_broadcast(&r->added);
	pthread_mutex_unlock(&r->lock);
	for (unsigned int i = 0; i < r->n_threads; i++)
		pthread_join(r->threads[i], NULL);
	pthread_cond_destroy(&r->added);
	pthread_mutex_destroy(&r->lock);
	free(r->fds);
	free(r);
}

static bool grow(struct reaper *r)
{
	size_t size = r->size ? 2 * r->size : 64;
	int *fds;

	if (r->n < r->size)
		return true;
	if (size > BACKLOG_MAX)
		return false;
	fds = calloc(size, sizeof(*fds));
	if (!fds)
		return false;
	for (size_t i = 0; i < r->n; i++)
		fds[i] = r->fds[(r->first + i) & (r->size - 1)];
	free(r->fds);
	r->fds = fds;
	r->first = 0;
	r->size = size;
	return true;
}

void reaper_close(struct reaper *r, int fd)
{
	bool queued;

	pthread_mutex_lock(&r->lock);
	queued = grow(r);
	if (queued) {
		r->fds[(r->first + r->n++) & (r->size - 1)] = fd;
		pthread_cond_signal(&r->added);
	}
	pthread_mutex_unlock(&r->lock);
	if (!queued)
		close(fd);
}
