/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which things are known by a 64-bit key? Several may share one. A thing carries a node
 * for each of its keys, so that nothing is allocated per key; adding, finding and removing take
 * the same time however many things there are and however many of them share a key.
 * A zeroed node stands in no index.
 *
 * A hash table that grows by one bucket per key (Litwin's linear hashing, 1980): no call ever
 * pays for moving all of it.
 */
#ifndef TRACE_INDEX_H
#define TRACE_INDEX_H

#include "list.h"

#include <stddef.h>
#include <stdint.h>

struct index_node {
	struct list link;	 /* of those with its key, oldest first */
	struct index_node *next; /* in its bucket; itself: an older one of its key stands there */
	uint64_t key;
	void *owner; /* NULL: it stands in no index */
};

struct index {
	struct index_node **buckets;
	size_t n_buckets, size; /* in use; that there is room for */
	size_t count, max;	/* different keys */
};

void index_init(struct index *x, size_t max); /* different keys */
/* Its nodes have been removed. */
void index_release(struct index *x);
/* 0, -ENOSPC at the ceiling, -ENOMEM; then the node stands in no index. The owner is not NULL. */
int index_add(struct index *x, struct index_node *node, uint64_t key, void *owner);
void index_remove(struct index *x, struct index_node *node);
/* Fills in the newest owners, `max` at most, newest first. How many there are; max + 1: more. */
size_t index_find(const struct index *x, uint64_t key, void **owners, size_t max);

#endif
