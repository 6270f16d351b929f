/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "early.h"
#include "test.h"

#include <errno.h>

TEST(early_keeps_the_order)
{
	static const char *const texts[] = { "a", "", "ccc" };
	struct early e = { 0 };

	for (uint64_t i = 0; i < ARRAY_LEN(texts); i++)
		CHECK_INT(early_add(&e, &(struct early_item){ .hole = i, .ts_ns = 10 + i },
				    slice_from(texts[i])),
			  0);
	for (uint64_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_free_ struct early_item *item = early_take(&e);

		if (!item)
			return test_fail(__FILE__, __LINE__, "nothing");
		CHECK_INT(item->hole, i);
		CHECK_INT(item->ts_ns, 10 + i);
		CHECK_STR(((struct slice){ item->data, item->len }), texts[i]);
	}
	CHECK(!early_take(&e));
	CHECK_INT(e.bytes, 0);
}

TEST(early_has_a_ceiling)
{
	static const char big[EARLY_BYTES_MAX / 4];
	struct early e = { 0 };
	struct early_item *item;
	int r;

	do {
		r = early_add(&e, &(struct early_item){ 0 }, (struct slice){ big, sizeof(big) });
		CHECK(e.bytes <= EARLY_BYTES_MAX);
	} while (!r);
	CHECK_INT(r, -ENOBUFS);
	while ((item = early_take(&e)))
		free(item);
	EACH_MALLOC_FAILURE
	{
		r = early_add(&e, &(struct early_item){ 0 }, SLICE("x"));
		CHECK(r == 0 || r == -ENOMEM);
		free(early_take(&e));
		CHECK_INT(e.bytes, 0);
	}
}
