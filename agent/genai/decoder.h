/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange in, at most one call out (more for sockets that carry many, which
 * come through call_fn one by one). flow/ pushes head, body, holes and ends of both
 * directions in any interleaving; the decoder finds the dialect by shape (the host is
 * a hint), undoes content codings, cuts streams into events and fills in the call.
 *
 * decoder_verdict() tells whether it is worth sending more bytes: UNDECIDED until the
 * request's head, or failing that its body, has shown what it is.
 *
 * Request bodies are buffered to body_max and parsed once; streamed responses are
 * never buffered whole. A body over the ceiling makes the call partial.
 */
#ifndef GENAI_DECODER_H
#define GENAI_DECODER_H

#include "call.h"
#include "http.h"

enum decoder_verdict { DECODER_UNDECIDED, DECODER_WANTED, DECODER_UNWANTED };

struct decoder_config {
	size_t body_max;		 /* bytes of one buffered body, decoded */
	bool content;			 /* keep message text (masking is redact's, at export) */
	size_t content_max;		 /* bytes kept of one part when content is on */
	bool estimate;			 /* usage that nobody counted: estimate.h */
	const struct clue_config *clues; /* NULL: none wanted; lent */
};

/* What is known of the connection; copied. Strings are lent for the call. */
struct decoder_origin {
	struct process *process;
	struct process *server_process; /* who answers, for mcp_session.h alone; or NULL */
	uint64_t conn_hash;
	uint64_t exchange;
	uint8_t source;
	bool server_side;
	struct slice sni;
	struct slice peer_ip;
	uint16_t peer_port;
	uint16_t local_port;
};

typedef void (*call_fn)(void *ctx, struct call *call); /* takes the call */

struct decoder;

int decoder_new(struct decoder **ret, const struct decoder_config *config,
		const struct decoder_origin *origin, call_fn emit, void *ctx);
/* Frees it; an exchange that was not finished is dropped without a call. */
void decoder_free(struct decoder *d);

/* ts_ns: Unix time of the bytes. */
void decoder_request_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns);
void decoder_request_body(struct decoder *d, struct slice data, uint64_t ts_ns);
void decoder_request_hole(struct decoder *d, uint64_t len);
void decoder_request_end(struct decoder *d, enum http_end how, uint64_t ts_ns);
void decoder_response_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns);
void decoder_response_body(struct decoder *d, struct slice data, uint64_t ts_ns);
void decoder_response_hole(struct decoder *d, uint64_t len);
/* Fields behind the body (gRPC's status); before decoder_response_end(). */
void decoder_response_trailers(struct decoder *d, const struct http_head *trailers, uint64_t ts_ns);
/* Ends the exchange: emits the call, if it is one. An answer that HTTP_END_TRUNCATED cut
 * short, or a stream without the end that its API promises, is an error of the call
 * (error_type "stream_interrupted"; "connection_closed" when there was no answer at all);
 * HTTP_END_LOST is none, since what was lost was lost here. */
void decoder_response_end(struct decoder *d, enum http_end how, uint64_t ts_ns);
/* The observed process closed the connection with the exchange open: emits what there is,
 * with error_type "cancelled" unless all of the answer had come. */
void decoder_abort(struct decoder *d, uint64_t ts_ns);

/* A WebSocket (RFC 6455, RFC 8441): the request's head asked for it and the response's
 * (101, or 200 to a CONNECT) agreed; from then on only messages come, of both sides in the
 * order of their ends, and holes, until decoder_response_end() or decoder_abort(). Each
 * operation on it is a call of its own. A message is whole, lent, its frames and its
 * compression undone; ts_ns is the time of its last byte. Bytes arrive only as long as the
 * verdict is not UNWANTED. */
enum ws_side { WS_CLIENT, WS_SERVER }; /* who sent it */
void decoder_ws_message(struct decoder *d, enum ws_side side, bool text, struct slice message,
			uint64_t ts_ns);
/* Messages of that side are missing, with about len bytes; 0: not known how many. */
void decoder_ws_hole(struct decoder *d, enum ws_side side, uint64_t len);

enum decoder_verdict decoder_verdict(const struct decoder *d);
/* Bytes of the exchange that it keeps at present. */
size_t decoder_held(const struct decoder *d);

/* Whether a request could be an LLM call, by head alone (pure; used for verdicts). */
enum decoder_verdict detect_head(const struct http_head *head, struct slice sni);

#endif
