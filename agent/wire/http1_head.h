/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One whole HTTP/1 head (RFC 9112, sections 2 to 6), from its first line to the empty
 * line; what http1.c uses, and no one else.
 */
#ifndef WIRE_HTTP1_HEAD_H
#define WIRE_HTTP1_HEAD_H

#include "http.h"

/* How the end of a message is found. */
enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH,
	HTTP1_CHUNKED,
	HTTP1_UNTIL_CLOSE,
};

/* Joins continuation lines (obs-fold) by turning their line ends into spaces. */
int http1_unfold(char *text, size_t len);
/* 0, -EBADMSG, or -ENOBUFS for more than HTTP_FIELDS_MAX fields. The head borrows from
 * `text` and `fields`. */
int http1_parse_head(struct slice text, bool response, struct http_field *fields,
		     struct http_head *ret);
/* *ret_len: the body's length for HTTP1_LENGTH, else 0. -EBADMSG when two readers could
 * take it differently. */
int http1_framing(const struct http_head *head, enum http1_framing *ret, uint64_t *ret_len);
/* The first bytes of a method, or of a status line: is everything in it allowed there? */
bool http1_possible_start(bool response, const char *data, size_t len);

#endif
