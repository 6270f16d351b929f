/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 frame headers (RFC 9113, sections 4.1 and 6), without state. */
#ifndef WIRE_H2_FRAME_H
#define WIRE_H2_FRAME_H

#include "slice.h"

#define H2_FRAME_HEADER 9
#define H2_FRAME_DEFAULT 16384	      /* SETTINGS_MAX_FRAME_SIZE until it is raised */
#define H2_FRAME_MAX ((1u << 24) - 1) /* largest that the format has */
#define H2_PREFACE SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

enum h2_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
};

enum h2_flag {
	H2_ACK = 0x01,	      /* SETTINGS, PING */
	H2_END_STREAM = 0x01, /* DATA, HEADERS */
	H2_END_HEADERS = 0x04,
	H2_PADDED = 0x08,
	H2_PRIORITIZED = 0x20, /* HEADERS */
};

struct h2_frame {
	uint32_t length; /* of the payload */
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
};

struct h2_frame h2_frame_parse(const void *header);
/* Bytes of the payload in front of its content: pad length, priority, promised id. */
uint32_t h2_frame_prefix(const struct h2_frame *f);
/* Do type, length and stream agree? A false one ends a real connection, so here it
 * shows that the place is lost. */
bool h2_frame_legal(const struct h2_frame *f, uint32_t length_max);
/* Does a frame of those that are really sent begin here? -EAGAIN, -EBADMSG, or its
 * length, header included. Of type resync_measure_fn; ctx is not used. */
ssize_t h2_frame_measure(void *ctx, const void *data, size_t len);

#endif
