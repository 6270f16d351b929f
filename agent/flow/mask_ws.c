/* SPDX-License-Identifier: Apache-2.0 */
#include "mask_ws.h"

#include "cleanup.h"
#include "mask.h"

#define OUT_KEEP 16384

enum opcode { TEXT = 1, BINARY = 2, CLOSE = 8 };

static void put_header(struct mask_ws *m, enum opcode opcode, uint64_t len)
{
	char mask_bit = m->ws.client ? (char)0x80 : 0;
	int len_bytes = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

	buf_reset(&m->out, OUT_KEEP);
	buf_add_char(&m->out, (char)(0x80 | opcode));
	buf_add_char(&m->out, (char)(mask_bit | (len_bytes == 0	  ? (char)len
						 : len_bytes == 2 ? 126
								  : 127)));
	for (int i = len_bytes - 1; i >= 0; i--)
		buf_add_char(&m->out, (char)(len >> 8 * i));
	if (m->ws.client)
		buf_add(&m->out, "\0\0\0\0", 4);
}

static void flush(struct mask_ws *m)
{
	struct slice out = buf_slice(&m->out);

	if (buf_error(&m->out))
		m->sink.hole(m->sink.ctx, m->dir, 1, m->now_ns);
	else
		m->sink.data(m->sink.ctx, m->dir, out, true, m->now_ns);
	buf_reset(&m->out, OUT_KEEP);
}

/* In the order in which the reader will find them missing. */
static void note_missed(struct mask_ws *m)
{
	uint64_t missed = m->ws.lost + m->ws.losses + m->ws.oversized;

	if (missed == m->missed)
		return;
	m->missed = missed;
	m->sink.hole(m->sink.ctx, m->dir, 1, m->now_ns);
}

static void on_message(void *ctx, bool text, struct slice data)
{
	struct mask_ws *m = ctx;
	struct mask mask;
	size_t at;

	note_missed(m);
	put_header(m, text ? TEXT : BINARY, data.len);
	at = m->out.len;
	buf_add_slice(&m->out, data);
	if (text && data.len && !buf_error(&m->out)) {
		mask_init(&mask);
		mask_bytes(&mask, m->out.data + at, data.len);
	}
	flush(m);
}

static void on_close(void *ctx, unsigned int code, struct slice reason)
{
	struct mask_ws *m = ctx;

	(void)reason;
	note_missed(m);
	put_header(m, CLOSE, code ? 2 : 0);
	if (code) {
		buf_add_char(&m->out, (char)(code >> 8));
		buf_add_char(&m->out, (char)code);
	}
	flush(m);
}

void mask_ws_init(struct mask_ws *m, enum gentap_dir dir, bool client,
		  const struct ws_extensions *extensions, const struct masker_sink *sink)
{
	const struct ws_sink messages = { m, on_message, on_close };

	*m = (struct mask_ws){ .sink = *sink, .dir = dir };
	buf_init(&m->out, WS_MESSAGE_MAX + WS_HEADER_MAX);
	ws_init(&m->ws, client, extensions, WS_MESSAGE_MAX, &messages);
}

void mask_ws_release(struct mask_ws *m)
{
	ws_release(&m->ws);
	buf_release(&m->out);
}

void mask_ws_data(struct mask_ws *m, struct slice data, bool call_start, uint64_t ts_ns)
{
	m->now_ns = ts_ns;
	if (call_start)
		ws_mark(&m->ws, data.len);
	ws_feed(&m->ws, data.data, data.len);
	note_missed(m);
}

void mask_ws_hole(struct mask_ws *m, uint64_t len, uint64_t ts_ns)
{
	m->now_ns = ts_ns;
	m->sink.hole(m->sink.ctx, m->dir, len, ts_ns);
	ws_hole(&m->ws, len);
	m->missed = m->ws.lost + m->ws.losses + m->ws.oversized;
}
