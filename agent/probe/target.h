/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that processes map: what is found in each, once, whoever maps it. The quick
 * locators run at once, the slow ones in the scout, unless the memo knows the file.
 *
 * Counted references; the table holds none, so that what nobody maps is forgotten. A file
 * in which nothing was found is in the memo alone.
 *
 * Without uprobe_multi (before Linux 6.6) probes are a file's, not a process's: perf events of one
 * process are opened one by one, and who closes one waits for two grace periods with a mutex held
 * that all others need (perf_uprobe_destroy), so that who starts right after another's end would be
 * attached a second too late. The kernel programs look at observed processes alone. Such files keep
 * their probes for SHARED_IDLE_MAX minutes after nobody maps them any more, so that the next one
 * has them at once; not when they were deleted.
 */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include "attach.h"
#include "discover.h"
#include "locate/locate.h"
#include "memo.h"
#include "scout.h"
#include "table.h"

#define TARGETS_MAX 16384
#define TARGETS_SHARED_MAX 64
#define SHARED_IDLE_MAX 10
#define TARGET_WAITING_MAX 64

struct target;

struct targets {
	struct table by_file; /* (dev, inode) → struct target */
	struct memo *memo;
	struct scout *scout;
	bool entries_only; /* for findings */
	bool java;	   /* JVMs are to be observed */
	uint64_t scanned;  /* files that the scout has read */
	struct reaper *reaper;
	/* Files with shared probes, a reference of each, in a ring. */
	struct target *shared[TARGETS_SHARED_MAX];
	size_t next_shared, n_shared;
	struct loop_source *on_sweep; /* every minute, while there are some */
	/* The slow locators found something: these processes map the file, maybe others too. */
	void (*found)(void *ctx, const uint32_t *tgids, size_t n);
	void *ctx;
};

struct target {
	struct targets *owner;
	unsigned int refs;
	bool in_table;
	bool scanning;	     /* what is found may grow */
	uint64_t dev, inode; /* as /proc/PID/maps has them */
	struct memo_key key; /* as stat has them: whether it is still the same file */
	int fd;		     /* to attach by; -1 when there is nothing to attach */
	char *path;
	struct findings findings;
	struct links shared;	      /* in all processes */
	bool is_shared[FINDINGS_MAX]; /* of each finding */
	unsigned int users;	      /* processes that are attached by them */
	unsigned int idle;	      /* minutes since somebody mapped it */
	/* While scanning. */
	size_t n_waiting;
	uint32_t waiting[TARGET_WAITING_MAX];
};

/* cache_dir: memo_new. 0 or -errno. */
int targets_init(struct targets *t, struct loop *loop, struct reaper *reaper, const char *cache_dir,
		 void (*found)(void *ctx, const uint32_t *tgids, size_t n), void *ctx);
void targets_stop(struct targets *t);	 /* no scan any more; before references are given up */
void targets_release(struct targets *t); /* all references must be gone */

/* Searches the file now, unless the memo knows it, and keeps what was found there. 0, or
 * -errno when there is nowhere to keep it or the file cannot be read. */
int targets_prepare(const char *cache_dir, const char *path);

/* The file behind a mapping, with a reference for the caller. 0; -ENOENT: it is of no
 * interest; -EINPROGRESS: it is being looked at, and found() will tell (a reference too); -ESRCH or
 * another -errno: it could not be looked at now. */
int targets_get(struct targets *t, const struct discover_mapping *m, struct target **ret);
/* The probes of its finding i, in all processes, unless they are there. 0 or -errno. */
int target_share(struct target *t, const struct kern *k, size_t i);
void target_unshare(struct target *t); /* takes them out */
struct target *target_ref(struct target *t);
void target_unref(struct target *t); /* NULL is fine */

#endif
