/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc.h"
#include "splits.h"

#include <zlib.h>

#define MESSAGE_MAX 100

static const char *coding = "gzip";

static void on_message(void *ctx, struct slice message)
{
	log_item(ctx, message);
}

static void run(struct buf *log, struct cutter *c)
{
	struct grpc g;
	struct slice piece;
	uint64_t hole;

	grpc_init(&g, slice_from(coding), MESSAGE_MAX, on_message, log);
	while (cutter_next(c, &piece, &hole)) {
		if (hole)
			grpc_hole(&g, hole);
		else
			grpc_feed(&g, piece.data, piece.len);
	}
	buf_printf(log, "%llu %llu%s", (unsigned long long)g.oversized, (unsigned long long)g.lost,
		   g.ended ? " ended" : "");
	grpc_release(&g);
}

static void add(struct buf *b, int flag, struct slice message)
{
	const char prefix[] = { (char)flag, 0, 0, (char)(message.len >> 8), (char)message.len };

	buf_add(b, prefix, sizeof(prefix));
	buf_add_slice(b, message);
}

static void add_packed(struct buf *b, struct slice message, int bits)
{
	char packed[1000];
	z_stream z = { .next_in = (Bytef *)(uintptr_t)message.data,
		       .avail_in = (uInt)message.len,
		       .next_out = (Bytef *)packed,
		       .avail_out = sizeof(packed) };

	deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	add(b, 1, (struct slice){ packed, sizeof(packed) - z.avail_out });
	deflateEnd(&z);
}

TEST(grpc_messages)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	add(&b, 0, SLICE("first"));
	add(&b, 0, SLICE(""));
	add_packed(&b, SLICE("packed packed packed packed"), 31);
	add_packed(&b, SLICE("zlib"), 15);
	add(&b, 0, SLICE("last"));
	check_splits(run, buf_slice(&b), "first||packed packed packed packed|zlib|last|0 0");
	coding = NULL;
	check_splits(run, buf_slice(&b), "first||last|0 2");
	coding = "gzip";
	check_without_memory(run, buf_slice(&b), SIZE_MAX);
	check_without_memory(run, buf_slice(&b), 8);
}

TEST(grpc_bad_messages)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	static char big[5000];

	add(&b, 0, (struct slice){ big, 101 });
	add(&b, 1, SLICE("no gzip at all"));
	add(&b, 0, SLICE("next"));
	check_splits(run, buf_slice(&b), "next|1 1");
	buf_reset(&b, 0);
	add_packed(&b, (struct slice){ big, sizeof(big) }, 31);
	add(&b, 0, SLICE("next"));
	check_splits(run, buf_slice(&b), "next|1 0");
	add(&b, 2, SLICE("?"));
	add(&b, 0, SLICE("never read"));
	check_splits(run, buf_slice(&b), "next|1 0 ended");
}

TEST(grpc_holes)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	add(&b, 0, SLICE("first"));
	add(&b, 0, SLICE("second"));
	add(&b, 0, SLICE("third"));
	check_splits_hole(run, buf_slice(&b), 16, 2, "first|third|0 1");
	check_splits_hole(run, buf_slice(&b), 15, 6, "first|third|0 1");
	check_splits_hole(run, buf_slice(&b), 15, 7, "first|0 1 ended");
	check_splits_hole(run, buf_slice(&b), 12, 2, "first|0 1 ended");
}
