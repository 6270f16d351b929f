/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "index.h"
#include "test.h"

#include <errno.h>

TEST(index_newest_first)
{
	struct index_node nodes[5] = { 0 };
	void *found[2];
	struct index x;
	int things[5];

	index_init(&x, 2);
	for (size_t i = 0; i < 4; i++)
		CHECK_INT(index_add(&x, &nodes[i], i / 3, &things[i]), 0);
	CHECK_INT(index_add(&x, &nodes[4], 9, &things[4]), -ENOSPC);
	CHECK_INT(index_find(&x, 0, found, 2), 3);
	CHECK(found[0] == &things[2] && found[1] == &things[1]);
	index_remove(&x, &nodes[2]);
	index_remove(&x, &nodes[2]); /* again is nothing */
	CHECK_INT(index_find(&x, 0, found, 2), 2);
	CHECK(found[0] == &things[1] && found[1] == &things[0]);
	index_remove(&x, &nodes[0]);
	index_remove(&x, &nodes[1]);
	CHECK_INT(index_find(&x, 0, found, 2), 0);
	/* An empty group gives its place back. */
	CHECK_INT(index_add(&x, &nodes[4], 9, &things[4]), 0);
	index_remove(&x, &nodes[3]);
	index_remove(&x, &nodes[4]);
	index_release(&x);
}

TEST(index_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct index_node node = { 0 };
		struct index x;
		void *owner;

		index_init(&x, 2);
		if (!index_add(&x, &node, 1, &node))
			CHECK_INT(index_find(&x, 1, &owner, 1), 1);
		else
			CHECK(!node.group);
		index_remove(&x, &node);
		index_release(&x);
	}
}
