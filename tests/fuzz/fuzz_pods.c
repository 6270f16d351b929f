/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "fuzz.h"
#include "pods.h"

#include <errno.h>

/* The first line names the pod and the container of a process, the rest is the list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice json = { (const char *)data, size }, first = slice_cut(&json, '\n');
	struct process *p = NULL;
	struct pods *pods = NULL;
	int r = json.data ? pods_new(&pods, json) : -EBADMSG;

	REQUIRE(!r || r == -EBADMSG || r == -ENOMEM);
	if (r || process_new(&p)) {
		pods_free(pods);
		return 0;
	}
	process_set_fact(p, "k8s.pod.uid", slice_cut(&first, ' '));
	p->container_id = strndup(first.data ? first.data : "", first.len);
	REQUIRE(pods_count(pods) <= PODS_MAX);
	pods_apply(pods, p);
	pods_free(pods);
	for (size_t i = 0; i < p->n_facts; i++) /* all of it is the process's own */
		REQUIRE(*p->facts[i].name && *p->facts[i].value);
	process_unref(p);
	return 0;
}
