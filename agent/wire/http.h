/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP message head (RFC 9110), whatever the version on the wire was. Made by
 * http1.c, h2.c and flow/har.c; everything above reads only this.
 *
 * Lent: names and values live as long as the callback that passes the head.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "slice.h"

#define HTTP_FIELDS_MAX 256
#define HTTP_HEAD_MAX (256 * 1024) /* bytes of one head; larger ones are refused */

struct http_field {
	struct slice name; /* any case (HTTP/1) */
	struct slice value;
};

struct http_head {
	bool response;
	int version; /* 10, 11, 20 */
	int status;  /* responses */
	struct slice method;
	struct slice target;	/* path?query; "*" for OPTIONS, host:port for CONNECT */
	struct slice scheme;	/* HTTP/2 and absolute-form targets, else absent */
	struct slice authority; /* :authority, that of the target, or the Host field */
	const struct http_field *fields;
	size_t n_fields;
	bool inferred; /* some of it was reconstructed, not read (HTTP/2 joined mid-way) */
};

/* First value of a field, by name without regard to case; absent when not there. */
struct slice http_head_get(const struct http_head *h, struct slice name);
/* Does the comma-separated field contain the token? */
bool http_head_has_token(const struct http_head *h, struct slice name, struct slice token);

/* How a message came to its end. */
enum http_end {
	HTTP_END_COMPLETE,  /* its framing says so */
	HTTP_END_CLOSED,    /* close-delimited or raw, connection closed: complete as far as
			     * can be known */
	HTTP_END_TRUNCATED, /* the connection ended, or the stream was reset, before its end */
	HTTP_END_LOST,	    /* records were lost and the end with them */
};

/* What to do with the body after a head; returned by the head callback. */
enum http_body {
	HTTP_BODY_FRAMED, /* as the head says */
	HTTP_BODY_NONE,	  /* there is none, whatever the head says (answer to HEAD) */
	HTTP_BODY_RAW,	  /* all that follows on this connection is not HTTP any more (upgrade,
			     CONNECT) */
};

/* Receiver of the messages of one direction of an HTTP/1 connection. All of them
 * are called synchronously from feed/hole/eof. Each head is followed by one end; after
 * HTTP_BODY_RAW that is at eof, and holes in what is raw come through `hole`. */
struct http_sink {
	void *ctx;
	enum http_body (*head)(void *ctx, const struct http_head *head);
	void (*body)(void *ctx,
		     struct slice data);       /* transfer coding removed, content coding not */
	void (*hole)(void *ctx, uint64_t len); /* this many body bytes are missing here */
	void (*end)(void *ctx, enum http_end how);
	void (*raw)(void *ctx, struct slice data); /* after HTTP_BODY_RAW */
};

#endif
