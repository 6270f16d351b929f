/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links between a kernel program and instructions of a file: uprobe_multi, in one process, where
 * the kernel has it, else a perf event per probe, in all processes. libbpf 1.1 knows neither
 * uprobe_multi nor a file given by descriptor, hence the plain system calls.
 *
 * Format: include/uapi/linux/bpf.h (BPF_LINK_CREATE), perf_event_open(2).
 */
#ifndef PROBE_ATTACH_H
#define PROBE_ATTACH_H

#include "locate/points.h"

struct kern;
struct reaper;

#define ATTACH_TYPE_UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI */

struct links {
	size_t n, size;
	int *fds;
};

/* Puts the points of the file into the process, or without uprobe_multi into every one, and adds
 * their links. 0; -errno when not all could be put there: then none is. */
int attach_points(struct links *l, const struct kern *k, int file_fd, uint32_t tgid,
		  const struct points *points);
void attach_release(struct links *l, struct reaper *reaper); /* a zeroed one is fine */

/* Does uprobe_multi deliver for every thread of the process it is limited to? Kernels 6.6
 * to 6.9 have versions that do for the first only. Tried on this process; `hits` counts in
 * the program. */
bool attach_test_multi(int program_fd, volatile uint32_t *hits);
/* The dynamic PMU of uprobes; *ret_type is -1 when there is none. */
void attach_find_perf(int *ret_type, uint64_t *ret_return_flag);

#endif
