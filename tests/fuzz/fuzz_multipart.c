/* SPDX-License-Identifier: Apache-2.0 */
#include "multipart.h"
#include "split.h"

static void on_part(void *ctx, const struct multipart_part *p)
{
	log_item(ctx, p->name);
	log_item(ctx, p->filename);
	log_item(ctx, p->content_type);
	log_item(ctx, p->value);
	buf_printf(ctx, "%llu %d %d", (unsigned long long)p->size, p->truncated, p->damaged);
}

static void run(struct buf *log, struct cutter *c)
{
	struct multipart m;
	struct slice piece;
	uint64_t hole;

	if (multipart_init(&m, SLICE("XX"), 16, on_part, log))
		abort();
	while (cutter_next(c, &piece, &hole))
		hole ? multipart_hole(&m, hole) : (void)multipart_feed(&m, piece.data, piece.len);
	multipart_eof(&m);
	multipart_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	multipart_boundary((struct slice){ (const char *)data, size });
	return fuzz_splits(run, 0, data, size);
}
