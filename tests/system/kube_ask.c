/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for pods as the agent does: URL, token file, CA file, then uid and container id of a
 * process in turn, a line of standard input each. Prints its facts and a line "known" or, if
 * that takes more than WAIT_MS, "unknown"; at the end the counts. */
#include "../../agent/kube.h"

#include "cleanup.h"

#include <stdio.h>
#include <time.h>

#define WAIT_MS 15000

static bool apply(struct kube *k, struct process *p)
{
	for (int ms = 0; ms < WAIT_MS; ms += 10) {
		kube_apply(k, p);
		if (p->pod_known)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return false;
}

static int ask(struct kube *k, struct slice line)
{
	struct slice uid = slice_cut(&line, ' ');
	struct process *p = NULL;
	bool known;

	if (process_new(&p))
		return -1;
	process_set_fact(p, "k8s.pod.uid", uid);
	process_set_fact(p, "k8s.pod.name", SLICE("from-the-cgroup"));
	p->container_id = strndup(line.data ? line.data : "", line.len);
	known = apply(k, p);
	for (size_t i = 0; i < p->n_facts; i++)
		printf("%s=%s\n", p->facts[i].name, p->facts[i].value);
	puts(known ? "known" : "unknown");
	fflush(stdout);
	process_unref(p);
	return 0;
}

int main(int argc, char **argv)
{
	struct kube_config config = { argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL,
				      argc > 3 ? argv[3] : NULL };
	struct kube_stats stats;
	struct kube *k = NULL;
	char line[1024];
	int r = kube_new(&k, &config);

	if (r || !k) {
		puts(r ? strerror(-r) : "nobody to ask");
		return r ? 1 : 0;
	}
	while (!r && fgets(line, sizeof(line), stdin))
		r = ask(k, slice_trim(slice_from(line)));
	kube_read_stats(k, &stats);
	printf("answers=%llu failures=%llu pods=%llu\n", (unsigned long long)stats.answers,
	       (unsigned long long)stats.failures, (unsigned long long)stats.pods);
	kube_free(k);
	return r ? 1 : 0;
}
