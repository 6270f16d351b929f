/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of discovery share: discover.c has the rings, the timers and the
 * object; discover_records.c knows the processes and follows the records;
 * discover_scan.c reads /proc.
 */
#ifndef PROBE_DISCOVER_INTERNAL_H
#define PROBE_DISCOVER_INTERNAL_H

#include "discover.h"
#include "perfring.h"
#include "slice.h"
#include "table.h"

#include <dirent.h>

#define COMM_MAX 16

enum verdict {
	VERDICT_LEFT_OUT,
	VERDICT_PENDING, /* it has exec'd; the path of its executable is not known yet */
	VERDICT_PASSES,
};

struct entry {
	uint32_t tgid;
	uint32_t parent; /* that forked it; for a fork that is still to be told */
	enum verdict verdict;
	bool family;   /* of the filter's pids */
	bool forced;   /* of discover_add_pid */
	bool told;     /* the sink knows it */
	bool left_out; /* and that the filter leaves it out */
	bool fresh;    /* its next executable mapping is that of its executable */
	bool threads;  /* it has, or has had, more than one */
	char comm[COMM_MAX];
	uint64_t exe_hash;    /* of the path; 0: not known */
	uint64_t start_ticks; /* 0: not known */
	uint64_t since_ns;    /* records from before say nothing of it */
	uint32_t scan;	      /* the number of the last scan that saw it */
	unsigned int checks;
	uint64_t due_ns;	   /* when its fork is told */
	unsigned int held;	   /* how often that was put off */
	struct entry *prev, *next; /* in one of the queues below, or in none */
	struct queue *queue;
};

struct queue {
	struct entry *first, *last;
};

struct discover {
	struct loop *loop;
	struct probe_filter filter;
	unsigned int needs; /* enum filter_needs */
	struct discover_sink sink;
	uint32_t self;
	bool any_forced;
	struct table processes;	 /* tgid: struct entry */
	struct table dull_files; /* struct file_key: the second it was judged */
	struct queue forks;	 /* not told yet, oldest first */
	struct queue dying;	 /* whose leader exited, maybe before its threads */
	struct perf_rings *rings;
	struct loop_source *on_rings, *on_busy, *on_fork, *on_dying, *on_scan;
	uint64_t last_wakeup_ns, dying_delay_ns;
	unsigned int hurried, idle; /* wakeups in quick succession; polls that found nothing */
	DIR *proc;		    /* of the scan that is under way */
	bool full;		    /* it tells of all mappings again */
	bool full_next;
	uint32_t scan;
	struct discover_stats stats;
};

/* Most forks exec or exit at once: telling of those would only make work. */
#define FORK_DELAY_NS (1 * NSEC_PER_MSEC)
#define FORK_HELD_MAX 50

/* discover.c */
int discover_init(struct discover *d, struct loop *loop, const struct probe_filter *filter,
		  const struct discover_sink *sink);
void discover_release(struct discover *d);

/* discover_records.c */
void discover_handle(struct discover *d, const struct perf_record *rec);
struct entry *discover_find(const struct discover *d, uint32_t tgid);
struct entry *discover_add(struct discover *d, uint32_t tgid,
			   uint64_t since_ns); /* NULL: no room */
void discover_judge(struct discover *d, struct entry *e, const char *exe, uint64_t ts_ns);
void discover_forget(struct discover *d, struct entry *e, uint64_t ts_ns);
void discover_map(struct discover *d, struct entry *e, const struct discover_mapping *m);
void discover_tell_fork(struct discover *d, struct entry *e);
/* It is told a moment later. */
void discover_hold_fork(struct discover *d, struct entry *e, uint64_t now_ns);
void discover_dequeue(struct entry *e); /* out of the queue it is in, if any */
/* It may have ended: looks again, until it has or has turned out to live. */
void discover_doubt(struct discover *d, struct entry *e);

/* discover_scan.c */
struct entry *discover_learn(struct discover *d, uint32_t tgid); /* from /proc; NULL: gone */
bool discover_is_family(struct discover *d, uint32_t tgid, bool *ret_forced);
void discover_scan_maps(struct discover *d, struct entry *e);
int discover_scan_begin(struct discover *d, bool full);
bool discover_scan_step(struct discover *d, uint64_t until_ns); /* false: complete */
void discover_scan_end(struct discover *d);			/* complete or not */
enum liveness { GONE, DYING, ALIVE };
enum liveness discover_liveness(uint32_t tgid);

#endif
