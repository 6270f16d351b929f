/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "test.h"
#include "waterfall.h"

#include <math.h>

#define S UINT64_C(1000000000)

static struct waterfall_row row(uint8_t id, uint8_t parent, enum waterfall_kind kind,
				const char *name, uint64_t start, uint64_t end)
{
	return (struct waterfall_row){ .id = { id },
				       .parent = { parent },
				       .kind = kind,
				       .name = slice_from(name),
				       .start_ns = start * S,
				       .end_ns = end * S,
				       .input = -1,
				       .output = -1,
				       .cost = NAN };
}

static size_t make(struct waterfall_row *rows)
{
	rows[0] = row(5, 1, WATERFALL_CALL, "chat m", 30, 40);
	rows[1] = row(2, 1, WATERFALL_CALL, "chat m", 0, 10);
	rows[1].first_token_ns = 5 * S;
	rows[1].input = 12400;
	rows[1].output = 812;
	rows[1].cost = 0.0041;
	rows[2] = row(4, 3, WATERFALL_AGENT, "invoke_agent sub", 12, 28);
	rows[2].inferred = SLICE("tool_argument");
	rows[3] = row(3, 1, WATERFALL_TOOL, "execute_tool Task", 10, 30);
	rows[3].error = SLICE("tool_error");
	rows[4] = row(1, 0, WATERFALL_AGENT, "invoke_agent coder", 0, 40);
	return 5;
}

TEST(waterfall_draws_a_tree)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 20);
	struct waterfall_row rows[5];
	size_t n = make(rows);

	CHECK_INT(waterfall_print(&text, rows, n,
				  &(struct waterfall_style){ .width = 90, .utf8 = true }),
		  0);
	CHECK_STR(buf_slice(&text),
		  "invoke_agent coder        ██████████████████████    40.0 s\n"
		  "├ chat m                  ▒▒▒▓▓▌                    10.0 s      12.4k→812   "
		  "$0.0041\n"
		  "├ execute_tool Task            ███████████▌         20.0 s  ✗ tool_error\n"
		  "│ └ invoke_agent sub            ┄┄┄┄┄┄┄┄┄▍          16.0 s  ┄ tool_argument\n"
		  "└ chat m                                  ▓▓▓▓▓▓    10.0 s\n");
}

TEST(waterfall_in_ascii)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 20);
	struct waterfall_row rows[5];
	size_t n = make(rows);

	CHECK_INT(waterfall_print(&text, rows, n, &(struct waterfall_style){ .width = 90 }), 0);
	for (size_t i = 0; i < text.len; i++)
		CHECK((unsigned char)text.data[i] < 0x80);
	CHECK(slice_find(buf_slice(&text), SLICE("|  `- invoke_agent sub")) > 0);
	CHECK(slice_find(buf_slice(&text), SLICE("|- chat m ")) > 0 &&
	      slice_find(buf_slice(&text), SLICE(".==")) > 0);
}

TEST(waterfall_of_strange_rows)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 20);
	struct waterfall_row rows[4];

	/* A circle, one that is its own parent, one whose parent is not there, no time. */
	rows[0] = row(1, 2, WATERFALL_OTHER, "a\x1b[31m\n", 5, 5);
	rows[1] = row(2, 1, WATERFALL_OTHER, "b", 5, 5);
	rows[2] = row(3, 3, WATERFALL_OTHER, "c", 5, 5);
	rows[3] = row(4, 9, WATERFALL_OTHER, "", 5, 5);
	CHECK_INT(waterfall_print(&text, rows, 4, &(struct waterfall_style){ .utf8 = true }), 0);
	CHECK(slice_find(buf_slice(&text), SLICE("a?[31m?")) >= 0);
	CHECK(!memchr(text.data, '\x1b', text.len));
	size_t lines = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	CHECK_INT(lines, 4);
	CHECK_INT(waterfall_print(&text, rows, 0, &(struct waterfall_style){ 0 }), 0);
}

TEST(waterfall_deeper_than_it_draws)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 20);
	struct waterfall_row rows[200];

	for (uint8_t i = 0; i < 200; i++)
		rows[i] = row((uint8_t)(i + 1), i, WATERFALL_AGENT, "x", i, 200);
	CHECK_INT(waterfall_print(&text, rows, 200, &(struct waterfall_style){ .utf8 = true }), 0);
	size_t lines = 0, more = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	for (size_t i = 0; i < 200; i++) {
		char said[40];

		snprintf(said, sizeof(said), "… and %zu spans more", i);
		if (slice_find(buf_slice(&text), slice_from(said)) >= 0)
			more = i;
	}
	CHECK(more && lines - 1 + more == 200);
}

TEST(waterfall_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct buf text = BUF_INIT(1 << 20);
		struct waterfall_row rows[5];
		size_t n = make(rows);
		int r = waterfall_print(&text, rows, n, &(struct waterfall_style){ .utf8 = true });

		CHECK(!r || r == -12);
		buf_release(&text);
	}
}
