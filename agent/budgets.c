/* SPDX-License-Identifier: Apache-2.0 */
#include "budgets.h"

#include "budget_fire.h"
#include "cleanup.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERY_NS (30 * NSEC_PER_SEC)
#define STOP_S 2
#define ARENA_MAX (16 * 1024 * 1024)
#define PATH_MAX_LEN 4096
#define NAME_SHOWN 64

struct use {
	char name[NAME_SHOWN];
	uint64_t spent_pd, limit_pd;
};

struct uses {
	struct use of[BUDGETS_MAX];
	size_t n;
};

struct budgets {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, but not of `shown` */
	pthread_cond_t changed;
	bool stop;
	struct uses found;
	struct uses shown; /* what budgets_values() lends */
	char path[PATH_MAX_LEN];
};

static void keep(struct uses *u, const struct budget *b, const struct budget_state *s)
{
	struct use *to = &u->of[u->n];

	if (u->n == BUDGETS_MAX || s->spent_pd < 0 || b->limit_pd < 0)
		return;
	snprintf(to->name, sizeof(to->name), "%.*s", SLICE_FMT(b->name));
	to->spent_pd = (uint64_t)s->spent_pd;
	to->limit_pd = (uint64_t)b->limit_pd;
	u->n++;
}

/* Who may write the database may have its commands run: it must be ours alone. */
static bool is_ours(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* A database that is not there yet has no budgets. */
static void check_all(struct budgets *b)
{
	struct query_db *db = NULL;
	struct budget *list = NULL;
	struct uses found = { 0 };
	bool ours = is_ours(b->path);
	struct arena arena;
	size_t n = 0;

	arena_init(&arena, ARENA_MAX);
	if (!budget_list(b->path, &arena, &list, &n) && n && !query_open(&db, b->path)) {
		for (size_t i = 0; i < n; i++) {
			struct budget_state s;

			if (budget_check(db, &list[i], clock_wall_ns(), &s))
				continue;
			keep(&found, &list[i], &s);
			if (ours)
				budget_fire(b->path, &list[i], &s);
			else if (s.level != BUDGET_FINE)
				LOG_RATE(
					LOG_LEVEL_WARN,
					"budget: others may write the database, so the command and "
					"webhook of %.*s are left alone",
					SLICE_FMT(list[i].name));
		}
	}
	query_close(db);
	arena_release(&arena);
	pthread_mutex_lock(&b->lock);
	b->found = found;
	pthread_mutex_unlock(&b->lock);
}

static void *watch(void *arg)
{
	struct budgets *b = arg;
	bool stop = false;

	while (!stop) {
		struct timespec until;

		check_all(b);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += EVERY_NS / NSEC_PER_SEC;
		pthread_mutex_lock(&b->lock);
		while (!b->stop && !pthread_cond_timedwait(&b->changed, &b->lock, &until))
			;
		stop = b->stop;
		pthread_mutex_unlock(&b->lock);
	}
	return NULL;
}

int budgets_start(struct budgets **ret, const char *db_path)
{
	struct budgets *b = calloc(1, sizeof(*b));
	pthread_condattr_t attr;
	sigset_t all, before;
	int r;

	if (!b)
		return -ENOMEM;
	snprintf(b->path, sizeof(b->path), "%s", db_path);
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&b->thread, NULL, watch, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(b);
		return -r;
	}
	*ret = b;
	return 0;
}

void budgets_stop(struct budgets *b)
{
	struct timespec until;

	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_S;
	/* With somebody's command, which may take longer: the process ends, not it. */
	if (pthread_clockjoin_np(b->thread, NULL, CLOCK_MONOTONIC, &until))
		return;
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

size_t budgets_values(struct budgets *b, struct expose_value to[BUDGETS_VALUES_MAX])
{
	size_t n = 0;

	pthread_mutex_lock(&b->lock);
	b->shown = b->found;
	pthread_mutex_unlock(&b->lock);
	for (int limit = 0; limit < 2; limit++)
		for (size_t i = 0; i < b->shown.n; i++)
			to[n++] = (struct expose_value){
				.name = limit ? "gentap.budget.limit.usd"
					      : "gentap.budget.spent.usd",
				.help = limit ? "What a budget allows in its period."
					      : "What was spent of a budget in its period.",
				.ucum = "USD",
				.gauge = true,
				.label = "gentap.budget.name",
				.label_value = b->shown.of[i].name,
				.value = limit ? b->shown.of[i].limit_pd : b->shown.of[i].spent_pd,
				.digits = 12,
			};
	return n;
}
