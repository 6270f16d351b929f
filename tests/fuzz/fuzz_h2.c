/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection as records: u8 control | u16 length, big-endian | bytes. Control: bit 0
 * the direction, bit 1 a hole of that length (no bytes follow), bit 2 no record begins
 * here. The first byte of the input: bit 0 joined midway, bit 1 the client is known.
 * Fed whole, and in pieces whose sizes follow from the input.
 */
#include "h2_session.h"

#include <stdio.h>

struct record {
	int dir;
	bool hole, mark;
	struct slice data;
	size_t len;
};

static bool next_record(struct slice *rest, struct record *r)
{
	const unsigned char *p = (const unsigned char *)rest->data;

	if (rest->len < 3)
		return false;
	r->dir = p[0] & 1;
	r->hole = p[0] & 2;
	r->mark = !(p[0] & 4);
	r->len = (size_t)p[1] << 8 | p[2];
	*rest = slice_sub(*rest, 3, rest->len);
	if (r->hole)
		return true;
	r->data = slice_sub(*rest, 0, r->len);
	r->len = r->data.len;
	*rest = slice_sub(*rest, r->len, rest->len);
	return true;
}

static void run(struct slice input, bool cut, struct transcript *t)
{
	uint32_t random = (uint32_t)slice_hash(SLICE_HASH, input);
	struct h2_sink sink = transcript_sink(t);
	struct slice rest = slice_sub(input, 1, input.len);
	struct record r;
	struct h2 h;

	h2_init(&h, input.data[0] & 2 ? CLIENT : H2_ROLE_UNKNOWN, input.data[0] & 1, &sink);
	while (next_record(&rest, &r)) {
		if (r.mark)
			h2_mark(&h, r.dir, r.len);
		if (r.hole)
			h2_hole(&h, r.dir, r.len);
		while (!r.hole && r.data.len) {
			size_t len = cut ? 1 + (random >> 16) % 20 : r.data.len;
			struct slice piece = slice_sub(r.data, 0, len);

			random = random * 1103515245 + 12345;
			h2_feed(&h, r.dir, piece.data, piece.len);
			r.data = slice_sub(r.data, piece.len, r.data.len);
		}
	}
	h2_eof(&h);
	buf_printf(&t->text, "\n%llu %llu %llu %llu", (unsigned long long)h.stats.frames,
		   (unsigned long long)h.stats.losses, (unsigned long long)h.stats.resyncs,
		   (unsigned long long)h.stats.skipped_bytes);
	h2_release(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	struct transcript whole, pieces;

	if (!size)
		return 0;
	run(input, false, &whole);
	run(input, true, &pieces);
	if (!slice_eq(buf_slice(&whole.text), buf_slice(&pieces.text))) {
		fprintf(stderr, "whole: %s\npieces: %s\n", whole.text.data, pieces.text.data);
		abort();
	}
	buf_release(&whole.text);
	buf_release(&pieces.text);
	return 0;
}
