/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <string.h>

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
	for (size_t i = 0; i < p->n_facts; i++) {
		free(p->facts[i].name);
		free(p->facts[i].value);
	}
	free(p->facts);
	free(p);
}

static struct fact *find_fact(const struct process *p, const char *name)
{
	for (size_t i = 0; i < p->n_facts; i++)
		if (!strcmp(p->facts[i].name, name))
			return &p->facts[i];
	return NULL;
}

const char *process_fact(const struct process *p, const char *name)
{
	const struct fact *f = find_fact(p, name);

	return f ? f->value : NULL;
}

static struct fact *add_fact(struct process *p, const char *name)
{
	struct fact *grown = realloc(p->facts, (p->n_facts + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	p->facts = grown;
	grown[p->n_facts] = (struct fact){ .name = strdup(name) };
	return grown[p->n_facts].name ? &grown[p->n_facts++] : NULL;
}

int process_set_fact(struct process *p, const char *name, struct slice value)
{
	struct fact *f = find_fact(p, name);
	char *copy;

	/* None is told from one that ends where it begins, and half of one is another one. */
	if (!value.data || !value.len || memchr(value.data, 0, value.len))
		return 0;
	if (!f && p->n_facts == PROCESS_FACTS_MAX)
		return -ENOSPC;
	copy = strndup(value.data, value.len);
	if (!copy)
		return -ENOMEM;
	if (!f)
		f = add_fact(p, name);
	if (!f) {
		free(copy);
		return -ENOMEM;
	}
	free(f->value);
	f->value = copy;
	return 0;
}
