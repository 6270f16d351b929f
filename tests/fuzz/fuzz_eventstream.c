/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstream.h"
#include "split.h"

static void on_message(void *ctx, const struct eventstream_message *m)
{
	struct slice rest = m->headers;
	struct eventstream_header h;

	while (eventstream_header_next(&rest, &h) == 1) {
		log_item(ctx, h.name);
		log_item(ctx, h.bytes);
		buf_printf(ctx, "%d %lld", h.type, (long long)h.number);
	}
	log_item(ctx, m->payload);
}

static void run(struct buf *log, struct cutter *c)
{
	struct eventstream e;
	struct slice piece;
	uint64_t hole;

	eventstream_init(&e, 256, on_message, log);
	while (cutter_next(c, &piece, &hole))
		hole ? eventstream_hole(&e, hole)
		     : (void)eventstream_feed(&e, piece.data, piece.len);
	buf_printf(log, "%d %d %d %d", (int)e.bad_crc, (int)e.bad_prelude, (int)e.oversized,
		   (int)e.damaged);
	eventstream_release(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eventstream_message all = { { (const char *)data, size }, SLICE_NONE };
	struct buf log = BUF_INIT(1 << 20);

	/* Random bytes rarely pass two CRCs: read them as headers too. */
	on_message(&log, &all);
	buf_release(&log);
	return fuzz_splits(run, 0, data, size);
}
