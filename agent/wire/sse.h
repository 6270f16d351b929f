/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events (WHATWG HTML, section 9.2.6), push style. LF, CRLF and CR line
 * ends, comments, several data lines joined by LF, a BOM at the start. Any split of
 * the input gives the same events.
 *
 * An event larger than the ceiling is dropped and counted in `oversized`; the next
 * one is right. A hole drops the event it falls into (counted in `damaged`) and
 * parsing goes on at the next blank line.
 */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "buf.h"

#define SSE_EVENT_MAX (32 * 1024 * 1024)

/* Lent for the callback. type is absent when the event has none. */
struct sse_event {
	struct slice type;
	struct slice id;
	struct slice data;
};

typedef void (*sse_event_fn)(void *ctx, const struct sse_event *event);

struct sse {
	sse_event_fn event;
	void *ctx;
	struct buf line; /* a line split between two feeds */
	struct buf data;
	struct buf type;
	struct buf id;
	int state;
	bool has_data;
	uint64_t oversized;
	uint64_t damaged;
};

void sse_init(struct sse *s, size_t event_max, sse_event_fn event, void *ctx);
void sse_release(struct sse *s);
int sse_feed(struct sse *s, const void *data, size_t len); /* 0, -ENOMEM */
void sse_hole(struct sse *s, uint64_t len); /* 0: size not known */
/* End of the stream: an event without its final blank line is still delivered. */
void sse_eof(struct sse *s);

#endif
