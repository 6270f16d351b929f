/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are young: have begun a moment ago and have not ended. Of more than fit the
 * oldest is forgotten. For one thread at a time; no memory of its own.
 */
#ifndef PROBE_YOUNG_H
#define PROBE_YOUNG_H

#include "clock.h"

#include <stdbool.h>

/* Python, which is slow to start, has mapped its TLS library after 60 to 100 ms. */
#define YOUNG_NS (150 * NSEC_PER_MSEC)
#define YOUNG_MAX 16

struct young {
	struct {
		uint32_t tgid; /* 0: nobody */
		uint64_t until_ns;
	} of[YOUNG_MAX];
	unsigned next;
};

/* Times are of any clock that does not jump. */
void young_begins(struct young *y, uint32_t tgid, uint64_t now_ns);
void young_ends(struct young *y, uint32_t tgid);
bool young_any(const struct young *y, uint64_t now_ns);

#endif
