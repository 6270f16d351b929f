/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which things are known by a 64-bit key? Several may share one. A thing carries a node
 * for each of its keys; adding and removing take the same time however many share it.
 * A zeroed node stands in no index.
 */
#ifndef TRACE_INDEX_H
#define TRACE_INDEX_H

#include "list.h"
#include "table.h"

#include <stdint.h>

struct index_group;

struct index_node {
	struct list link; /* newest last */
	struct index_group *group;
	void *owner;
};

struct index {
	struct table groups;
};

void index_init(struct index *x, size_t max); /* different keys */
/* Its nodes have been removed. */
void index_release(struct index *x);
/* 0, -ENOSPC at the ceiling, -ENOMEM; then the node stands in no index. */
int index_add(struct index *x, struct index_node *node, uint64_t key, void *owner);
void index_remove(struct index *x, struct index_node *node);
/* Fills in the newest owners, `max` at most, newest first. How many there are in all. */
size_t index_find(const struct index *x, uint64_t key, void **owners, size_t max);

#endif
