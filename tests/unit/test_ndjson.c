/* SPDX-License-Identifier: Apache-2.0 */
#include "ndjson.h"
#include "splits.h"

static void on_line(void *ctx, struct slice line)
{
	log_item(ctx, line);
}

static void run(struct buf *log, struct cutter *c)
{
	struct ndjson n;
	struct slice piece;
	uint64_t hole;

	ndjson_init(&n, 20, on_line, log);
	while (cutter_next(c, &piece, &hole)) {
		if (hole)
			ndjson_hole(&n, hole);
		else
			ndjson_feed(&n, piece.data, piece.len);
	}
	ndjson_eof(&n);
	buf_printf(log, "%llu %llu", (unsigned long long)n.oversized,
		   (unsigned long long)n.damaged);
	ndjson_release(&n);
}

TEST(ndjson_lines)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{ SLICE("{\"a\":1}\n{\"b\":2}\n"), "{\"a\":1}|{\"b\":2}|0 0" },
		{ SLICE("{}\r\n\r\n\n[1]"), "{}|[1]|0 0" },
		{ SLICE(""), "0 0" },
		{ SLICE("\n\n"), "0 0" },
		{ SLICE("12345678901234567890\n2\n"), "12345678901234567890|2|0 0" },
		{ SLICE("123456789012345678901\n2\n"), "2|1 0" },
		{ SLICE("                    1\n2\n"), "2|1 0" },
		{ SLICE("1\n123456789012345678901"), "1|1 0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("row %zu", i);
		check_splits(run, rows[i].text, rows[i].want);
	}
}

TEST(ndjson_holes)
{
	const struct slice text = SLICE("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}");

	check_splits_hole(run, text, 2, 3, "{\"b\":2}|{\"c\":3}|{\"d\":4}|0 1");
	check_splits_hole(run, text, 2, 7, "{\"c\":3}|{\"d\":4}|0 1");
	/* Between two lines: the next one may lack its beginning. */
	check_splits_hole(run, text, 8, 1, "{\"a\":1}|{\"c\":3}|{\"d\":4}|0 1");
	check_splits_hole(run, text, 25, 2, "{\"a\":1}|{\"b\":2}|{\"c\":3}|0 1");
}

TEST(ndjson_without_memory)
{
	check_without_memory(run, SLICE("{\"a\":1}\n{\"b\":2}\n{}"), SIZE_MAX);
}
