/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS event stream (application/vnd.amazon.eventstream), push style, big-endian:
 *
 *   u32 total_len | u32 headers_len | u32 CRC-32 of these 8 bytes | headers | payload
 *   | u32 CRC-32 of all before
 *
 * A message whose own CRC is wrong is dropped and counted in `bad_crc`; the next one
 * follows it. A wrong prelude CRC, or a hole that goes beyond its message, loses the
 * place; it is found again at the next 12 bytes that are a sound prelude with the right
 * CRC, wherever they stand. A hole within one message drops that message (`damaged`).
 * So does a message over the ceiling (`oversized`).
 */
#ifndef WIRE_EVENTSTREAM_H
#define WIRE_EVENTSTREAM_H

#include "buf.h"

#define EVENTSTREAM_PRELUDE 12
#define EVENTSTREAM_OVERHEAD 16 /* prelude and the message's CRC */
#define EVENTSTREAM_HEADERS_MAX (128 * 1024)
#define EVENTSTREAM_MESSAGE_MAX (EVENTSTREAM_HEADERS_MAX + 24 * 1024 * 1024 + EVENTSTREAM_OVERHEAD)

/* Lent until the callback returns. */
struct eventstream_message {
	struct slice headers; /* see eventstream_header_next */
	struct slice payload;
};

enum eventstream_type {
	EVENTSTREAM_TRUE,
	EVENTSTREAM_FALSE,
	EVENTSTREAM_I8,
	EVENTSTREAM_I16,
	EVENTSTREAM_I32,
	EVENTSTREAM_I64,
	EVENTSTREAM_BYTES,
	EVENTSTREAM_STRING,
	EVENTSTREAM_TIME, /* ms since 1970 */
	EVENTSTREAM_UUID,
};

struct eventstream_header {
	struct slice name;
	enum eventstream_type type;
	int64_t number;	    /* booleans, integers, times */
	struct slice bytes; /* bytes, strings, UUIDs; else absent */
};

typedef void (*eventstream_fn)(void *ctx, const struct eventstream_message *message);

struct eventstream {
	eventstream_fn message;
	void *ctx;
	struct buf part;      /* of a message that is split between feeds */
	uint64_t skip;	      /* bytes of a message that is not wanted, still to come */
	bool seeking;	      /* a prelude */
	uint64_t bad_crc;     /* messages */
	uint64_t bad_prelude; /* times the place was lost by one */
	uint64_t oversized;
	uint64_t damaged;
};

void eventstream_init(struct eventstream *e, size_t message_max, eventstream_fn message, void *ctx);
void eventstream_release(struct eventstream *e);
/* 0, or -ENOMEM: a message was lost. */
int eventstream_feed(struct eventstream *e, const void *data, size_t len);
void eventstream_hole(struct eventstream *e, uint64_t len);

/* Cuts the first header off *rest. 1; 0 at the end; -EBADMSG. */
int eventstream_header_next(struct slice *rest, struct eventstream_header *ret);
/* The value of a header of type string; absent when there is none. */
struct slice eventstream_get(const struct eventstream_message *m, struct slice name);

#endif
