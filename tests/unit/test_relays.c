/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "relays.h"

TEST(relays_count_by_process)
{
	struct flow_relays r;

	flow_relays_init(&r);
	CHECK(!flow_relays_now(&r, 1));
	CHECK(flow_relays_begin(&r, 1));
	CHECK(flow_relays_begin(&r, 1));
	CHECK(flow_relays_begin(&r, 2));
	CHECK_INT(flow_relays_now(&r, 1), 2);
	flow_relays_end(&r, 1);
	CHECK_INT(flow_relays_now(&r, 1), 1);
	flow_relays_end(&r, 1);
	flow_relays_end(&r, 1); /* one too many is none */
	CHECK(!flow_relays_now(&r, 1));
	CHECK(flow_relays_now(&r, 2));
	flow_relays_release(&r);
}

TEST(relays_ceiling)
{
	struct flow_relays r;

	flow_relays_init(&r);
	for (uint32_t i = 0; i < RELAYS_PROCESSES_MAX; i++)
		CHECK(flow_relays_begin(&r, i));
	CHECK(!flow_relays_begin(&r, RELAYS_PROCESSES_MAX));
	CHECK(flow_relays_begin(&r, 0)); /* one that is there counts on */
	flow_relays_release(&r);
}
