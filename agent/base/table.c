/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>
#include <stdbool.h>

/* uthash leaves the table as it was and reports through this when memory runs out. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) (added = false)
#include <uthash.h>

struct table_entry {
	UT_hash_handle hh;
	void *value;
	size_t key_len;
	char key[];
};

void table_init(struct table *t, size_t max)
{
	*t = (struct table){ .max = max };
}

static struct table_entry *find(const struct table *t, const void *key, size_t key_len)
{
	struct table_entry *e;

	HASH_FIND(hh, t->head, key, key_len, e);
	return e;
}

static void unlink_entry(struct table *t, struct table_entry *e)
{
	HASH_DELETE(hh, t->head, e);
	t->count--;
}

void table_release(struct table *t, void (*free_value)(void *value))
{
	struct table_entry *e = t->head;

	while (e) {
		struct table_entry *next = e->hh.next;

		unlink_entry(t, e);
		if (free_value)
			free_value(e->value);
		free(e);
		e = next;
	}
}

int table_add(struct table *t, const void *key, size_t key_len, void *value)
{
	struct table_entry *e;
	bool added = true;

	if (find(t, key, key_len))
		return -EEXIST;
	if (t->count >= t->max)
		return -ENOSPC;
	e = calloc(1, sizeof(*e) + key_len);
	if (!e)
		return -ENOMEM;
	e->value = value;
	e->key_len = key_len;
	memcpy(e->key, key, key_len);
	HASH_ADD_KEYPTR(hh, t->head, e->key, key_len, e);
	if (!added) {
		free(e);
		return -ENOMEM;
	}
	t->count++;
	return 0;
}

void *table_get(const struct table *t, const void *key, size_t key_len)
{
	struct table_entry *e = find(t, key, key_len);

	return e ? e->value : NULL;
}

static void *take_entry(struct table *t, struct table_entry *e)
{
	void *value;

	if (!e)
		return NULL;
	value = e->value;
	unlink_entry(t, e);
	free(e);
	return value;
}

void *table_take(struct table *t, const void *key, size_t key_len)
{
	return take_entry(t, find(t, key, key_len));
}

void table_touch(struct table *t, const void *key, size_t key_len)
{
	struct table_entry *e = find(t, key, key_len);
	bool added = true;

	if (!e || !e->hh.next)
		return;
	/* Deleting keeps the bucket array of a table that has other entries, so adding
	 * back needs no memory except when a bucket expands, which may fail harmlessly. */
	HASH_DELETE(hh, t->head, e);
	HASH_ADD_KEYPTR(hh, t->head, e->key, e->key_len, e);
	(void)added;
}

void *table_take_oldest(struct table *t)
{
	return take_entry(t, t->head);
}

int table_each(const struct table *t, int (*each)(void *value, void *arg), void *arg)
{
	for (struct table_entry *e = t->head; e; e = e->hh.next) {
		int r = each(e->value, arg);

		if (r)
			return r;
	}
	return 0;
}

void table_sweep(struct table *t, int (*pick)(void *value, void *arg), void *arg)
{
	struct table_entry *e = t->head;

	while (e) {
		struct table_entry *next = e->hh.next;

		if (pick(e->value, arg)) {
			unlink_entry(t, e);
			free(e);
		}
		e = next;
	}
}
