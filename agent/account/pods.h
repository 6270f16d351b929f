/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Kubernetes says of the pods of a node: their names, owners, labels and containers,
 * as facts of the processes in them (process.h), under OpenTelemetry's names:
 *
 *   k8s.pod.name, k8s.namespace.name, k8s.node.name, k8s.pod.label.KEY
 *   k8s.{deployment,replicaset,statefulset,daemonset,job,cronjob}.name: the owner
 *   k8s.container.name, container.image.name
 *
 * Format: a PodList of the API (core/v1), as the API server's /api/v1/pods and a kubelet's
 * /pods answer. Pure.
 */
#ifndef ACCOUNT_PODS_H
#define ACCOUNT_PODS_H

#include "process.h"
#include "slice.h"

#define PODS_MAX 4096
#define POD_LABELS_MAX 24 /* of a pod; those beyond are left out */

struct pods;

/* All is copied. 0; -EBADMSG: no PodList, or not a whole one; -ENOMEM. */
int pods_new(struct pods **ret, struct slice json);
void pods_free(struct pods *p); /* NULL is fine */
size_t pods_count(const struct pods *p);
/* Adds what is known of the pod that the fact k8s.pod.uid names, and of the container:
 * true; false: the list does not have it. What finds no room is left out. */
bool pods_apply(const struct pods *p, struct process *to);

#endif
