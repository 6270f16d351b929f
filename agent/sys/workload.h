/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose process is this: the repository it works in, its systemd unit, its container's
 * name, its Kubernetes pod. All from /proc and the process's own view of the files, no
 * API is asked, nothing is run. Adds facts (process.h) under OpenTelemetry's names:
 *
 *   vcs.repository.name, vcs.repository.url.full, vcs.ref.head.name, vcs.ref.head.revision
 *   gentap.systemd.unit
 *   container.name, container.runtime
 *   k8s.pod.uid, k8s.pod.name, k8s.namespace.name, k8s.container.name, k8s.node.name
 *
 * and the variables of the environment that are named by `env`, as env.NAME.
 */
#ifndef SYS_WORKLOAD_H
#define SYS_WORKLOAD_H

#include "process.h"
#include "slice.h"

/* `env` ends with NULL, or is NULL. What cannot be read is not there; -ENOMEM alone is
 * an error. */
int workload_read(struct process *p, const char *const *env);

/* Of a cgroup path. Each absent when it is not there. */
struct workload_cgroup {
	struct slice unit;    /* innermost .service, else .scope */
	struct slice pod_uid; /* 36 characters with '-' or, as systemd's driver writes, '_' */
	struct slice runtime; /* docker, podman, containerd, cri-o */
};
void workload_parse_cgroup(struct slice path, struct workload_cgroup *ret);

#endif
