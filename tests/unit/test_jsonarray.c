/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonarray.h"
#include "splits.h"

static void on_element(void *ctx, struct slice element)
{
	log_item(ctx, element);
}

static void run(struct buf *log, struct cutter *c)
{
	struct jsonarray j;
	struct slice piece;
	uint64_t hole;

	jsonarray_init(&j, 40, on_element, log);
	while (cutter_next(c, &piece, &hole)) {
		if (hole)
			jsonarray_hole(&j, hole);
		else
			jsonarray_feed(&j, piece.data, piece.len);
	}
	jsonarray_eof(&j);
	buf_printf(log, "%llu %llu", (unsigned long long)j.oversized,
		   (unsigned long long)j.damaged);
	jsonarray_release(&j);
}

TEST(jsonarray_elements)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{ SLICE("[{\"a\":1},\n{\"b\":[2,{}]}]\n"), "{\"a\":1}|{\"b\":[2,{}]}|0 0" },
		{ SLICE(" [ { \"a\" : 1 }\r\n,\r\n{}]"), "{ \"a\" : 1 }|{}|0 0" },
		{ SLICE("[\"x,]\\\"}\",1,-2.5e3 ,true,null]"),
		  "\"x,]\\\"}\"|1|-2.5e3|true|null|0 0" },
		{ SLICE("[{\"a\":\"}]\\\\\"},{}]"), "{\"a\":\"}]\\\\\"}|{}|0 0" },
		{ SLICE("\xef\xbb\xbf[1]"), "1|0 0" },
		{ SLICE("[[1],[[2]]]"), "[1]|[[2]]|0 0" },
		{ SLICE("[]"), "0 0" },
		{ SLICE(""), "0 0" },
		{ SLICE("{\"error\":[1]}\n"), "{\"error\":[1]}|0 0" },
		{ SLICE("17"), "17|0 0" },
		{ SLICE("[{\"a\":1},{\"b\":"), "{\"a\":1}|0 1" },
		{ SLICE("[{}] [{}]"), "{}|0 0" },
		{ SLICE("[1}}:,2]"), "1|:|2|0 0" },
		{ SLICE("}"), "0 0" },
		{ SLICE("[\"0123456789012345678901234567890123456789\",{}]"), "{}|1 0" },
		{ SLICE("[\"01234567890123456789012345678901234567\",{}]"),
		  "\"01234567890123456789012345678901234567\"|{}|0 0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("row %zu", i);
		check_splits(run, rows[i].text, rows[i].want);
	}
}

TEST(jsonarray_holes)
{
	const struct slice pretty =
		SLICE("[{\n  \"a\": {\n  }\n}\n,\n{\n  \"b\": 2\n}\n,\n{\n}\n]\n");
	const struct slice dense = SLICE("[{\"a\":\"x\"},\n{\"b\":2},\n{}]");

	check_splits_hole(run, pretty, 7, 2, "{\n  \"b\": 2\n}|{\n}|0 1");
	check_splits_hole(run, pretty, 7, 18, "{\n}|0 1");
	check_splits_hole(run, dense, 6, 2, "{\"b\":2}|{}|0 1");
	check_splits_hole(run, dense, 6, 7, "{}|0 1");
	/* No array: nothing shows where anything begins. */
	check_splits_hole(run, SLICE("{\"a\":1}\n{}"), 3, 1, "0 1");
}

TEST(jsonarray_without_memory)
{
	check_without_memory(run, SLICE("[{\"a\":\"x\"},\n{\"b\":2},\n{}]"), SIZE_MAX);
}
