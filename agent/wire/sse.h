/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events (WHATWG HTML, section 9.2.6), push style. LF, CRLF and CR line
 * ends, comments, several data lines joined by LF, a BOM at the start. Any split of
 * the input gives the same events.
 *
 * An event that lies in one feed with one data line is passed on without a copy.
 *
 * An event larger than the ceiling (all its lines together) is dropped and counted in
 * `oversized`; the next one is right. A hole drops the event it falls into (counted in
 * `damaged`) and parsing goes on behind the next blank line that is certainly one.
 */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "buf.h"

#define SSE_EVENT_MAX (32 * 1024 * 1024)

/* Lent for the callback. type is absent when the event has none or an empty one. id is
 * that of this very event, absent when it has none: the last event id of the
 * specification, which outlives events, is for clients that reconnect. */
struct sse_event {
	struct slice type;
	struct slice id;
	struct slice data;
};

typedef void (*sse_event_fn)(void *ctx, const struct sse_event *event);

struct sse {
	sse_event_fn event;
	void *ctx;
	/* The event being read. Its slices point into the input during a feed, and into
	 * these buffers between two. */
	struct sse_event now;
	struct buf line; /* a line split between two feeds */
	struct buf data;
	struct buf type;
	struct buf id;
	size_t event_max;
	size_t event_len; /* bytes of its lines so far */
	bool first_line;
	bool after_cr; /* an LF now belongs to the line end before it */
	bool dropping; /* up to the next blank line */
	bool in_line;  /* while dropping: the current line is not empty */
	uint64_t oversized;
	uint64_t damaged; /* by holes, or for want of memory */
};

void sse_init(struct sse *s, size_t event_max, sse_event_fn event, void *ctx);
void sse_release(struct sse *s);
/* 0; -ENOMEM when an event was dropped for want of memory: all others are right. */
int sse_feed(struct sse *s, const void *data, size_t len);
void sse_hole(struct sse *s, uint64_t len); /* 0: size not known */
/* End of the stream: an event without its final blank line, or with an unfinished last
 * line, is still delivered. */
void sse_eof(struct sse *s);

#endif
