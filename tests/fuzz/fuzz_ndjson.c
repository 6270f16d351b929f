/* SPDX-License-Identifier: Apache-2.0 */
#include "ndjson.h"
#include "split.h"

static void on_line(void *ctx, struct slice line)
{
	log_item(ctx, line);
}

static void run(struct buf *log, struct cutter *c)
{
	struct ndjson n;
	struct slice piece;
	uint64_t hole;

	ndjson_init(&n, 64, on_line, log);
	while (cutter_next(c, &piece, &hole))
		hole ? ndjson_hole(&n, hole) : (void)ndjson_feed(&n, piece.data, piece.len);
	ndjson_eof(&n);
	buf_printf(log, "%d %d", (int)n.oversized, (int)n.damaged);
	ndjson_release(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_splits(run, 0, data, size);
}
