/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket (RFC 6455), one direction of one connection after the upgrade, push style:
 * frames are unmasked, fragments joined, permessage-deflate (RFC 7692) undone, and each
 * message given out whole. Any split of the input gives the same messages.
 *
 * A message over the ceiling is dropped and counted in `oversized`. A hole within the
 * payload of one frame costs that message (`lost`); any other hole loses the place,
 * which is found again where frames plausibly begin (ws_mark, resync.h).
 *
 * With context takeover a message may be built from parts of earlier ones. After a loss
 * the history is empty, and a message that needs more of it than was read since fails
 * to decode: it is lost too, never wrong.
 */
#ifndef WIRE_WS_H
#define WIRE_WS_H

#include "resync.h"
#include "unpack.h"

#define WS_MESSAGE_MAX (32 * 1024 * 1024)
#define WS_HEADER_MAX 14
#define WS_CONTROL_MAX 125

/* What the answer to the upgrade agreed on. */
struct ws_extensions {
	bool deflate;
	bool client_no_context;
	bool server_no_context;
	uint8_t client_window_bits; /* 8 to 15; 15 when not said */
	uint8_t server_window_bits;
};

/* Reads the value of Sec-WebSocket-Extensions of the response; absent: none agreed. 0;
 * -EPROTONOSUPPORT when there is one that changes frames and is not known; -EBADMSG. */
int ws_extensions_parse(struct slice value, struct ws_extensions *ret);

/* Called from feed, mark. The slices are lent until it returns. */
struct ws_sink {
	void *ctx;
	void (*message)(void *ctx, bool text, struct slice data);
	/* code 0: none given. Optional. */
	void (*close)(void *ctx, unsigned int code, struct slice reason);
};

enum ws_state { WS_IN_HEADER, WS_IN_PAYLOAD, WS_LOST };

struct ws {
	struct ws_sink sink;
	bool client; /* the sender is: its frames are masked */
	bool deflate;
	bool no_context;

	enum ws_state state;
	uint8_t header[WS_HEADER_MAX];
	size_t header_len;
	uint8_t opcode;
	bool fin;
	uint64_t left; /* payload bytes of the frame still to come */
	uint8_t mask[4];
	unsigned int mask_at;

	struct buf message;
	bool in_message; /* a fragmented one is open */
	bool text;
	bool compressed;
	bool damaged;	 /* the message is dropped at its end */
	bool discarding; /* it is over the ceiling: only its history is of use */
	uint64_t discarded;
	struct unpack unpack;
	uint8_t control[WS_CONTROL_MAX];
	size_t control_len;
	bool control_damaged;

	struct resync resync;
	uint64_t messages;
	uint64_t oversized;
	uint64_t lost;	 /* messages, those known of */
	uint64_t losses; /* times the place was lost */
	uint64_t no_memory;
};

/* The object may not be moved afterwards. */
void ws_init(struct ws *w, bool client, const struct ws_extensions *extensions, size_t message_max,
	     const struct ws_sink *sink);
void ws_release(struct ws *w);
/* 0, or -EBADMSG when the place was lost within these bytes. */
int ws_feed(struct ws *w, const void *data, size_t len);
int ws_hole(struct ws *w, uint64_t len);
/* The next byte is the first of a record of len bytes (0: not known). */
void ws_mark(struct ws *w, uint64_t len);

#endif
