/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from byte keys to pointers, with a ceiling on its entries and the
 * order of their last use. Keys are copied; values are the caller's.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>

struct table_entry;

struct table {
	struct table_entry *head; /* least recently added or touched first */
	size_t count;
	size_t max;
};

void table_init(struct table *t, size_t max);
/* Frees the entries and calls free_value, if given, on each value. */
void table_release(struct table *t, void (*free_value)(void *value));

/* 0, -EEXIST, -ENOSPC at the ceiling, -ENOMEM. */
int table_add(struct table *t, const void *key, size_t key_len, void *value);
void *table_get(const struct table *t, const void *key, size_t key_len); /* NULL: not there */
void *table_take(struct table *t, const void *key, size_t key_len);	 /* removes it */
/* Makes the entry the most recently used one. */
void table_touch(struct table *t, const void *key, size_t key_len);
/* The value of the least recently used entry, removed; NULL when empty. */
void *table_take_oldest(struct table *t);
/* Calls each(value, arg) in order of last use; each() may not change the table.
 * Stops at the first result that is not 0 and returns it. */
int table_each(const struct table *t, int (*each)(void *value, void *arg), void *arg);
/* Removes the entries for which pick(value, arg) is not 0. pick() owns the value then. */
void table_sweep(struct table *t, int (*pick)(void *value, void *arg), void *arg);

#endif
