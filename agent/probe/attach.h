/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe points onto one process. A target is what a locator found in one file; its links
 * are scoped to a process, so that others that map the file pay nothing.
 *
 * Kernels from 6.6 take all points of a program in one uprobe_multi link; older ones get
 * one perf uprobe a point.
 */
#ifndef PROBE_ATTACH_H
#define PROBE_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;
struct gentap_bpf;

#define TARGET_POINTS_MAX 16
#define ATTACH_LINKS_MAX TARGET_POINTS_MAX

/* Which program goes to a point. */
enum probe_role {
	ROLE_WRITE,	 /* int f(object, buf, int len): returns the length */
	ROLE_WRITE_OUT4, /* int f(object, buf, size_t len, size_t *done): returns 1 */
	ROLE_READ,
	ROLE_READ_OUT4,
	ROLE_RETURN, /* uretprobe of the four above */
	ROLE_FREE,
	ROLE_MAX,
};

struct target {
	uint64_t dev, inode;
	size_t n_points; /* 0: nothing to attach here */
	struct {
		enum probe_role role;
		uint64_t offset; /* in the file */
	} points[TARGET_POINTS_MAX];
};

/* OpenSSL and its forks, by symbol. False: the file has no such functions. */
bool locate_openssl(struct target *t, const struct elf *e);

/* Does the kernel take uprobe_multi links? The programs must be loaded for them. */
bool attach_multi_works(struct gentap_bpf *skel);
/* Link fds into ret_fds (room for ATTACH_LINKS_MAX); their count, or -errno. */
int attach_target(struct gentap_bpf *skel, bool multi, const struct target *t, int file_fd,
		  uint32_t pid, int *ret_fds);

#endif
