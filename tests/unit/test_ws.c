/* SPDX-License-Identifier: Apache-2.0 */
#include "splits.h"
#include "ws.h"

#include <errno.h>
#include <zlib.h>

#define MESSAGE_MAX 300

enum { FIN = 0x80, RSV1 = 0x40, CONT = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9 };

/* What the runs below decode. */
static bool client;
static struct ws_extensions extensions;

static void on_message(void *ctx, bool text, struct slice data)
{
	buf_add_char(ctx, text ? 'T' : 'B');
	log_item(ctx, data);
}

static void on_close(void *ctx, unsigned int code, struct slice reason)
{
	buf_printf(ctx, "close %u %.*s|", code, SLICE_FMT(reason));
}

static void run(struct buf *log, struct cutter *c)
{
	const struct ws_sink sink = { log, on_message, on_close };
	struct ws w;
	struct slice piece;
	uint64_t hole;

	ws_init(&w, client, &extensions, MESSAGE_MAX, &sink);
	while (cutter_next(c, &piece, &hole)) {
		if (hole)
			ws_hole(&w, hole);
		else
			ws_feed(&w, piece.data, piece.len);
	}
	buf_printf(log, "%llu %llu %llu", (unsigned long long)w.oversized,
		   (unsigned long long)w.lost, (unsigned long long)w.losses);
	ws_release(&w);
}

static void add_frame(struct buf *b, int first, struct slice payload)
{
	static const char mask[] = "\x12\xa3\xff\x01";
	uint8_t head[] = { (uint8_t)first, (uint8_t)(client ? 0x80 : 0), 0, 0 };
	size_t head_len = payload.len < 126 ? 2 : 4;

	if (payload.len < 126) {
		head[1] |= (uint8_t)payload.len;
	} else {
		head[1] |= 126;
		head[2] = (uint8_t)(payload.len >> 8);
		head[3] = (uint8_t)payload.len;
	}
	buf_add(b, head, head_len);
	if (client)
		buf_add(b, mask, 4);
	for (size_t i = 0; i < payload.len; i++)
		buf_add_char(b, (char)(payload.data[i] ^ (client ? mask[i & 3] : 0)));
}

static void add_session(struct buf *b)
{
	add_frame(b, FIN | TEXT, SLICE("{\"type\":\"response.create\"}"));
	add_frame(b, TEXT, SLICE("frag"));
	add_frame(b, FIN | PING, SLICE("ping!"));
	add_frame(b, CONT, SLICE(""));
	add_frame(b, FIN | CONT, SLICE("mented"));
	add_frame(b, FIN | BINARY, SLICE(""));
	add_frame(b, FIN | BINARY,
		  SLICE("0123456789012345678901234567890123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789012345678901234567890123456789"));
	add_frame(b, FIN | CLOSE, SLICE("\x03\xe9going away"));
}

TEST(ws_messages)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

		client = i;
		extensions = (struct ws_extensions){ 0 };
		test_row(i ? "client" : "server");
		add_session(&b);
		check_splits(run, buf_slice(&b),
			     "T{\"type\":\"response.create\"}|Tfragmented|B|B"
			     "01234567890123456789012345678901234567890123456789012345678901234567"
			     "89012345678901234567890123456789012345678901234567890123456789012345"
			     "6789|close 1001 going away|0 0 0");
		check_without_memory(run, buf_slice(&b), SIZE_MAX);
	}
}

TEST(ws_close_without_code)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	client = false;
	extensions = (struct ws_extensions){ 0 };
	add_frame(&b, FIN | CLOSE, SLICE(""));
	check_splits(run, buf_slice(&b), "close 0 |0 0 0");
}

TEST(ws_ceiling)
{
	static char big[MESSAGE_MAX + 1];
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	client = false;
	extensions = (struct ws_extensions){ 0 };
	memset(big, 'x', sizeof(big));
	add_frame(&b, FIN | TEXT, (struct slice){ big, sizeof(big) });
	add_frame(&b, FIN | TEXT, SLICE("next"));
	add_frame(&b, TEXT, (struct slice){ big, sizeof(big) - 5 });
	add_frame(&b, FIN | CONT, SLICE("12345"));
	add_frame(&b, FIN | TEXT, SLICE("last"));
	check_splits(run, buf_slice(&b), "Tnext|Tlast|2 0 0");
}

TEST(ws_holes)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	client = true;
	extensions = (struct ws_extensions){ 0 };
	add_frame(&b, FIN | TEXT, SLICE("first"));	/* 0 */
	add_frame(&b, TEXT, SLICE("second"));		/* 11 */
	add_frame(&b, FIN | CONT, SLICE(" continued")); /* 23 */
	add_frame(&b, FIN | PING, SLICE("ping"));	/* 39 */
	add_frame(&b, FIN | TEXT, SLICE("third"));	/* 49 */
	check_splits_hole(run, buf_slice(&b), 7, 2, "Tsecond continued|Tthird|0 1 0");
	check_splits_hole(run, buf_slice(&b), 6, 5, "Tsecond continued|Tthird|0 1 0");
	check_splits_hole(run, buf_slice(&b), 18, 3, "Tfirst|Tthird|0 1 0");
	check_splits_hole(run, buf_slice(&b), 30, 3, "Tfirst|Tthird|0 1 0");
	check_splits_hole(run, buf_slice(&b), 46, 1, "Tfirst|Tsecond continued|Tthird|0 0 0");
	/* Beyond a frame's end: nothing shows where the next one begins. */
	check_splits_hole(run, buf_slice(&b), 20, 4, "Tfirst|0 1 1");
	check_splits_hole(run, buf_slice(&b), 1, 1, "0 0 1");
}

