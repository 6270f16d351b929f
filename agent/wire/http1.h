/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.0 and 1.1 (RFC 9112), one direction of one connection, push style: any
 * split of the input gives the same callbacks. Keep-alive and pipelining: messages
 * follow each other until eof.
 *
 * A hole of known length inside a body is passed on and counted against the
 * framing: Content-Length and chunks that contain it go on exactly. A hole that the
 * framing cannot carry (in a head, over a chunk's edge) loses the parser its place:
 * the message ends as HTTP_END_LOST and http1_lost() turns true. The caller may then
 * http1_resync() where a message plausibly starts (the first bytes of a call, see
 * http1_plausible_head()).
 *
 * Owns its head buffer; ceilings HTTP_HEAD_MAX and HTTP_FIELDS_MAX. 1xx answers are
 * skipped (101 is passed on). Never allocates per byte: body slices are lent straight
 * from the input, and so are heads, unless they are split between two feeds or folded.
 *
 * Framing is read as RFC 9112, section 6.3 says, and strictly: what two readers could
 * read differently is -EBADMSG. Of the transfer codings only chunked is removed.
 */
#ifndef WIRE_HTTP1_H
#define WIRE_HTTP1_H

#include "buf.h"
#include "http.h"

struct http1 {
	struct http_sink sink;
	bool response;
	bool folded; /* the head has a continuation line */
	int state;
	int line; /* how far a line of the head or trailer is: enum line_state */
	struct buf head;
	uint64_t left;	/* bytes of the current body or chunk still to come */
	uint64_t count; /* digits of a chunk size, bytes of extensions and trailers */
};

void http1_init(struct http1 *h, bool response, const struct http_sink *sink);
void http1_release(struct http1 *h);

/* 0; -EBADMSG when this is not HTTP; -ENOMEM, -ENOBUFS (a ceiling). After an error the
 * parser is lost: an open message has ended as HTTP_END_LOST, and what is fed is passed
 * over with -EBADMSG until http1_resync(). */
int http1_feed(struct http1 *h, const void *data, size_t len);
/* `len` bytes are missing here. 0 when the framing carries it; -EBADMSG when it does
 * not and the parser is lost. */
int http1_hole(struct http1 *h, uint64_t len);
/* The connection has ended: ends an open message. */
void http1_eof(struct http1 *h);
bool http1_lost(const struct http1 *h);
bool http1_idle(const struct http1 *h); /* between two messages */
/* The next byte fed is the first one of a message; one that is open ends as LOST. */
void http1_resync(struct http1 *h);

/* Could these be the first bytes of a message head of that direction? With fewer
 * than 8 bytes, true as long as nothing contradicts. */
bool http1_plausible_head(bool response, const void *data, size_t len);

#endif
