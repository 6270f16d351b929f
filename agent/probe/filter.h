/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether struct probe_filter lets a process pass: every include list that is there must
 * name it, and no exclude list may. Pure.
 *
 * Patterns are fnmatch(3)'s, where '*' also matches '/'. One for executables is tried on
 * the path and on its last component. The kernel cuts comm at 15 bytes: a longer pattern
 * without wildcards is cut alike. In a list of uids the first element is one even if it
 * is 0, which is root; behind it a 0 ends the list.
 */
#ifndef PROBE_FILTER_H
#define PROBE_FILTER_H

#include "probe.h"

struct filter_subject {
	bool family;	  /* it or an ancestor is in the filter's pids */
	const char *comm; /* NULL: not known; no pattern matches it */
	const char *exe;  /* path; NULL: not known */
	uint32_t uid;
};

/* Which fields of a subject the filter looks at. */
enum filter_needs {
	FILTER_FAMILY = 1,
	FILTER_COMM = 2,
	FILTER_EXE = 4,
	FILTER_UID = 8,
};

unsigned int filter_needs(const struct probe_filter *f);
bool filter_passes(const struct probe_filter *f, const struct filter_subject *s);
bool filter_has_pid(const struct probe_filter *f, uint32_t pid);

/* A copy that owns its lists. 0 or -ENOMEM. */
int filter_copy(struct probe_filter *ret, const struct probe_filter *f);
void filter_release(struct probe_filter *f); /* a copy, or a zeroed one */

#endif
