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
	CHECK_INT(index_find(&x, 0, found, 2), 3); /* and more */
	CHECK_INT(index_find(&x, 9, found, 2), 0);
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

/* Against the plainest thing that does the same, with keys that share buckets. */
TEST(index_as_a_list_has_it)
{
	enum { NODES = 600, KEYS = 150, STEPS = 20000 };
	static struct index_node nodes[NODES];
	static size_t order[NODES]; /* numbers of those that stand there, oldest first */
	uint64_t keys[NODES], random = 1;
	size_t n = 0;
	struct index x;

	index_init(&x, KEYS);
	for (size_t step = 0; step < STEPS; step++) {
		void *found[8];
		size_t at, want = 0, got;
		uint64_t key;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		at = (random >> 33) % NODES;
		key = (random >> 20) % KEYS;
		if (nodes[at].owner) {
			size_t i = 0;

			index_remove(&x, &nodes[at]);
			while (order[i] != at)
				i++;
			memmove(&order[i], &order[i + 1], (--n - i) * sizeof(*order));
		} else if (step % 4000 < 3000) { /* grows, and shrinks again */
			CHECK_INT(index_add(&x, &nodes[at], key, &nodes[at]), 0);
			keys[at] = key;
			order[n++] = at;
		}
		got = index_find(&x, key, found, 8);
		for (size_t i = n; i && want <= 8; i--) {
			if (keys[order[i - 1]] != key)
				continue;
			if (want < 8)
				CHECK(found[want] == &nodes[order[i - 1]]);
			want++;
		}
		CHECK_INT(got, want);
	}
	for (size_t i = 0; i < NODES; i++)
		index_remove(&x, &nodes[i]);
	CHECK_INT(x.count, 0);
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
			CHECK(!node.owner);
		index_remove(&x, &node);
		index_release(&x);
	}
	/* Where it cannot grow it still finds everything. */
	EACH_MALLOC_FAILURE
	{
		struct index_node nodes[100] = { 0 };
		struct index x;
		void *owner;

		index_init(&x, 100);
		for (size_t i = 0; i < 100; i++)
			if (!index_add(&x, &nodes[i], i, &nodes[i]))
				CHECK(index_find(&x, i, &owner, 1) == 1 && owner == &nodes[i]);
		for (size_t i = 0; i < 100; i++)
			index_remove(&x, &nodes[i]);
		CHECK_INT(x.count, 0);
		index_release(&x);
	}
}
