/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 whose peers mean harm: bounded, counted, and the next stream is right. */
#include "cleanup.h"
#include "h2_session.h"
#include "test.h"

#include <errno.h>

struct counts {
	unsigned int heads, closed, inferred;
	size_t fields;
	size_t body;
};

static void count_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	struct counts *c = ctx;

	(void)s;
	(void)dir;
	c->heads++;
	c->inferred += head->inferred;
	c->fields += head->n_fields;
}

static void count_closed(void *ctx, struct h2_stream *s)
{
	struct counts *c = ctx;

	(void)s;
	c->closed++;
}

static void ignore_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	(void)ctx, (void)s, (void)dir, (void)data;
}

static void count_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	struct counts *c = ctx;

	(void)s, (void)dir;
	c->body += data.len;
}

static void ignore_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	(void)ctx, (void)s, (void)dir, (void)len;
}

static void ignore_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	(void)ctx, (void)s, (void)dir, (void)how;
}

static struct h2_sink count_sink(struct counts *c)
{
	*c = (struct counts){ 0 };
	return (struct h2_sink){ c,	      count_head, NULL,	       ignore_body,
				 ignore_hole, ignore_end, count_closed };
}

static void feed_frame(struct h2 *h, int dir, int type, int flags, uint32_t stream,
		       const void *data, size_t len)
{
	uint8_t header[H2_FRAME_HEADER];

	frame_header(header, len, type, flags, stream);
	h2_feed(h, dir, header, sizeof(header));
	h2_feed(h, dir, data, len);
}

/* GET / */
static const uint8_t small[] = { 0x82, 0x84, 0x86 };

TEST(h2_hpack_bomb)
{
	static uint8_t bomb[16384];
	struct counts c;
	struct h2_sink sink = count_sink(&c);
	struct h2 h;

	h2_init(&h, CLIENT, &sink);
	h2_feed(&h, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	/* One entry of almost 4096 bytes, then references to it. */
	memcpy(bomb, "\x40\x01n\x7f\xd1\x1e", 6);
	feed_frame(&h, CLIENT, H2_HEADERS, 0, 1, bomb, 6 + 4000);
	memset(bomb, 0x80 | 62, sizeof(bomb));
	for (int i = 0; i < 14; i++)
		feed_frame(&h, CLIENT, H2_CONTINUATION, 0, 1, bomb, sizeof(bomb));
	feed_frame(&h, CLIENT, H2_CONTINUATION, H2_END_HEADERS, 1, bomb, sizeof(bomb));
	CHECK_INT(c.heads, 1);
	CHECK_INT(c.inferred, 1);
	CHECK_INT(c.fields, 0);
	CHECK_INT(h.stats.blocks_lost, 1);
	/* The table was kept in step: the reference is still good. */
	feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, 3, "\x82\xbe", 2);
	CHECK_INT(c.heads, 2);
	CHECK_INT(c.inferred, 1);
	CHECK_INT(c.fields, 1);
	h2_release(&h);
}

TEST(h2_endless_continuation)
{
	static uint8_t part[16384];
	struct counts c;
	struct h2_sink sink = count_sink(&c);
	struct h2 h;

	h2_init(&h, CLIENT, &sink);
	h2_feed(&h, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	memset(part, 0x80 | 2, sizeof(part));
	feed_frame(&h, CLIENT, H2_HEADERS, 0, 1, part, sizeof(part));
	for (int i = 0; i < 1000; i++)
		feed_frame(&h, CLIENT, H2_CONTINUATION, 0, 1, part, sizeof(part));
	CHECK(h.dirs[CLIENT].block.size <= H2_BLOCK_MAX + 1);
	feed_frame(&h, CLIENT, H2_CONTINUATION, H2_END_HEADERS, 1, part, 1);
	CHECK_INT(h.stats.blocks_lost, 1);
	feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, 3, small, sizeof(small));
	CHECK_INT(c.heads, 2);
	CHECK_INT(c.inferred, 1);
	h2_release(&h);
}

TEST(h2_rapid_resets_and_many_streams)
{
	struct counts c;
	struct h2_sink sink = count_sink(&c);
	struct h2 h;
	uint32_t id = 1;

	h2_init(&h, CLIENT, &sink);
	h2_feed(&h, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	for (int i = 0; i < 10000; i++, id += 2) {
		feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, id, small, sizeof(small));
		feed_frame(&h, CLIENT, H2_RST_STREAM, 0, id, "\0\0\0\x08", 4);
	}
	CHECK_INT(c.heads, 10000);
	CHECK_INT(c.closed, 10000);
	CHECK_INT(h.streams.count, 0);
	for (int i = 0; i < H2_STREAMS_MAX + 10; i++, id += 2)
		feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, id, small, sizeof(small));
	CHECK_INT(h.streams.count, H2_STREAMS_MAX);
	CHECK_INT(h.stats.streams_evicted, 10);
	CHECK_INT(c.closed, 10010);
	h2_release(&h);
	CHECK_INT(c.closed, 10010 + H2_STREAMS_MAX);
}

/* Windows are the two ends' affair: whatever is said of them, and however much is sent beyond
 * them, what is in the frames is read. */
TEST(h2_windows_are_not_ours)
{
	static const uint8_t settings[] =
		"\0\x04\0\0\0\0\0\x04\x7f\xff\xff\xff\0\x04\xff\xff\xff\xff";
	static const char data[16384];
	struct counts c;
	struct h2_sink sink = count_sink(&c);
	struct h2 h;

	sink.body = count_body;
	h2_init(&h, CLIENT, &sink);
	h2_feed(&h, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	/* An initial window of 0, of the most, and of more than there may be. */
	feed_frame(&h, SERVER, H2_SETTINGS, 0, 0, settings, 18);
	feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, 1, small, sizeof(small));
	for (int i = 0; i < 100; i++)
		feed_frame(&h, CLIENT, H2_DATA, 0, 1, data, sizeof(data));
	CHECK_INT(c.body, 100 * sizeof(data));
	/* Increments of nothing and of the most, again and again, for streams that are none too. */
	for (uint32_t i = 0; i < 100000; i++)
		feed_frame(&h, SERVER, H2_WINDOW_UPDATE, 0, i % 5,
			   i % 2 ? "\0\0\0\0" : "\x7f\xff\xff\xff", 4);
	CHECK_INT(h.streams.count, 1);
	feed_frame(&h, CLIENT, H2_DATA, H2_END_STREAM, 1, data, 1);
	feed_frame(&h, CLIENT, H2_HEADERS, H2_END_HEADERS, 3, small, sizeof(small));
	CHECK_INT(c.body, 100 * sizeof(data) + 1);
	CHECK_INT(c.heads, 2);
	CHECK_INT(c.inferred, 0);
	h2_release(&h);
}
