/* SPDX-License-Identifier: Apache-2.0 */
#include "urgent.h"

#include "clock.h"

#include <sched.h>
#include <time.h>

static uint64_t thread_cpu_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* Thread 0 is the calling one. Children would inherit it: there are none, but the kernel
 * asks for the flag where real-time is limited. */
static bool set(bool on)
{
	const struct sched_param urgent = { .sched_priority = 1 }, ordinary = { 0 };

	return !sched_setscheduler(0, (on ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK,
				   on ? &urgent : &ordinary);
}

static void turn(struct urgent *u, bool on)
{
	if (u->permitted && u->on != on && set(on))
		u->on = on;
}

void urgent_begin(struct urgent *u)
{
	*u = (struct urgent){ .window_ns = clock_mono_ns(), .cpu_ns = thread_cpu_ns() };
	u->permitted = u->on = set(true);
}

bool urgent_allows(struct urgent *u, uint64_t now_ns, uint64_t cpu_ns)
{
	bool within = cpu_ns - u->cpu_ns <= URGENT_SHARE_NS;

	if (now_ns - u->window_ns < URGENT_WINDOW_NS)
		return within;
	u->window_ns = now_ns;
	u->cpu_ns = cpu_ns;
	return true;
}

void urgent_check(struct urgent *u)
{
	if (u->permitted)
		turn(u, urgent_allows(u, clock_mono_ns(), thread_cpu_ns()));
}
