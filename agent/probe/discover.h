/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes there are and what they map, as it happens: perf records (MMAP2,
 * COMM, FORK, EXIT) of every CPU after a scan of /proc. A process that the filter
 * leaves out costs a hash lookup per record and is never told of.
 *
 * Three filters, cheapest first: the process (struct probe_filter, decided once per
 * exec and inherited by children), the name of the file (wants_file), and the file
 * itself (mapped() returned false: that inode is not told of again, whoever maps it).
 *
 * What is told can repeat: after lost records everything is scanned again. So be
 * idempotent by (tgid, dev, inode). Records are told in the order of their times, as far
 * as one CPU's can be known to precede another's.
 *
 * Where perf events are not permitted, it scans every second and says so in the stats.
 *
 * Format of the records: perf_event_open(2).
 */
#ifndef PROBE_DISCOVER_H
#define PROBE_DISCOVER_H

#include "loop.h"
#include "probe.h"

#include <stdbool.h>
#include <stdint.h>

struct discover;

/* An executable mapping of a file. Open it with proc_open_mapping() of sys/proc.h. */
struct discover_mapping {
	uint32_t tgid;
	bool exe;	  /* the process's main executable */
	const char *path; /* as the process sees it, symlinks resolved; lent. " (deleted)"
			   * is cut off */
	uint64_t dev;	  /* makedev(); of an overlay it is the overlay's */
	uint64_t inode;
	uint64_t start, len; /* addresses in the process */
	uint64_t offset;     /* into the file */
	uint64_t ts_ns;	     /* CLOCK_BOOTTIME; of the scan when a scan found it */
};

/* Called from the loop, and from discover_new and discover_add_pid for what is there
 * already. May call discover_* but not discover_free. Any may be NULL.
 *
 * A process that passes the filter is told of by exec() first, then by its mappings;
 * one that comes of a fork by fork() instead, 2 ms late and only if it did not exec by
 * then: it has the mappings of its parent. exec() of a tgid that is known already
 * means that its mappings are gone. exit() is told for processes that were told of;
 * also when one execs something that the filter leaves out. */
struct discover_sink {
	void *ctx;
	/* By name alone; called for every mapping of processes that pass, so be quick.
	 * NULL: discover_wants_file. */
	bool (*wants_file)(void *ctx, const char *path, bool exe);
	/* False: no process's mapping of this file is of interest. */
	bool (*mapped)(void *ctx, const struct discover_mapping *m);
	void (*exec)(void *ctx, uint32_t tgid, uint64_t ts_ns);
	void (*fork)(void *ctx, uint32_t parent_tgid, uint32_t tgid, uint64_t ts_ns);
	/* A process that passes is about to be: within fork, or exec. */
	void (*begins)(void *ctx);
	/* True: a fork of this process is told at once, though an exec may follow. NULL: never. */
	bool (*hurries)(void *ctx, uint32_t parent_tgid);
	void (*exit)(void *ctx, uint32_t tgid, uint64_t ts_ns);
	/* The filter's lists of names and users leave it out; false: it has ended, or does not
	 * any more. Not told of what is left out for not being of the filter's pids. */
	void (*left_out)(void *ctx, uint32_t tgid, bool left_out, uint64_t ts_ns);
};

struct discover_stats {
	bool live;	    /* perf events work */
	uint64_t processes; /* known now that pass the filter */
	uint64_t records;   /* read from the perf rings */
	uint64_t lost;	    /* refused by full rings: a scan followed each time */
	uint64_t scans;	    /* complete ones */
	uint64_t no_memory; /* processes not noted for want of memory or at the ceiling */
};

/* Tells of what runs before it returns. The filter's lists are borrowed until
 * discover_free; the agent itself is always left out. 0, -ENOMEM, or -errno of opening
 * /proc or adding to the loop; that perf events are not permitted is no error. */
int discover_new(struct discover **ret, struct loop *loop, const struct probe_filter *filter,
		 const struct discover_sink *sink);
void discover_free(struct discover *d); /* NULL is fine; tells nothing more */

/* Observes this process, and children it has or will have, whatever the filter says.
 * 0, or -ESRCH. */
int discover_add_pid(struct discover *d, uint32_t pid);
/* Tells of the process's mappings again (all that pass wants_file). 0, or -ESRCH. */
int discover_scan_pid(struct discover *d, uint32_t pid);
/* Tells of all mappings again, soon and bit by bit. */
void discover_scan_soon(struct discover *d);
bool discover_is_left_out(const struct discover *d, uint32_t tgid);
void discover_read_stats(const struct discover *d, struct discover_stats *ret);

/* The exe, and what is named like a shared library: *.so, *.so.*, *.node. */
bool discover_wants_file(const char *path, bool exe);

#endif
