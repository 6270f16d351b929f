/* SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include "cleanup.h"

#include <errno.h>

struct index_group {
	uint64_t key;
	struct list nodes;
	size_t count;
};

void index_init(struct index *x, size_t max)
{
	table_init(&x->groups, max);
}

void index_release(struct index *x)
{
	table_release(&x->groups, free);
}

int index_add(struct index *x, struct index_node *node, uint64_t key, void *owner)
{
	struct index_group *g = table_get(&x->groups, &key, sizeof(key));
	int r;

	if (!g) {
		g = malloc(sizeof(*g));
		if (!g)
			return -ENOMEM;
		*g = (struct index_group){ .key = key };
		list_init(&g->nodes);
		r = table_add(&x->groups, &key, sizeof(key), g);
		if (r) {
			free(g);
			return r;
		}
	}
	g->count++;
	list_init(&node->link);
	list_append(&g->nodes, &node->link);
	node->group = g;
	node->owner = owner;
	return 0;
}

void index_remove(struct index *x, struct index_node *node)
{
	struct index_group *g = TAKE(node->group);

	if (!g)
		return;
	list_remove(&node->link);
	if (--g->count)
		return;
	table_take(&x->groups, &g->key, sizeof(g->key));
	free(g);
}

size_t index_find(const struct index *x, uint64_t key, void **owners, size_t max)
{
	const struct index_group *g = table_get(&x->groups, &key, sizeof(key));
	const struct list *at;

	if (!g)
		return 0;
	at = g->nodes.prev;
	for (size_t i = 0; i < max && at != &g->nodes; i++, at = at->prev)
		owners[i] = list_item(at, struct index_node, link)->owner;
	return g->count;
}
