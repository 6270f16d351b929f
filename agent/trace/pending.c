/* SPDX-License-Identifier: Apache-2.0 */
#include "pending.h"

#include "cleanup.h"

void pending_init(struct pending *p)
{
	table_init(&p->ids, PENDING_MAX);
	p->evicted = 0;
}

void pending_release(struct pending *p)
{
	table_release(&p->ids, NULL);
}

static bool is_open(const struct call *c)
{
	/* The last two are of runs of OpenAI's assistants. */
	static const struct slice open[] = { SLICE("queued"), SLICE("in_progress"),
					     SLICE("requires_action"), SLICE("cancelling") };

	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (slice_eq(c->response_status, open[i]))
			return true;
	return false;
}

/* Without memory it is forgotten, as if its making had not been seen. */
static void remember(struct pending *p, struct slice id)
{
	if (p->ids.count >= p->ids.max) {
		table_take_oldest(&p->ids);
		p->evicted++;
	}
	table_add(&p->ids, id.data, id.len, p);
}

void pending_settle(struct pending *p, struct call *c)
{
	struct slice id = c->response_id;

	if (c->op != OP_FETCH_RESPONSE) {
		if (id.len && !c->usage.present && is_open(c))
			remember(p, id);
		else if (id.len && c->usage.present) /* told by another way than a fetch */
			table_take(&p->ids, id.data, id.len);
		return;
	}
	if (!c->usage.present || (id.len && !is_open(c) && table_take(&p->ids, id.data, id.len)))
		return;
	c->usage = (struct usage){ 0 };
	c->usage_source = USAGE_SOURCE_NONE;
}
