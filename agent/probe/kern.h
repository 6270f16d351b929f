/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel programs, loaded: what this kernel offers is found out by trying it, the rest
 * of the module asks here. kern.c loads, kern_maps.c is what is written to and read from the
 * kernel's maps; they alone know the generated skeleton.
 */
#ifndef PROBE_KERN_H
#define PROBE_KERN_H

#include "locate/points.h"
#include "probe.h"

struct gentap_bpf;

#define KERN_EXITS 8 /* system calls that transfer bytes of a socket */

struct bpf_link;
struct reaper;

struct kern {
	struct gentap_bpf *skel;
	size_t ring_bytes;
	bool has[FEATURE_MAX];
	struct bpf_link *exits[KERN_EXITS];
	struct bpf_link *stdio[KERN_EXITS]; /* while standard streams are watched */
	int perf_uprobe_type;	   /* of perf_event_open, where multi is missing; -1: none */
	uint64_t perf_return_flag; /* in its config */
};

/* Loads the programs and attaches those that are not about a process. 0, or -errno and one
 * sentence with the remedy, static. */
int kern_open(struct kern *k, const struct probe_config *config, const char **ret_error);
void kern_close(struct kern *k); /* a zeroed one is fine */

int kern_program(const struct kern *k, enum point_role role); /* its fd; lent */
/* The program for uprobe_multi links: goes to that of the role which is the cookie. Lent. */
int kern_dispatch(const struct kern *k);
int kern_ring_fd(const struct kern *k);
volatile uint32_t *kern_consumer_state(const struct kern *k);

/* Standard streams that are watched. */
struct stdio_ends {
	uint32_t peer;	 /* who is at their other end; 0: they are not watched */
	uint64_t ino[2]; /* of output and input, by enum gentap_dir */
};

/* state and stdio->peer 0: forget the process. 0 or -errno. */
int kern_watch(const struct kern *k, uint32_t tgid, uint32_t state, const struct stdio_ends *stdio);
/* Of one that is watched and has ended: its status as wait(2) has it; -ENOENT: not known. */
int kern_exit_code(const struct kern *k, uint32_t tgid);
/* Are there processes whose standard streams are watched? While there are, every system call
 * of this machine costs a little more. 0 or -errno. */
int kern_watch_stdio(struct kern *k, bool on, struct reaper *reaper);
void kern_set_verdict(const struct kern *k, uint32_t tgid, uint64_t ptr, uint64_t gen,
		      enum gentap_verdict verdict);
/* Its tools may be at work (bpf/scope.bpf.h), or the process is gone. */
void kern_set_acting(const struct kern *k, uint32_t tgid, bool acts);
/* Connections of a process that began before and will not be seen closing. */
void kern_forget_conns(const struct kern *k, uint32_t tgid, uint64_t before_ns);
void kern_read_stats(const struct kern *k, uint64_t ret[GENTAP_STAT_MAX]);

#endif
