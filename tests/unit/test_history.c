/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "history.h"
#include "test.h"

TEST(history_of_messages)
{
	struct message messages[] = {
		{ .role = SLICE("system"), .hash = 5 },
		{ .role = SLICE("user"), .hash = 1 },
		{ .role = SLICE("developer"), .hash = 6 },
		{ .role = SLICE("assistant"), .hash = 2 },
	};
	struct part system = { .type = PART_TEXT, .hash = 77 };
	struct history h = { 0 };
	struct call *c = NULL;
	uint64_t before;

	CHECK_INT(call_new(&c), 0);
	c->input = messages;
	c->n_input = 4;
	CHECK_INT(history_read(&h, c), 0);
	/* System messages do not count. */
	CHECK(h.after[0] == HISTORY_EMPTY && h.after[1] == HISTORY_EMPTY);
	CHECK(h.after[2] == history_add(HISTORY_EMPTY, 1) && h.after[3] == h.after[2]);
	CHECK(h.after[4] == history_add(h.after[2], 2));
	CHECK(!h.system);
	before = h.after[4];
	c->system = &system;
	c->n_system = 1;
	CHECK_INT(history_read(&h, c), 0);
	CHECK(h.system && h.after[4] == before);
	/* Nor do ids, in the second list. */
	CHECK(h.without_ids[0] == HISTORY_EMPTY && h.without_ids[4] != h.after[4]);
	messages[1].hash = 3;
	messages[1].hash_without_ids = 1;
	messages[3].hash_without_ids = 2;
	CHECK_INT(history_read(&h, c), 0);
	CHECK(h.without_ids[4] == before && h.after[4] != before);
	/* Order counts. */
	messages[1].hash = 2;
	messages[3].hash = 1;
	CHECK_INT(history_read(&h, c), 0);
	CHECK(h.after[4] != before);
	c->input = NULL;
	c->n_input = 0;
	CHECK_INT(history_read(&h, c), 0);
	CHECK_INT(h.n, 0);
	history_release(&h);
	call_free(c);
}
