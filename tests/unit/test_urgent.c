/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "urgent.h"
#include "test.h"

TEST(urgent_for_its_share_of_each_window)
{
	static const struct {
		const char *name;
		uint64_t now_ms, cpu_us;
		bool want;
	} steps[] = {
		{ "at the start", 1000, 500, true },
		{ "all of its share", 1050, 25500, true },
		{ "more than that", 1051, 25501, false },
		{ "until the window ends", 1099, 30000, false },
		{ "the next window", 1100, 30000, true },
		{ "counts from there", 1199, 55000, true },
		{ "and ends as well", 1199, 55001, false },
		{ "long idle", 9000, 55001, true },
		{ "does not save up", 9001, 80002, false },
	};
	struct urgent u = { .window_ns = 1000 * NSEC_PER_MSEC, .cpu_ns = 500 * NSEC_PER_USEC };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		test_row("%s", steps[i].name);
		CHECK_INT(urgent_allows(&u, steps[i].now_ms * NSEC_PER_MSEC,
					steps[i].cpu_us * NSEC_PER_USEC),
			  steps[i].want);
	}
	test_row(NULL);
}

TEST(urgent_without_permission_changes_nothing)
{
	struct urgent u = { .permitted = false };

	urgent_check(&u);
	CHECK(!u.on);
}
