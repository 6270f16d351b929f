/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels offer from some version on, and what is done without. Whether the running
 * kernel has one is found by trying it (kern.c); each can be switched off, so that what is
 * done without it is tested on any kernel.
 */
#ifndef PROBE_FEATURE_H
#define PROBE_FEATURE_H

#include <stdint.h>

enum feature {
	FEATURE_MULTI,
	FEATURE_USER_DYNPTR,
	FEATURE_SOCKET_SEND,
	FEATURE_SOCKET_LENGTH,
	FEATURE_SYSCALLS,
	FEATURE_SOCKET_RECEIVE,
	FEATURE_SOCKET_STATE,
	FEATURE_EMULATED_POINTS,
	FEATURE_STDIO,
	FEATURE_EXIT_CODES,
	FEATURE_MAX,
};

struct feature_info {
	const char *name; /* for --feature-off */
	const char *what;
	const char *without;
};

extern const struct feature_info features[FEATURE_MAX];

/* Adds the bits of a comma-separated list to *ret; 0, or -EINVAL: a name is none. */
int features_parse(const char *names, uint32_t *ret);

#endif
