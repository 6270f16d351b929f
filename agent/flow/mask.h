/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overwrites secrets in text with 'x', in place, same length: one direction of an HTTP/1
 * connection, a body, a message. Works a byte at a time and keeps its state, so a secret, or its
 * name, may be spread over any number of records.
 *
 * It does not follow the framing: every line of the stream is looked at as if it might
 * be a head's. A bad Content-Length can therefore not hide a head from it. Masked are
 *
 *  - values of header fields whose name contains key, token, secret, auth, cookie,
 *    signature, credential or passw, folded lines included. Not those of rate limits and
 *    token counts, which are numbers that a replay needs;
 *  - values of parameters of such names in request targets and in other header fields;
 *  - anywhere: words that begin like an API key (sk-, AIza, AKIA, gsk_, xai-, ghp_,
 *    github_pat_, xoxb-), and what is assigned, JSON or form, to one of a few names such
 *    as api_key, access_token, client_secret, password;
 *  - after bytes that were lost: all up to the next line feed, since they may be the rest
 *    of such a value.
 *
 * Not recognised: secrets in compressed bodies, in URL paths, and free text that merely is
 * one.
 */
#ifndef FLOW_MASK_H
#define FLOW_MASK_H

#include "slice.h"

#define MASK_WORD_MAX 32

/* The run of name characters that is being read, lower case. */
struct mask_word {
	char text[MASK_WORD_MAX];
	size_t len; /* MASK_WORD_MAX + 1: longer than that */
};

struct mask {
	int line; /* where in a line */
	struct mask_word name;
	bool upper; /* name is capitals only: a method, perhaps */
	bool begun; /* past the spaces in front of a masked value */
	int word_state;
	struct mask_word word;
	bool escaped; /* a backslash came just before */
	bool equals;  /* the sign between name and value is '=' */
	char quote;   /* around the value: '"', '\'', '\\' for \", or 0 */
};

void mask_init(struct mask *m); /* at the beginning of a message */
/* The framing says that a message begins here. It may be wrong: a secret goes on. */
void mask_message(struct mask *m);
/* Masks in place and returns how many bytes it changed. */
size_t mask_bytes(struct mask *m, char *data, size_t len);
void mask_hole(struct mask *m);

#endif
