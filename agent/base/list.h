/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A doubly linked list of things that carry their own links: no allocation, removal in
 * constant time. A head is a node too; an empty list is one that points to itself, and so
 * is a node that stands in no list once it was initialised or removed.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Behind the last; a node that stands in a list is moved. */
static inline void list_append(struct list *l, struct list *node)
{
	list_remove(node);
	node->prev = l->prev;
	node->next = l;
	l->prev->next = node;
	l->prev = node;
}

/* The thing that carries this node. */
#define list_item(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* each() over the things of a list, of which the current one may be removed. */
#define list_for_each(l, type, member, item)                                                       \
	for (struct list *_node = (l)->next, *_next = _node->next;                                 \
	     _node != (l) && ((item) = list_item(_node, type, member), true);                      \
	     _node = _next, _next = _node->next)

#endif
