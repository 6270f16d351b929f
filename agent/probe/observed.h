/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observed processes and what is attached in each.
 *
 * A process whose connections are all of no interest, but many, is parked: its probes are
 * taken out, which costs it nothing any more. It is looked at again when it opens a
 * connection, and every PARK_CHECK_NS. Where it opens connections all the time and still
 * has nothing for us, it is not listened to for a while, each time for twice as long.
 */
#ifndef PROBE_OBSERVED_H
#define PROBE_OBSERVED_H

#include "attach.h"
#include "clock.h"
#include "jvm_load.h"
#include "kern.h"
#include "process.h"
#include "target.h"

#define PROCESS_TARGETS_MAX 16
#define PARK_CHECK_NS (60 * NSEC_PER_SEC)
#define PARK_DEAF_NS NSEC_PER_SEC /* the second time; the first time it is heard at once */
#define PARK_DEAF_MAX_NS (60 * NSEC_PER_SEC)
#define PARK_WANTED_NS (600 * NSEC_PER_SEC) /* it had something for us: not parked so long */

enum observed_end { OBSERVED_LIVES, OBSERVED_EXEC, OBSERVED_EXIT };

struct attachment {
	struct target *target; /* a reference */
	struct links links;    /* of all its findings; none where the file's are shared */
	uint64_t attached_ns;  /* when the first probe came (CLOCK_BOOTTIME); 0: none did */
	bool shares;	       /* it counts in users of the target */
	/* Of each finding. */
	bool attached[FINDINGS_MAX];
	int errors[FINDINGS_MAX]; /* of the last try; 0: attached, or not tried */
};

struct observed {
	uint32_t tgid;
	struct process *process; /* NULL until it is needed; a reference */
	size_t n;
	struct attachment attachments[PROCESS_TARGETS_MAX];
	struct target *searched; /* an executable that was not known: a reference; NULL: none */
	bool left_out;		 /* by the filter: never attached, only known to have connected */
	bool pending;		 /* something to attach */
	/* Of a JVM, when it is asked for: why our agent is not in it. */
	char java_problem[JVM_PROBLEM_MAX];
	struct stdio_ends stdio;
	bool parked;
	bool deaf;	    /* parked, and not told of connections until hear_ns */
	uint64_t deaf_ns;   /* how long the next time */
	uint64_t hear_ns;   /* clock_mono_ns() */
	uint64_t check_ns;  /* parked: when it is looked at again */
	uint64_t wanted_ns; /* when a connection was last judged wanted; 0: never */
	/* What it was when it began, if an agent may have started it; a reference, or NULL. */
	struct process *begun;
	bool begun_unread;
	uint64_t begun_ns; /* CLOCK_BOOTTIME */
	int exit_code;	   /* at its end; -ENOENT: not known */
	enum observed_end end;
	uint64_t end_ns;       /* CLOCK_BOOTTIME */
	bool had_links;	       /* at its end */
	struct observed *next; /* of those to attach, or of those that ended */
	bool unread;	       /* its descriptions are to be read */
	struct observed *next_unread;
};

int observed_new(struct observed **ret, uint32_t tgid);
/* Takes the probes out and frees it. */
void observed_free(struct observed *o, struct reaper *reaper);
/* Takes over the reference; gives it up when the process has it already or is full. What
 * of the target is not attached yet is pending then. */
void observed_add(struct observed *o, struct target *t);
/* Takes over the reference: its executable is searched for the first time. */
void observed_searches(struct observed *o, struct target *t);
/* Puts in what is not attached yet. Returns how many attempts failed. */
unsigned int observed_attach(struct observed *o, const struct kern *k);
void observed_detach(struct observed *o, struct reaper *reaper);
size_t observed_links(const struct observed *o);
/* Lends; read when it is first needed. NULL: out of memory. */
struct process *observed_process(struct observed *o);

/* Its probes are taken out. False: it may not be parked. */
bool observed_park(struct observed *o, const struct kern *k, struct reaper *reaper);
void observed_unpark(struct observed *o, const struct kern *k);
/* Of a parked one, every second or so. */
void observed_check(struct observed *o, const struct kern *k);

#endif
