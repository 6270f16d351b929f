/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request says in its body, by which the call is known that is made to answer it:
 * applications hand the user's words on to the model. Kept are its last strings of some length,
 * as they stand in JSON, or all of a body that is plain text.
 *
 * A text that came with another request of the process too, not long ago, says nothing.
 */
#ifndef FLOW_INBOUND_TEXT_H
#define FLOW_INBOUND_TEXT_H

#include "call.h"

#define INBOUND_BODY_MAX (16 * 1024) /* bytes of a body that are read */
#define INBOUND_TEXTS_MAX 8
#define INBOUND_TEXT_MIN 12   /* bytes; shorter ones are said by chance */
#define INBOUND_TEXT_HEAD 256 /* bytes of it that are looked for inside of others */
#define INBOUND_SAID_MAX 256  /* texts of a process that are remembered */

struct inbound_text {
	uint64_t hash; /* as of struct part; 0: it does not count any more */
	size_t len;
	char *head;
	size_t head_len;
};

struct inbound_texts {
	struct inbound_text all[INBOUND_TEXTS_MAX];
	size_t n;
};

/* Of a process: what its requests have said, the oldest is overwritten. */
struct inbound_said {
	uint64_t hashes[INBOUND_SAID_MAX];
	size_t n;
};

/* Reads a body; what there is no memory for is left out. */
void inbound_texts_read(struct inbound_texts *t, struct slice body);
void inbound_texts_release(struct inbound_texts *t);
/* Has it been said? Then it counts in neither. */
bool inbound_said(const struct inbound_said *said, uint64_t hash);
void inbound_say(struct inbound_said *said, uint64_t hash);
void inbound_texts_drop(struct inbound_texts *t, uint64_t hash);
/* How many bytes of the texts the last thing that the user says in this call has; 0: none. */
size_t inbound_texts_match(const struct inbound_texts *t, const struct call *c);

#endif
