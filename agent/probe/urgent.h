/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that must answer within a millisecond on a machine whose CPUs are all busy: it
 * is scheduled before all ordinary threads, but only while it takes little time. More than
 * its share in a window, and it is an ordinary thread until the window has passed.
 *
 * Without CAP_SYS_NICE it is an ordinary thread always, and nothing else changes.
 */
#ifndef PROBE_URGENT_H
#define PROBE_URGENT_H

#include <stdbool.h>
#include <stdint.h>

#define URGENT_WINDOW_NS UINT64_C(100000000)
#define URGENT_SHARE_NS UINT64_C(25000000)

struct urgent {
	bool permitted;
	bool on;
	uint64_t window_ns; /* when it began */
	uint64_t cpu_ns;    /* the thread's, then */
};

/* Of the calling thread, as the others. */
void urgent_begin(struct urgent *u);
/* After each piece of work. */
void urgent_check(struct urgent *u);
/* The rule alone: may it be urgent, having used so much CPU time by now? */
bool urgent_allows(struct urgent *u, uint64_t now_ns, uint64_t cpu_ns);

#endif
