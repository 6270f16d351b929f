/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its response on a connection of any HTTP version: a decoder, and
 * what the connection must know of it. It watches the verdict, counts the memory that
 * it holds and replaces bodies by holes when all connections together hold too much.
 *
 * Without a decoder (unwanted, refused, no memory) every function does nothing, so
 * that framing and pairing go on over exchanges nobody wants.
 */
#ifndef FLOW_EXCHANGE_H
#define FLOW_EXCHANGE_H

#include "conn.h"
#include "http.h"

/* Of one on its server's side: does the client's side report it? */
enum exchange_twin { TWIN_UNASKED, TWIN_NONE, TWIN_REPORTED };

struct asked;
struct exported;
struct mcp_stream;

struct exchange {
	struct exchange *next; /* for its owner's list */
	struct conn *conn;
	struct decoder *decoder;
	uint64_t start_ns; /* first byte of the request, Unix time */
	enum decoder_verdict verdict;
	size_t held;		   /* bytes, counted in flow->buffered */
	struct inbound *inbound;   /* of a request to a process that asks models, until its end */
	struct asked *asked;	   /* what is told of it if it is no call; NULL: nothing */
	struct exported *exported; /* of a request that carries the process's own spans */
	struct mcp_stream *events; /* it may be MCP's stream of answers; NULL: it is none */
	uint64_t target;	   /* hash of the request's */
	struct served served;	   /* the request that it was made for; start_ns 0: not known */
	enum exchange_twin twin;
	bool answers;	       /* a call of a model, counted in flow->relays */
	unsigned int relaying; /* how many its process was answering when it began */
	bool head_only;	       /* asked by HEAD: the response has no body */
	bool connect;
	bool websocket;		/* asked for: by Upgrade or :protocol */
	struct ws_exchange *ws; /* and agreed to: bodies are its frames; NULL: no */
};

/* NULL without memory for itself; one without memory for a decoder is still made, since
 * responses must find it. */
struct exchange *exchange_new(struct conn *c);
/* A stand-in for a request that was lost: pairs, decodes nothing. */
struct exchange *exchange_new_ghost(struct conn *c);
/* Drops it without a call. */
void exchange_free(struct exchange *x);

void exchange_request_head(struct exchange *x, const struct http_head *head, uint64_t ts_ns);
void exchange_request_body(struct exchange *x, struct slice data, uint64_t ts_ns);
void exchange_request_hole(struct exchange *x, uint64_t len);
void exchange_request_end(struct exchange *x, enum http_end how, uint64_t ts_ns);
void exchange_response_head(struct exchange *x, const struct http_head *head, uint64_t ts_ns);
void exchange_response_body(struct exchange *x, struct slice data, uint64_t ts_ns);
void exchange_response_hole(struct exchange *x, uint64_t len);
void exchange_response_trailers(struct exchange *x, const struct http_head *trailers,
				uint64_t ts_ns);
/* Bytes of the WebSocket that it became; start: a frame may begin with them. The body and
 * hole functions above lead here too. */
void exchange_ws_data(struct exchange *x, enum ws_side side, struct slice data, bool start,
		      uint64_t ts_ns);
void exchange_ws_hole(struct exchange *x, enum ws_side side, uint64_t len, uint64_t ts_ns);
/* For ws_exchange.c: what the frames say. */
void exchange_ws_message(struct exchange *x, enum ws_side side, bool text, struct slice message,
			 uint64_t ts_ns);
void exchange_ws_missing(struct exchange *x, enum ws_side side, uint64_t len);
/* Emits; what comes after is ignored. */
void exchange_response_end(struct exchange *x, enum http_end how, uint64_t ts_ns);
/* The response will not be seen, or not to its end: emits what there is. */
void exchange_abort(struct exchange *x, uint64_t ts_ns);

/* May it hold so many more bytes? When all connections together hold too much, only who
 * holds little may. */
bool exchange_may_hold(const struct exchange *x, size_t len);

/* Counts a call and hands it to the sink: a call_fn. ctx: struct flow. */
void flow_emit(void *ctx, struct call *call);

#endif
