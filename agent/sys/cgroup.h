/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc/PID/cgroup says: the control group's path and the id of the container that
 * it names, as docker, podman, containerd, CRI-O and kubelet write it.
 *
 * Format: cgroups(7), "hierarchy-id:controllers:path" a line.
 */
#ifndef SYS_CGROUP_H
#define SYS_CGROUP_H

#include "slice.h"

struct cgroup {
	/* In the input. The unified hierarchy's, or, where that has nothing but the root,
	 * the first of the v1 hierarchies that has more; absent without any. */
	struct slice path;
	/* 64 hexadecimal digits, of the innermost container; absent outside of one. */
	struct slice container_id;
};

void cgroup_parse(struct slice text, struct cgroup *ret);

#endif
