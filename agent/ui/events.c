/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define READERS_MAX 32
#define KEEPALIVE_S 15

struct events {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t version;
	unsigned int readers;
	bool stopped;
};

struct events_reader {
	struct events *events;
	uint64_t seen;
	bool greeted;
};

int events_new(struct events **ret)
{
	struct events *e = calloc(1, sizeof(*e));
	pthread_condattr_t attr;

	if (!e)
		return -ENOMEM;
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->changed, &attr);
	pthread_condattr_destroy(&attr);
	*ret = e;
	return 0;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void events_publish(struct events *e, uint64_t version)
{
	pthread_mutex_lock(&e->lock);
	e->version = version;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

void events_stop(struct events *e)
{
	pthread_mutex_lock(&e->lock);
	e->stopped = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

int events_open(struct events *e, struct events_reader **ret)
{
	struct events_reader *r = calloc(1, sizeof(*r));
	int error = 0;

	if (!r)
		return -ENOMEM;
	pthread_mutex_lock(&e->lock);
	if (e->readers >= READERS_MAX)
		error = -EBUSY;
	else
		e->readers++;
	r->events = e;
	r->seen = e->version;
	pthread_mutex_unlock(&e->lock);
	if (error)
		free(r);
	else
		*ret = r;
	return error;
}

void events_close(struct events_reader *r)
{
	pthread_mutex_lock(&r->events->lock);
	r->events->readers--;
	pthread_mutex_unlock(&r->events->lock);
	free(r);
}

ssize_t events_read(struct events_reader *r, char *to, size_t size)
{
	struct events *e = r->events;
	struct timespec until;
	int n, timed_out = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += KEEPALIVE_S;
	pthread_mutex_lock(&e->lock);
	while (r->greeted && !e->stopped && r->seen == e->version && !timed_out)
		timed_out = pthread_cond_timedwait(&e->changed, &e->lock, &until);
	if (e->stopped)
		n = -1;
	else if (r->greeted && r->seen == e->version)
		n = snprintf(to, size, ": still here\n\n");
	else
		n = snprintf(to, size, "%sevent: change\nid: %llu\ndata: %llu\n\n",
			     r->greeted ? "" : "retry: 1000\n", (unsigned long long)e->version,
			     (unsigned long long)e->version);
	r->seen = e->version;
	r->greeted = true;
	pthread_mutex_unlock(&e->lock);
	return n < 0 || (size_t)n < size ? n : -1;
}
