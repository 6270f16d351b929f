/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "grid.h"
#include "numbers.h"
#include "test.h"

static void fill(struct grid *g)
{
	static const struct grid_column columns[] = {
		{ .header = { "MODEL", 5 } },
		{ .header = { "CALLS", 5 }, .right = true },
		{ .header = { "NOTE", 4 }, .drop = 2, .max_width = 12 },
		{ .header = { "COST", 4 }, .right = true, .drop = 1 },
	};
	static const char *const cells[] = {
		"claude-sonnet-4-6",
		"210",
		"a long note that is cut",
		"≥$4.12",
		"模型",
		"3",
		"",
		"-",
	};

	grid_init(g);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		grid_add_column(g, &columns[i]);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		grid_add(g, slice_from(cells[i]));
}

TEST(grid_drops_columns_and_never_wraps)
{
	static const struct {
		size_t width;
		const char *want;
	} rows[] = {
		{ 0, "MODEL              CALLS  NOTE            COST\n"
		     "claude-sonnet-4-6    210  a long note…  ≥$4.12\n"
		     "模型                   3                     -\n" },
		{ 40, "MODEL              CALLS    COST\n"
		      "claude-sonnet-4-6    210  ≥$4.12\n"
		      "模型                   3       -\n" },
		{ 26, "MODEL              CALLS\n"
		      "claude-sonnet-4-6    210\n"
		      "模型                   3\n" },
		{ 18, "MODEL        CALLS\n"
		      "claude-son…    210\n"
		      "模型             3\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000);
		struct grid g;

		fill(&g);
		grid_print(&g, &(struct grid_style){ .width = rows[i].width }, &b);
		test_row("width %zu", rows[i].width);
		CHECK_STR(buf_slice(&b), rows[i].want);
		grid_release(&g);
	}
	test_row(NULL);
}

TEST(grid_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10000);
		struct grid g;

		fill(&g);
		grid_print(&g, &(struct grid_style){ .width = 40 }, &b);
		grid_release(&g);
	}
}
