/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper.h"

#include "cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define BACKLOG_MAX 65536 /* beyond it the caller waits for the close itself */

struct reaper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t added;
	bool quit;
	size_t n, size;
	int *fds;
};

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
		fd = r->fds[--r->n];
		pthread_mutex_unlock(&r->lock);
		close(fd);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int reaper_new(struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));
	sigset_t all, before;
	int err;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->added, NULL);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&r->thread, NULL, reap, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		free(r);
		return -err;
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
	pthread_cond_signal(&r->added);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
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
	fds = realloc(r->fds, size * sizeof(*fds));
	if (!fds)
		return false;
	r->fds = fds;
	r->size = size;
	return true;
}

void reaper_close(struct reaper *r, int fd)
{
	bool queued;

	pthread_mutex_lock(&r->lock);
	queued = grow(r);
	if (queued) {
		r->fds[r->n++] = fd;
		pthread_cond_signal(&r->added);
	}
	pthread_mutex_unlock(&r->lock);
	if (!queued)
		close(fd);
}
