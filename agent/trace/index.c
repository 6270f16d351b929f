/* SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include "cleanup.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 16

void index_init(struct index *x, size_t max)
{
	*x = (struct index){ .max = max };
}

void index_release(struct index *x)
{
	free(x->buckets);
	*x = (struct index){ .max = x->max };
}

/* The smallest power of two that has room for all buckets gives the bits that count; who falls
 * beyond the last bucket is still in the one from which that will be split. */
static struct index_node **bucket_of(const struct index *x, uint64_t key)
{
	size_t mask = SIZE_MAX >> __builtin_clzl(x->n_buckets - 1);
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 24) & mask;

	return &x->buckets[at < x->n_buckets ? at : at & mask >> 1];
}

/* Where the node that stands there for its key is pointed to from; *NULL: nobody does. */
static struct index_node **find(const struct index *x, uint64_t key)
{
	struct index_node **at = bucket_of(x, key);

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

static int make_room(struct index *x)
{
	size_t size = x->size ? 2 * x->size : 2 * BUCKETS_MIN;
	struct index_node **buckets;

	if (x->n_buckets < x->size)
		return 0;
	buckets = reallocarray(x->buckets, size, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	if (!x->n_buckets)
		for (; x->n_buckets < BUCKETS_MIN; x->n_buckets++)
			buckets[x->n_buckets] = NULL;
	x->buckets = buckets;
	x->size = size;
	return 0;
}

/* One bucket more, and what belongs there. Without memory the others only get longer. */
static void grow(struct index *x)
{
	struct index_node **from, *rest;

	if (make_room(x))
		return;
	from = &x->buckets[x->n_buckets & SIZE_MAX >> __builtin_clzl(x->n_buckets) >> 1];
	x->buckets[x->n_buckets++] = NULL;
	rest = TAKE(*from);
	while (rest) {
		struct index_node *node = rest, **to = bucket_of(x, node->key);

		rest = node->next;
		node->next = *to;
		*to = node;
	}
}

int index_add(struct index *x, struct index_node *node, uint64_t key, void *owner)
{
	struct index_node **at;

	if (!x->n_buckets && make_room(x))
		return -ENOMEM;
	at = find(x, key);
	if (!*at && x->count >= x->max)
		return -ENOSPC;
	*node = (struct index_node){ .key = key, .owner = owner };
	list_init(&node->link);
	if (*at) {
		node->next = node;
		list_append(&(*at)->link, &node->link);
		return 0;
	}
	*at = node;
	if (++x->count > x->n_buckets)
		grow(x);
	return 0;
}

void index_remove(struct index *x, struct index_node *node)
{
	struct index_node **at, *heir;

	if (!node->owner)
		return;
	node->owner = NULL;
	if (node->next == node) {
		list_remove(&node->link);
		return;
	}
	at = find(x, node->key);
	if (list_empty(&node->link)) {
		*at = node->next;
		x->count--;
		return;
	}
	heir = list_item(node->link.next, struct index_node, link);
	heir->next = node->next;
	*at = heir;
	list_remove(&node->link);
}

size_t index_find(const struct index *x, uint64_t key, void **owners, size_t max)
{
	const struct index_node *oldest = x->n_buckets ? *find(x, key) : NULL, *node = oldest;
	size_t n = 0;

	while (node) {
		node = list_item(node->link.prev, struct index_node, link);
		if (n == max)
			return max + 1;
		owners[n++] = node->owner;
		if (node == oldest)
			break;
	}
	return n;
}