TEST(ws_bad_frames)
{
	static const struct {
		struct slice bytes;
		const char *want;
	} rows[] = {
		{ SLICE("\x83\x01x"), "0 0 1" },	/* opcode 3 */
		{ SLICE("\x8b\x01x"), "0 0 1" },	/* opcode 11 */
		{ SLICE("\xc1\x01x"), "0 0 1" },	/* RSV1 without deflate */
		{ SLICE("\x81\x81mask!"), "0 0 1" },	/* masked by a server */
		{ SLICE("\x09\x01x"), "0 0 1" },	/* fragmented ping */
		{ SLICE("\x89\x7e\x00\x80"), "0 0 1" }, /* ping of 128 bytes */
		{ SLICE("\x81\x7e\x00\x7d"), "0 0 1" }, /* not the shortest form */
		{ SLICE("\x81\x7f\0\0\0\0\0\0\xff\xff"), "0 0 1" },
		{ SLICE("\x81\x7f\x80\0\0\0\0\0\0\0"), "0 0 1" }, /* 2^63 */
		{ SLICE("\x80\x01x\x81\x01y"), "Ty|0 1 0" },	  /* continues nothing */
		{ SLICE("\x01\x01x\x81\x01y"), "Ty|0 1 0" },	  /* never ended */
	};

	client = false;
	extensions = (struct ws_extensions){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("row %zu", i);
		check_splits(run, rows[i].bytes, rows[i].want);
	}
}

/* ---- After a loss: frames are found where records begin -------------------------------- */

TEST(ws_finds_its_place_again)
{
	static const char *const texts[] = { "one", "two", "three", "four", "five" };

	extensions = (struct ws_extensions){ 0 };
	for (size_t lost = 0; lost < 5; lost++) {
		_cleanup_(buf_cleanup) struct buf log = BUF_INIT(1000);
		_cleanup_(buf_cleanup) struct buf want = BUF_INIT(1000);
		const struct ws_sink sink = { &log, on_message, NULL };
		struct ws w;

		client = lost & 1;
		test_row("without %s", texts[lost]);
		ws_init(&w, client, &extensions, MESSAGE_MAX, &sink);
		for (size_t i = 0; i < 5; i++) {
			_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1000);

			add_frame(&b, FIN | TEXT, slice_from(texts[i]));
			ws_mark(&w, b.len);
			if (i == lost)
				ws_hole(&w, b.len);
			else
				ws_feed(&w, b.data, b.len);
			if (i != lost)
				buf_printf(&want, "T%s|", texts[i]);
		}
		CHECK_SLICE(buf_slice(&log), buf_slice(&want));
		ws_release(&w);
	}
}

/* ---- permessage-deflate ---------------------------------------------------------------- */

static void add_packed(struct buf *b, z_stream *z, const char *text, bool fragmented)
{
	char packed[2000];

	z->next_in = (Bytef *)(uintptr_t)text;
	z->avail_in = (uInt)strlen(text);
	z->next_out = (Bytef *)packed;
	z->avail_out = sizeof(packed);
	deflate(z, Z_SYNC_FLUSH);
	{
		struct slice whole = { packed, sizeof(packed) - z->avail_out - 4 };

		if (fragmented) {
			add_frame(b, RSV1 | TEXT, slice_sub(whole, 0, 5));
			add_frame(b, FIN | PING, SLICE(""));
			add_frame(b, FIN | CONT, slice_sub(whole, 5, whole.len));
		} else {
			add_frame(b, FIN | RSV1 | TEXT, whole);
		}
	}
}

static void pack_session(struct buf *b, bool takeover, int window_bits)
{
	static const char *const texts[] = { "{\"type\":\"response.output_text.delta\",\"n\":1}",
					     "{\"type\":\"response.output_text.delta\",\"n\":2}",
					     "qwzvjk",
					     "{\"type\":\"response.output_text.delta\",\"n\":3}" };
	z_stream z = { 0 };

	deflateInit2(&z, 9, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		add_packed(b, &z, texts[i], i == 1);
		if (!takeover)
			deflateReset(&z);
	}
	add_frame(b, FIN | TEXT, SLICE("plain"));
	deflateEnd(&z);
}

#define PACKED_SEEN                                                                                \
	"T{\"type\":\"response.output_text.delta\",\"n\":1}|"                                      \
	"T{\"type\":\"response.output_text.delta\",\"n\":2}|"                                      \
	"Tqwzvjk|"                                                                                 \
	"T{\"type\":\"response.output_text.delta\",\"n\":3}|Tplain|"

