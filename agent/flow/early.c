/* SPDX-License-Identifier: Apache-2.0 */
#include "early.h"

#include <errno.h>

int early_add(struct early *e, const struct early_item *what, struct slice data)
{
	struct early_item **at = &e->first, *item;
	size_t size = sizeof(*item) + data.len;

	if (e->bytes + size > EARLY_BYTES_MAX)
		return -ENOBUFS;
	item = malloc(size);
	if (!item)
		return -ENOMEM;
	*item = *what;
	item->next = NULL;
	item->len = data.len;
	if (data.len)
		memcpy(item->data, data.data, data.len);
	while (*at)
		at = &(*at)->next;
	*at = item;
	e->bytes += size;
	return 0;
}

struct early_item *early_take(struct early *e)
{
	struct early_item *item = e->first;

	if (!item)
		return NULL;
	e->first = item->next;
	e->bytes -= sizeof(*item) + item->len;
	return item;
}
