/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live source: loads the kernel programs, discovers processes, finds and attaches
 * probe points, reads the ring. Hands records up; knows nothing of HTTP or LLMs. The
 * only module that links libbpf.
 *
 * Discovery is driven by perf records (MMAP2, FORK, EXIT, COMM) after a scan of /proc.
 * Links are per (process, inode): processes that are not observed pay nothing, and the
 * kernel drops every link when the agent's file descriptors close, SIGKILL included.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "feature.h"
#include "gentap_event.h"
#include "loop.h"
#include "process.h"

/* Which processes to observe. Lists end with a NULL or 0 element; NULL: no condition.
 * A process must pass every include list and no exclude list. */
struct probe_filter {
	const uint32_t *pids;	  /* these and their descendants */
	const char *const *comms; /* shell patterns (fnmatch) */
	const char *const *exes;  /* shell patterns on the path */
	const uint32_t *uids;
	const char *const *exclude_comms;
	const char *const *exclude_exes;
	const uint32_t *exclude_uids;
};

struct probe_config {
	struct probe_filter filter;
	size_t ring_bytes;     /* power of two; 0: default */
	const char *cache_dir; /* what was located is kept there across runs; NULL: nowhere */
	bool java;	       /* loads our agent into JVMs that are observed */
	uint32_t features_off; /* for testing: bits of enum feature */
};

/* Called from the loop. Lends. */
struct probe_sink {
	void *ctx;
	void (*record)(void *ctx, const void *record, size_t len);
	void (*exit)(void *ctx, uint32_t tgid, uint64_t ts_ns);
	void (*exec)(void *ctx, uint32_t tgid, uint64_t ts_ns);
	/* Before its exit(): a process ends that one with TLS had started, directly or not, as
	 * what it began. Times are CLOCK_BOOTTIME; wait_status as of wait(2), negative: not known.
	 * NULL: not wanted. */
	void (*ended)(void *ctx, struct process *process, uint64_t start_ns, uint64_t end_ns,
		      int wait_status);
	/* Much of what it does is of no interest: is any connection that it has, be it idle, one on
	 * which something may come? NULL: none is. */
	bool (*may_ask)(void *ctx, uint32_t tgid);
};

struct probe_stats {
	uint64_t kernel[GENTAP_STAT_MAX];
	uint64_t processes; /* observed now */
	uint64_t links;	    /* attached now */
	uint64_t attach_errors;
	uint64_t short_processes; /* of agents, that ended before it was known what they are */
	uint64_t unsearched;	  /* files that the slow locators have still to read */
	uint64_t perf_lost;	  /* discovery records lost: a rescan followed */
};

#define PROBE_REASON_MAX 512

/* Why something was not seen, and what to do about it. */
struct probe_reason {
	char text[PROBE_REASON_MAX];
	const char *remedy; /* static; NULL: nothing */
};

struct probe;

/* 0, or -errno; *ret_error is then one sentence with the remedy (static or owned by the
 * probe module until the next call). Existing processes are attached when it returns. */
int probe_new(struct probe **ret, struct loop *loop, const struct probe_config *config,
	      const struct probe_sink *sink, const char **ret_error);
void probe_free(struct probe *p); /* drains the ring into the sink first */
void probe_set_verdict(struct probe *p, uint32_t tgid, uint64_t ptr, uint64_t gen,
		       enum gentap_verdict verdict);
/* Its tools are at work: what it, and what it starts, asks of databases is of interest. To be
 * said again now and then; connections that are wanted say the same. */
void probe_is_acting(struct probe *p, uint32_t tgid);
/* Before probe_new: an executable that will be observed is searched now, so that its first
 * process is observed from its first byte. What goes wrong costs no more than that. */
void probe_prepare(const char *cache_dir, const char *path);
/* Runs the loop until all files that are known were searched. False: not in time. */
bool probe_settle(struct probe *p, unsigned int timeout_ms);
/* Delivers everything that is in the ring now. */
void probe_drain(struct probe *p);
/* Observes this process (and children) from now on, whatever the filter says. */
int probe_add_pid(struct probe *p, uint32_t pid);
/* Lends; valid until the process's exit was delivered and the sink returned. */
struct process *probe_process(struct probe *p, uint32_t tgid);
/* Why the plaintext of a TLS connection that began at since_ns (CLOCK_BOOTTIME) was not seen.
 * False: nothing is known of the process any more. */
bool probe_explain(struct probe *p, uint32_t tgid, uint64_t since_ns, struct probe_reason *ret);
void probe_read_stats(struct probe *p, struct probe_stats *ret);
/* Is it in use? */
bool probe_uses(const struct probe *p, enum feature feature);
/* One line per observed process and library: what is attached, or why not. */
void probe_report(struct probe *p,
		  void (*line)(void *ctx, uint32_t pid, const char *exe, const char *library,
			       const char *state),
		  void *ctx);

#endif
