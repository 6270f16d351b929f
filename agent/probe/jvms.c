/* SPDX-License-Identifier: Apache-2.0 */
#include "jvms.h"

#include "cleanup.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define NICE 5
#define STEP_NS (20 * NSEC_PER_MSEC)
#define READY_MS 10000 /* from when it is known until it listens for SIGQUIT */

/* The agent, as javac and jar made it; empty where there was no javac. */
__asm__(".section .rodata\n"
	".global java_agent_begin, java_agent_end\n"
	"java_agent_begin:\n"
	".incbin \"" JAVA_AGENT "\"\n"
	"java_agent_end:\n"
	".previous\n");

extern const char java_agent_begin[], java_agent_end[];

enum state { WAITING, TAPPED, REFUSED };

struct jvm {
	uint32_t tgid;
	enum state state;
	uint64_t since_ns; /* clock_mono_ns() */
	char problem[JVM_PROBLEM_MAX];
};

struct jvms {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool quit;
	size_t n;
	struct jvm jvm[JVMS_MAX];
};

static struct slice agent(void)
{
	return (struct slice){ java_agent_begin, (size_t)(java_agent_end - java_agent_begin) };
}

bool jvms_available(void)
{
	return agent().len;
}

static struct jvm *find(struct jvms *j, uint32_t tgid)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->jvm[i].tgid == tgid)
			return &j->jvm[i];
	return NULL;
}

/* ---- The thread ------------------------------------------------------------------------- */

/* Of those that wait, the one behind `after`; 0: none does. */
static uint32_t next_waiting(const struct jvms *j, uint32_t after)
{
	uint32_t best = 0;

	for (size_t i = 0; i < j->n; i++) {
		const struct jvm *v = &j->jvm[i];

		/* In a circle: unsigned distances from the last one. */
		if (v->state == WAITING && (!best || v->tgid - after - 1 < best - after - 1))
			best = v->tgid;
	}
	return best;
}

static void settle(struct jvms *j, uint32_t tgid, int r, const char *problem)
{
	struct jvm *v = find(j, tgid);

	if (!v)
		return;
	if (r == -EAGAIN && clock_mono_ns() - v->since_ns < READY_MS * NSEC_PER_MSEC)
		return;
	v->state = r ? REFUSED : TAPPED;
	snprintf(v->problem, sizeof(v->problem), "%s", r ? problem : "");
	if (r && r != -ESRCH)
		log_info("probe: a JVM is not observed: %s pid=%u", problem, tgid);
	else if (!r)
		log_debug("probe: our agent is in a JVM pid=%u ms=%u", tgid,
			  (unsigned int)((clock_mono_ns() - v->since_ns) / NSEC_PER_MSEC));
}

static void pause_for(struct jvms *j, uint64_t ns)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / NSEC_PER_SEC);
	until.tv_nsec = (long)(ns % NSEC_PER_SEC);
	pthread_cond_clockwait(&j->changed, &j->lock, CLOCK_MONOTONIC, &until);
}

static void *work(void *arg)
{
	char problem[JVM_PROBLEM_MAX];
	struct jvms *j = arg;
	uint32_t tgid = 0;

	setpriority(PRIO_PROCESS, 0, NICE); /* on Linux: of this thread */
	pthread_mutex_lock(&j->lock);
	while (!j->quit) {
		int r;

		tgid = next_waiting(j, tgid);
		if (!tgid) {
			pthread_cond_wait(&j->changed, &j->lock);
			continue;
		}
		pthread_mutex_unlock(&j->lock);
		r = jvm_load(tgid, agent(), "on", problem);
		pthread_mutex_lock(&j->lock);
		settle(j, tgid, r, problem);
		if (r == -EAGAIN && !j->quit)
			pause_for(j, STEP_NS);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* ---- For the others --------------------------------------------------------------------- */

int jvms_new(struct jvms **ret)
{
	struct jvms *j;
	sigset_t all, before;
	int r;

	if (!jvms_available())
		return -ENOTSUP;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, NULL);
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&j->thread, NULL, work, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	j->started = !r;
	if (r) {
		jvms_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

/* What was put in comes out. */
static void take_out(const struct jvms *j)
{
	uint64_t end_ns = clock_mono_ns() + JVMS_END_MS * NSEC_PER_MSEC;
	char problem[JVM_PROBLEM_MAX];

	for (size_t i = 0; i < j->n; i++) {
		const struct jvm *v = &j->jvm[i];
		int r;

		if (v->state != TAPPED)
			continue;
		r = clock_mono_ns() < end_ns ? jvm_load(v->tgid, agent(), "off", problem)
					     : -ETIMEDOUT;
		if (r && r != -ESRCH)
			log_warn("probe: our hooks stay in a JVM until it ends: %s pid=%u",
				 strerror(-r), v->tgid);
	}
}

void jvms_free(struct jvms *j)
{
	if (!j)
		return;
	if (j->started) {
		pthread_mutex_lock(&j->lock);
		j->quit = true;
		pthread_cond_signal(&j->changed);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->thread, NULL);
	}
	take_out(j);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

void jvms_add(struct jvms *j, uint32_t tgid)
{
	pthread_mutex_lock(&j->lock);
	if (!find(j, tgid) && j->n < JVMS_MAX) {
		j->jvm[j->n++] = (struct jvm){ .tgid = tgid, .since_ns = clock_mono_ns() };
		pthread_cond_signal(&j->changed);
	} else if (j->n == JVMS_MAX) {
		LOG_RATE(LOG_LEVEL_WARN, "probe: too many JVMs, left out pid=%u", tgid);
	}
	pthread_mutex_unlock(&j->lock);
}

void jvms_forget(struct jvms *j, uint32_t tgid)
{
	struct jvm *v;

	pthread_mutex_lock(&j->lock);
	v = find(j, tgid);
	if (v)
		*v = j->jvm[--j->n];
	pthread_mutex_unlock(&j->lock);
}

bool jvms_problem(struct jvms *j, uint32_t tgid, char *ret, size_t size)
{
	struct jvm *v;

	pthread_mutex_lock(&j->lock);
	v = find(j, tgid);
	if (v && v->state != TAPPED)
		snprintf(ret, size, "%s",
			 v->state == REFUSED ? v->problem : "our agent is not in it yet");
	pthread_mutex_unlock(&j->lock);
	return v && v->state != TAPPED;
}
