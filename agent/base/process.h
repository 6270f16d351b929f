/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An observed process, as data: sys/proc.c fills it from /proc, a recorded trace
 * carries it, spans name it as their Resource. Counted references, since spans
 * outlive processes. Strings are owned, NULL when not known.
 *
 * cmdline and service values are masked by whoever fills them: nothing secret may
 * be in here.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "slice.h"

#include <stddef.h>
#include <stdint.h>

#define PROCESS_ANCESTORS_MAX 12
#define PROCESS_FACTS_MAX 64

/* What else is known of a process, under the conventions' name of it: vcs.ref.head.name,
 * k8s.pod.name, … become attributes of its Resource. Names that begin with "env." are
 * variables of its environment that a rule asked for: those go no further. */
struct fact {
	char *name;
	char *value;
};

struct process {
	unsigned int refs;
	uint32_t pid; /* in the agent's pid namespace */
	uint32_t ppid;
	uint32_t uid;
	/* Its parent, that one's parent, …, when it was first seen; init is left out. */
	uint32_t ancestors[PROCESS_ANCESTORS_MAX];
	size_t n_ancestors;
	uint64_t start_ns; /* CLOCK_BOOTTIME; with pid it names the process uniquely */
	char *comm;
	char *exe;     /* path as the process sees it */
	char *cmdline; /* arguments joined by spaces, secrets masked */
	char *cwd;
	char *owner;		   /* user name of uid */
	char *cgroup;		   /* path in the unified or the first v1 hierarchy */
	char *container_id;	   /* 64 hex digits */
	char *service_name;	   /* OTEL_SERVICE_NAME of its environment */
	char *resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES of its environment */
	char *traceparent;	   /* TRACEPARENT of its environment */
	struct fact *facts;
	size_t n_facts;
	bool pod_known; /* Kubernetes has said what it knows of its pod */
};

int process_new(struct process **ret); /* one reference, the caller's */
struct process *process_ref(struct process *p);
void process_unref(struct process *p); /* NULL is fine */
/* Adds or replaces; copies both. An absent or empty value sets nothing. 0, -ENOSPC, -ENOMEM. */
int process_set_fact(struct process *p, const char *name, struct slice value);
const char *process_fact(const struct process *p, const char *name); /* NULL: not known */

#endif
