/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
#include "test.h"

#include <errno.h>

TEST(table_keeps_use_order)
{
	struct table t;
	int values[3] = { 0, 1, 2 };

	table_init(&t, 3);
	for (int i = 0; i < 3; i++)
		CHECK_INT(table_add(&t, &i, sizeof(i), &values[i]), 0);
	CHECK_INT(table_add(&t, "other", 5, &values[0]), -ENOSPC);
	CHECK_INT(table_add(&t, &(int){ 1 }, sizeof(int), &values[0]), -EEXIST);
	table_touch(&t, &(int){ 0 }, sizeof(int));
	CHECK(table_take_oldest(&t) == &values[1]);
	CHECK(table_get(&t, &(int){ 1 }, sizeof(int)) == NULL);
	CHECK(table_take(&t, &(int){ 2 }, sizeof(int)) == &values[2]);
	table_touch(&t, &(int){ 0 }, sizeof(int));
	CHECK(table_take_oldest(&t) == &values[0]);
	CHECK(table_take_oldest(&t) == NULL);
	table_release(&t, NULL);
}

TEST(table_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct table t;
		size_t added = 0, found = 0;

		table_init(&t, 1000);
		for (int i = 0; i < 200; i++)
			added += table_add(&t, &i, sizeof(i), &t) == 0;
		for (int i = 0; i < 200; i++)
			found += table_get(&t, &i, sizeof(i)) == &t;
		CHECK_INT(found, added);
		CHECK_INT(t.count, added);
		table_release(&t, NULL);
	}
}
