/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of decoder.h share: decoder.c (its beginning and end), decoder_request.c
 * and decoder_response.c (one direction each).
 */
#ifndef GENAI_DECODER_IMPL_H
#define GENAI_DECODER_IMPL_H

#include "body.h"
#include "decoder.h"
#include "dialect.h"
#include "framing.h"
#include "multipart.h"

#define PLAIN_BODY_MAX 4096 /* kept of a body that is neither JSON nor a stream */
#define STREAM_BODIES 64    /* body_max that a coded stream may decode to */
#define STREAM_TRIES 3	    /* events of a stream that may fail to show its shape */
#define FORM_VALUE_MAX (64 * 1024)

enum body_mode { BODY_UNKNOWN, BODY_JSON, BODY_STREAM, BODY_FORM, BODY_PLAIN };

struct ws_session;

struct decoder {
	struct decoder_config config;
	struct decoder_origin origin;
	call_fn emit;
	void *ctx;
	struct call *call; /* NULL once emitted or given up */
	const struct dialect *dialect;
	const struct dialect *candidate; /* what the request's body looks like */
	void *state;
	enum decoder_verdict verdict;
	bool request_seen; /* its head */
	bool request_parsed;
	bool response_seen;
	struct body request;
	struct body response;
	enum body_mode request_mode;
	struct multipart form;
	struct framing request_stream;
	size_t request_try_at; /* length at which to look for a shape again */
	size_t response_try_at;
	bool request_ended;
	bool response_ended;
	bool confirmed;		   /* the answer has the dialect's shape */
	bool response_whole;	   /* it was JSON, to the end */
	bool lost;		   /* bytes of a body are, how many may not be known */
	enum body_mode mode;	   /* of the response */
	struct slice content_type; /* of the response */
	struct slice grpc_coding;  /* of the response */
	struct slice error_header; /* what a header of the response calls the error */
	struct framing stream;
	struct json json;
	struct ws_session *ws; /* NULL: no WebSocket of an API that is known */
	unsigned int tries;
	uint64_t now_ns;
};

/* It is no call, or there is no memory for one. */
void decoder_give_up(struct decoder *d);
void decoder_set_dialect(struct decoder *d, const struct dialect *dialect, enum operation op);

void decoder_request_init(struct decoder *d);
void decoder_request_release(struct decoder *d);
/* Reads what there is of the request, once it will not become more. */
void decoder_request_parse(struct decoder *d);

void decoder_response_init(struct decoder *d);
/* The answer decides what a request was whose path no dialect knows. */
void decoder_resolve(struct decoder *d, struct json_val response);
/* Reads what there is of the response; it will not become more. */
void decoder_response_parse(struct decoder *d);

#endif
