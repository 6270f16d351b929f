/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"
#include "ws.h"

#define RECORD_LEN 8 /* a record begins every so many bytes */

static uint8_t variant;

static void on_message(void *ctx, bool text, struct slice data)
{
	buf_add_char(ctx, text ? 'T' : 'B');
	log_item(ctx, data);
}

static void on_close(void *ctx, unsigned int code, struct slice reason)
{
	buf_printf(ctx, "close %u ", code);
	log_item(ctx, reason);
}

static void run(struct buf *log, struct cutter *c)
{
	const struct ws_extensions extensions = { .deflate = variant & 2,
						  .client_no_context = variant & 4,
						  .server_no_context = variant & 4 };
	const struct ws_sink sink = { log, on_message, on_close };
	struct ws w;
	struct slice piece;
	uint64_t hole;

	ws_init(&w, variant & 1, &extensions, 300, &sink);
	for (size_t at = 0; cutter_next(c, &piece, &hole); at = c->at) {
		if (at % RECORD_LEN == 0)
			ws_mark(&w, 0);
		if (hole)
			ws_hole(&w, hole);
		else
			ws_feed(&w, piece.data, piece.len);
	}
	buf_printf(log, "%d %d %d", (int)w.oversized, (int)w.lost, (int)w.losses);
	ws_release(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_extensions e;

	if (!size)
		return 0;
	ws_extensions_parse((struct slice){ (const char *)data, size }, &e);
	variant = data[0];
	return fuzz_splits(run, RECORD_LEN, data + 1, size - 1);
}
