/* SPDX-License-Identifier: Apache-2.0 */
/* Makes WebSocket frames (RFC 6455, section 5.2; RFC 7692) for tests. */
#ifndef TESTS_WS_FRAMES_H
#define TESTS_WS_FRAMES_H

#include "buf.h"

#include <string.h>
#include <zlib.h>

enum { WS_CONT = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9 };

/* first: FIN, RSV1 and opcode as they stand in the first byte. */
static inline void ws_frame(struct buf *to, bool client, int first, struct slice payload)
{
	static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	char mask_bit = client ? (char)0x80 : 0;

	buf_add_char(to, (char)first);
	if (payload.len < 126) {
		buf_add_char(to, (char)(mask_bit | (char)payload.len));
	} else {
		buf_add_char(to, mask_bit | (payload.len < 65536 ? 126 : 127));
		for (int i = payload.len < 65536 ? 1 : 7; i >= 0; i--)
			buf_add_char(to, (char)((uint64_t)payload.len >> 8 * i));
	}
	if (client)
		buf_add(to, mask, 4);
	for (size_t i = 0; i < payload.len; i++)
		buf_add_char(to, client ? (char)(payload.data[i] ^ mask[i & 3]) : payload.data[i]);
}

static inline void ws_text(struct buf *to, bool client, const char *text)
{
	ws_frame(to, client, 0x80 | WS_TEXT, (struct slice){ text, strlen(text) });
}

/* One direction's compressor; with context takeover it lives as long as the connection. */
static inline void ws_packer_init(z_stream *z)
{
	*z = (z_stream){ 0 };
	if (deflateInit2(z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY))
		abort();
}

static inline void ws_packed(struct buf *to, bool client, z_stream *z, const char *text)
{
	char out[4096];

	z->next_in = (Bytef *)(uintptr_t)text;
	z->avail_in = (uInt)strlen(text);
	z->next_out = (Bytef *)out;
	z->avail_out = sizeof(out);
	deflate(z, Z_SYNC_FLUSH);
	ws_frame(to, client, 0xc0 | WS_TEXT, (struct slice){ out, sizeof(out) - z->avail_out - 4 });
}

#endif
