/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonarray.h"
#include "split.h"

static void on_element(void *ctx, struct slice element)
{
	log_item(ctx, element);
}

static void run(struct buf *log, struct cutter *c)
{
	struct jsonarray j;
	struct slice piece;
	uint64_t hole;

	jsonarray_init(&j, 64, on_element, log);
	while (cutter_next(c, &piece, &hole))
		hole ? jsonarray_hole(&j, hole) : (void)jsonarray_feed(&j, piece.data, piece.len);
	jsonarray_eof(&j);
	buf_printf(log, "%d %d", (int)j.oversized, (int)j.damaged);
	jsonarray_release(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_splits(run, 0, data, size);
}
