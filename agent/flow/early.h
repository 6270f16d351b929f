/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What overtook its cause. A write is recorded when it returns; where another thread
 * reads, the answer may have been recorded by then. Its bytes wait here until the
 * request has come, or something later than both.
 */
#ifndef FLOW_EARLY_H
#define FLOW_EARLY_H

#include "slice.h"

#define EARLY_BYTES_MAX (64 * 1024)

/* Bytes, or a hole when hole > 0. */
struct early_item {
	struct early_item *next;
	uint64_t hole;
	uint64_t ts_ns;
	bool call_start;
	size_t len;
	char data[];
};

struct early {
	struct early_item *first;
	size_t bytes;
};

/* Copies; -ENOBUFS at the ceiling, -ENOMEM. */
int early_add(struct early *e, const struct early_item *what, struct slice data);
/* Gives away the first, to be freed with free(); NULL: empty. */
struct early_item *early_take(struct early *e);

#endif
