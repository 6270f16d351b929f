/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which response answers which request on an HTTP/1 connection (RFC 9112, section 9.3).
 *
 * As long as nothing is lost: in order, unsolicited responses aside. After a loss, order
 * alone would pair a response with a request before its own, and put the tokens of one
 * call on another. So these rules, which rest on times and on the fact that hardly a
 * client pipelines. What they give up is partial or missing, never wrong:
 *
 *  - a response cannot begin before its request did;
 *  - a response that follows a loss belongs to the latest request before it, and all
 *    requests before that one have lost theirs;
 *  - a loss between two responses was (part of) the answer to the oldest open request;
 *  - a loss between two requests hides a request: the next response in unbroken order
 *    is its, unless that response had already come;
 *  - a connection that was seen to pipeline is given up at the first loss of place.
 *
 * Owns the exchanges in its queue. Times are Unix nanoseconds.
 */
#ifndef FLOW_PAIRING_H
#define FLOW_PAIRING_H

#include "exchange.h"

#define PAIRING_MAX 64	     /* open exchanges of one connection; more: given up */
#define PAIRING_UNSURE_MAX 3 /* so many unanswered at a loss look like pipelining */

struct pairing {
	struct conn *conn;
	struct exchange *queue; /* by request, oldest first: those whose response is not over */
	unsigned int count;
	struct exchange *sending;   /* in the queue: its request is being read; NULL: nobody's */
	struct exchange *answering; /* in the queue: its response is being read; NULL: nobody's */
	unsigned int surplus;	    /* responses in a row that answered no request that was seen */
	bool loss;		    /* something was lost before the response that comes next */
	bool pipelined;
	bool dead; /* nothing can be paired any more */
};

void pairing_init(struct pairing *p, struct conn *conn);
/* Gives up what is open: it is emitted, marked. */
void pairing_release(struct pairing *p, uint64_t ts_ns);

/* Responses are still to come to requests that nobody remembers; at the beginning. */
void pairing_owe(struct pairing *p, struct owed owed);
/* The same of this connection: a response for each that is open, if none has begun. */
struct owed pairing_owed(const struct pairing *p);

/* A request begins: makes its exchange and `sending`; NULL when there is no room. */
struct exchange *pairing_request(struct pairing *p, uint64_t ts_ns);
/* A response began at start_ns: finds its exchange and makes it `answering`, or NULL. */
struct exchange *pairing_response(struct pairing *p, uint64_t start_ns, uint64_t now_ns);
/* `answering` has ended (the caller has told it so): frees it. */
void pairing_answered(struct pairing *p);
/* Takes an exchange out, with its decoder. */
void pairing_take(struct pairing *p, struct exchange *x);

/* The reader of that direction lost its place; between: between two messages or in a
 * head, so that a message is missing of which nothing was seen. */
void pairing_lost_requests(struct pairing *p, bool between, uint64_t ts_ns);
void pairing_lost_responses(struct pairing *p, bool between, uint64_t ts_ns);
/* Bytes of a response passed whose head was not seen. */
void pairing_skipped_response(struct pairing *p, uint64_t ts_ns);

#endif
