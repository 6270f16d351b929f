/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>

int process_new(struct process **ret)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->refs = 1;
	*ret = p;
	return 0;
}

struct process *process_ref(struct process *p)
{
	if (p)
		p->refs++;
	return p;
}

void process_unref(struct process *p)
{
	if (!p || --p->refs)
		return;
	free(p->comm);
	free(p->exe);
	free(p->cmdline);
	free(p->cwd);
	free(p->owner);
	free(p->cgroup);
	free(p->container_id);
	free(p->service_name);
	free(p->resource_attributes);
	free(p->traceparent);
	free(p);
}