TEST(ws_deflate)
{
	for (int i = 0; i < 8; i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

		client = i & 1;
		extensions = (struct ws_extensions){ .deflate = true,
						     .client_no_context = i & 2,
						     .server_no_context = i & 2 };
		test_row("variant %d", i);
		pack_session(&b, !(i & 2), i & 4 ? 9 : 15);
		check_splits(run, buf_slice(&b), PACKED_SEEN "0 0 0");
		check_without_memory(run, buf_slice(&b), SIZE_MAX);
	}
}

/* A loss takes the history: what needs it is lost too, what does not is right. */
TEST(ws_deflate_holes)
{
	_cleanup_(buf_cleanup) struct buf with = BUF_INIT(1 << 20), without = BUF_INIT(1 << 20);

	client = false;
	extensions = (struct ws_extensions){ .deflate = true };
	pack_session(&with, true, 15);
	check_splits_hole(run, buf_slice(&with), 10, 4, "Tqwzvjk|Tplain|0 3 0");
	extensions.server_no_context = true;
	pack_session(&without, false, 15);
	check_splits_hole(run, buf_slice(&without), 10, 4,
			  "T{\"type\":\"response.output_text.delta\",\"n\":2}|Tqwzvjk|"
			  "T{\"type\":\"response.output_text.delta\",\"n\":3}|Tplain|0 1 0");
}

TEST(ws_deflate_bomb)
{
	static char zeros[1000 * MESSAGE_MAX];
	static char packed[10000];
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);
	z_stream z = { .next_in = (Bytef *)zeros,
		       .avail_in = sizeof(zeros),
		       .next_out = (Bytef *)packed,
		       .avail_out = sizeof(packed) };

	client = false;
	extensions = (struct ws_extensions){ .deflate = true };
	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_SYNC_FLUSH);
	add_frame(&b, FIN | RSV1 | TEXT,
		  (struct slice){ packed, sizeof(packed) - z.avail_out - 4 });
	/* A little over the ceiling keeps the history for the next message. */
	z.next_in = (Bytef *)zeros;
	z.avail_in = MESSAGE_MAX + 10;
	deflateReset(&z);
	z.next_out = (Bytef *)packed;
	z.avail_out = sizeof(packed);
	deflate(&z, Z_SYNC_FLUSH);
	add_frame(&b, FIN | RSV1 | TEXT,
		  (struct slice){ packed, sizeof(packed) - z.avail_out - 4 });
	add_packed(&b, &z, "next", false);
	add_frame(&b, FIN | RSV1 | TEXT, SLICE("garbage"));
	add_frame(&b, FIN | TEXT, SLICE("plain"));
	check_splits(run, buf_slice(&b), "Tnext|Tplain|1 2 0");
	deflateEnd(&z);
}

/* Blocks marked as final may stand in a message (RFC 7692, section 7.2.3.4). */
TEST(ws_deflate_final_block)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(1 << 20);

	client = false;
	extensions = (struct ws_extensions){ .deflate = true };
	add_frame(&b, FIN | RSV1 | TEXT, SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"));
	add_frame(&b, FIN | RSV1 | TEXT, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"));
	check_splits(run, buf_slice(&b), "THello|THello|0 0 0");
}

TEST(ws_extension_fields)
{
	static const struct {
		const char *value;
		int want;
		struct ws_extensions e;
	} rows[] = {
		{ NULL, 0, { false, false, false, 15, 15 } },
		{ "", 0, { false, false, false, 15, 15 } },
		{ "permessage-deflate", 0, { true, false, false, 15, 15 } },
		{ "permessage-deflate; client_no_context_takeover; server_max_window_bits=12",
		  0,
		  { true, true, false, 15, 12 } },
		{ " Permessage-Deflate;server_no_context_takeover;client_max_window_bits=\"9\"",
		  0,
		  { true, false, true, 9, 15 } },
		{ "permessage-deflate; client_max_window_bits", -EBADMSG, { 0 } },
		{ "permessage-deflate; server_max_window_bits=7", -EBADMSG, { 0 } },
		{ "permessage-deflate; server_max_window_bits=16", -EBADMSG, { 0 } },
		{ "permessage-deflate; other", -EBADMSG, { 0 } },
		{ "permessage-deflate, permessage-deflate", -EBADMSG, { 0 } },
		{ "x-webkit-deflate-frame", -EPROTONOSUPPORT, { 0 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ws_extensions e = { 0 };

		test_row("%s", rows[i].value ? rows[i].value : "absent");
		CHECK_INT(ws_extensions_parse(slice_from(rows[i].value), &e), rows[i].want);
		CHECK_INT(e.deflate, rows[i].e.deflate);
		CHECK_INT(e.client_no_context, rows[i].e.client_no_context);
		CHECK_INT(e.server_no_context, rows[i].e.server_no_context);
		CHECK_INT(e.client_window_bits, rows[i].e.client_window_bits);
		CHECK_INT(e.server_window_bits, rows[i].e.server_window_bits);
	}
}
