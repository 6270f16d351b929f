/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket session: one call per operation on it. What a protocol's messages mean is
 * told by its struct ws_api (ws_openai.c, ws_gemini.c); they open, feed and close
 * operations here. What clients say before an operation begins is collected in `next`.
 */
#ifndef GENAI_DECODER_WS_H
#define GENAI_DECODER_WS_H

#include "decoder_impl.h"

#define WS_OPS_MAX 64 /* open at a time; more are not reported but counted as lost */

struct ws_op {
	struct call *call;
	void *state;
	struct slice lane; /* in the call's arena */
	bool started;	   /* the server has begun to answer it */
	bool unasked;	   /* no request of it was seen */
};

struct ws_session;

struct ws_api {
	const struct dialect *dialect; /* reads requests and events */
	bool all_asked;		       /* the server begins none by itself */
	bool (*path)(struct slice path);
	void (*client)(struct decoder *d, struct json_val root, uint64_t ts_ns);
	void (*server)(struct decoder *d, struct json_val root, struct slice data, uint64_t ts_ns);
};

extern const struct ws_api ws_openai_responses;
extern const struct ws_api ws_openai_realtime;
extern const struct ws_api ws_gemini_live;

struct ws_session {
	const struct ws_api *api;
	struct ws_op ops[WS_OPS_MAX];
	size_t n_ops;
	struct call *next;	  /* NULL: nothing was said yet */
	struct slice model;	  /* of the session, in the base call's arena */
	struct slice transcriber; /* the model that writes down what it hears, there too */
	uint64_t heard_ns;	  /* when the last of it was complete; 0: never */
	bool lost;
};

/* The operation that is being prepared; NULL without memory. */
struct call *session_next(struct decoder *d);
/* Opens what `next` has become, or an empty one. NULL: too many, or no memory. */
struct ws_op *session_open(struct decoder *d, struct slice lane, uint64_t ts_ns);
/* The first open one of the lane; NULL. */
struct ws_op *session_find(struct decoder *d, struct slice lane);
struct ws_op *session_find_response(struct decoder *d, struct json_val id);
/* An event of the server's, counted as a chunk; its errors are the operation's. */
void session_feed(struct decoder *d, struct ws_op *op, struct json_val root, struct slice data,
		  uint64_t ts_ns);
/* Emits its call. `cut`: its end was not seen. */
void session_close(struct decoder *d, struct ws_op *op, bool cut, bool closed_here, uint64_t ts_ns);

/* What runs beside the operations and is whole with one event; NULL without memory. To be
 * filled in, then emitted. */
struct call *session_aside(struct decoder *d, const struct dialect *dialect, uint64_t since_ns,
			   uint64_t ts_ns);
void session_emit(struct decoder *d, struct call *c);

/* A session if the head asks for one of a known API; else NULL. */
const struct ws_api *ws_api_find(const struct http_head *request);
void decoder_ws_init(struct decoder *d, const struct http_head *request);
/* The connection ends: what is open is emitted. */
void decoder_ws_end(struct decoder *d, bool lost, bool closed_here, uint64_t ts_ns);
void decoder_ws_free(struct decoder *d);

#endif
