/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "young.h"

TEST(young_until_it_ends_or_a_moment_has_passed)
{
	struct young y = { 0 };

	CHECK(!young_any(&y, 0));
	young_begins(&y, 7, 1000);
	CHECK(young_any(&y, 1000));
	CHECK(young_any(&y, 1000 + YOUNG_NS - 1));
	CHECK(!young_any(&y, 1000 + YOUNG_NS));
	young_ends(&y, 8);
	CHECK(young_any(&y, 1000));
	young_ends(&y, 7);
	CHECK(!young_any(&y, 1000));
}

TEST(young_again_when_it_becomes_another_program)
{
	struct young y = { 0 };

	young_begins(&y, 7, 0);
	young_begins(&y, 7, YOUNG_NS);
	CHECK(young_any(&y, 2 * YOUNG_NS - 1));
	young_ends(&y, 7);
	CHECK(!young_any(&y, YOUNG_NS));
}

TEST(young_more_than_fit_forget_the_oldest)
{
	struct young y = { 0 };

	for (uint32_t tgid = 1; tgid <= YOUNG_MAX + 1; tgid++)
		young_begins(&y, tgid, tgid);
	CHECK(!young_any(&y, YOUNG_NS + YOUNG_MAX + 1));
	CHECK(young_any(&y, YOUNG_NS + YOUNG_MAX));
	for (uint32_t tgid = 2; tgid <= YOUNG_MAX + 1; tgid++)
		young_ends(&y, tgid);
	CHECK(!young_any(&y, 0));
}
