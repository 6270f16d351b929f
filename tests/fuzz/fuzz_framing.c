/* SPDX-License-Identifier: Apache-2.0 */
/* A streamed body in each format; the input's fifth byte picks one. */
#include "framing.h"
#include "split.h"

static enum framing_kind kind;

static void on_event(void *ctx, const struct event *event)
{
	log_item(ctx, event->type);
	log_item(ctx, event->data);
	buf_printf(ctx, "%d", event->exception);
}

static void run(struct buf *log, struct cutter *c)
{
	struct framing f;
	struct slice piece;
	uint64_t hole;

	framing_init(&f, 256, on_event, log);
	framing_start(&f, kind, SLICE("gzip"));
	while (cutter_next(c, &piece, &hole))
		!piece.data ? framing_hole(&f, hole)
			    : (void)framing_feed(&f, piece.data, piece.len);
	framing_eof(&f);
	buf_printf(log, "%d", framing_lost(&f));
	framing_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 5)
		return 0;
	kind = data[0] % (FRAMING_GRPC + 1);
	return fuzz_splits(run, 0, data + 1, size - 1);
}
