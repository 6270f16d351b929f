/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page beside a running agent: a process of its own, started anew from this program so
 * that nothing of the agent's memory or files is in it. It ends when the agent does.
 */
#ifndef PAGE_H
#define PAGE_H

#include "options.h"

#include <sys/types.h>

struct page {
	pid_t pid; /* 0: none */
	char url[256];
};

/* 0, or -errno after a line on stderr. The database must be there. */
int page_start(struct page *p, const struct options *o, const char *db);
void page_stop(struct page *p);

#endif
