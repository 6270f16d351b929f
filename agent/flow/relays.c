/* SPDX-License-Identifier: Apache-2.0 */
#include "relays.h"

#include <stdlib.h>

void flow_relays_init(struct flow_relays *r)
{
	table_init(&r->counts, RELAYS_PROCESSES_MAX);
}

void flow_relays_release(struct flow_relays *r)
{
	table_release(&r->counts, free);
}

bool flow_relays_begin(struct flow_relays *r, uint32_t tgid)
{
	unsigned int *count = table_get(&r->counts, &tgid, sizeof(tgid));

	if (!count) {
		count = calloc(1, sizeof(*count));
		if (!count || table_add(&r->counts, &tgid, sizeof(tgid), count)) {
			free(count);
			return false;
		}
	}
	++*count;
	return true;
}

void flow_relays_end(struct flow_relays *r, uint32_t tgid)
{
	unsigned int *count = table_get(&r->counts, &tgid, sizeof(tgid));

	if (count && !--*count)
		free(table_take(&r->counts, &tgid, sizeof(tgid)));
}

unsigned int flow_relays_now(const struct flow_relays *r, uint32_t tgid)
{
	const unsigned int *count = table_get(&r->counts, &tgid, sizeof(tgid));

	return count ? *count : 0;
}
