/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a kubelet or the API server for the pods of this node, in a thread of its own: each
 * minute, and soon when a process of a pod turns up that the list does not have. Who asks here
 * never waits. Without an answer a process keeps what its cgroup, files and environment say.
 *
 * The token is read anew for each request, as it is replaced while the agent runs; it goes
 * over TLS, or to this machine's loopback, and nowhere else. No proxy, no redirect.
 */
#ifndef KUBE_H
#define KUBE_H

#include "process.h"

#include <stdbool.h>

#define KUBE_ANSWER_MAX (16u * 1024 * 1024)

struct kube;

struct kube_config {
	/* "auto": the API server of the cluster that the agent itself runs in, if it does; "off";
	 * or a URL that answers with a PodList. NULL is "auto". */
	const char *pods;
	const char *token_file, *ca_file; /* NULL: those of the pod's service account */
};

struct kube_stats {
	uint64_t answers, failures, pods;
};

/* 0, also when there is nobody to ask: then *ret is NULL. -EINVAL: no such URL, or one that
 * the token may not go to. Or -errno. */
int kube_new(struct kube **ret, const struct kube_config *config);
void kube_free(struct kube *k); /* NULL is fine; a request under way is given up */
/* Adds what is known of the pod that it runs in, once. From one thread; k may be NULL. */
void kube_apply(struct kube *k, struct process *p);
void kube_read_stats(struct kube *k, struct kube_stats *ret); /* NULL: nothing but 0 */

#endif
