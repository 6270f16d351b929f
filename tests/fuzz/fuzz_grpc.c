/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc.h"
#include "split.h"

static void on_message(void *ctx, struct slice message)
{
	log_item(ctx, message);
}

static void run(struct buf *log, struct cutter *c)
{
	struct grpc g;
	struct slice piece;
	uint64_t hole;

	grpc_init(&g, SLICE("gzip"), 256, on_message, log);
	while (cutter_next(c, &piece, &hole))
		hole ? grpc_hole(&g, hole) : (void)grpc_feed(&g, piece.data, piece.len);
	buf_printf(log, "%d %d %d", (int)g.oversized, (int)g.lost, g.ended);
	grpc_release(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_splits(run, 0, data, size);
}
