/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_impl.h"

#include "api_error.h"
#include "cleanup.h"
#include "detect.h"
#include "request_head.h"

#include <errno.h>

/* The answer decides what a request was whose path no dialect knows. One that failed
 * has no shape of its own. */
void decoder_resolve(struct decoder *d, struct json_val response)
{
	const struct dialect *dialect = detect_response_shape(response);

	if (!dialect &&
	    (d->call->status >= 400 || !response.doc || json_get(response, "error").doc))
		dialect = d->candidate;
	if (dialect)
		decoder_set_dialect(d, dialect, dialect->op);
	if (d->dialect)
		decoder_request_parse(d);
}

/* The server names itself in its head. */
static void confirm_server(struct decoder *d, const struct http_head *head)
{
	const char *server = d->dialect && d->dialect->confirm ? detect_upstream(head) : NULL;

	d->confirmed |= server && !strcmp(server, d->dialect->provider);
}

static void confirm(struct decoder *d, struct json_val root)
{
	if (d->dialect->confirm && !d->confirmed)
		d->confirmed = d->dialect->response_shape(root);
}

/* An exception of an event stream, or an error in the shape that all share. */
static void read_error(struct decoder *d, const struct event *event, struct json_val root)
{
	struct slice message = SLICE_NONE;

	if (!event->exception) {
		api_error_in(d->call, root);
		return;
	}
	if (json_type(json_get(root, "message")) == JSON_STRING)
		message = call_json_str(d->call, json_get(root, "message"));
	else if (!root.doc)
		message = slice_sub(event->data, 0, API_ERROR_MESSAGE_MAX);
	call_set_error(d->call, event->type.len ? event->type : SLICE("_OTHER"), message);
}

/* Reads what an event holds; absent when that is no JSON. */
static struct json_val parse_event(struct decoder *d, struct slice data)
{
	int r;

	if (d->stream.kind == FRAMING_GRPC)
		return JSON_NONE;
	r = json_parse(&d->json, data);
	if (!r)
		return json_root(&d->json);
	if (r != -EBADMSG)
		call_mark_partial(d->call, r == -ENOMEM ? "memory" : "event_too_large", 0);
	return JSON_NONE;
}

static void on_event(void *ctx, const struct event *event)
{
	struct decoder *d = ctx;
	struct call *c = d->call;
	struct json_val root;

	if (!c)
		return;
	root = parse_event(d, event->data);
	if (!d->dialect && root.doc) {
		decoder_resolve(d, root);
		if (!d->dialect && ++d->tries >= STREAM_TRIES)
			decoder_give_up(d);
	}
	if (!d->dialect)
		return;
	if ((root.doc || d->stream.kind == FRAMING_GRPC) && !slice_eq(event->type, SLICE("ping"))) {
		c->chunks++;
		c->last_chunk_ns = d->now_ns;
		if (!c->first_chunk_ns)
			c->first_chunk_ns = d->now_ns;
	}
	confirm(d, root);
	read_error(d, event, root);
	if (event->exception)
		return;
	if (d->dialect->event)
		d->dialect->event(c, &d->config, d->state, event, root, d->now_ns);
	else if (root.doc)
		d->dialect->response(c, &d->config, d->state, root);
}

/* What no first byte tells: binary formats, and lines that look like one document. */
static bool start_by_type(struct decoder *d)
{
	enum framing_kind kind = framing_by_type(d->content_type);

	if (kind == FRAMING_NONE || kind == FRAMING_SSE || d->call->status >= 400)
		return false;
	framing_start(&d->stream, kind, d->grpc_coding);
	d->mode = BODY_STREAM;
	return true;
}

/* By the first byte, which content types get wrong less often than servers do. */
static void start_by_byte(struct decoder *d, char first)
{
	enum framing_kind kind = FRAMING_NONE;

	if (first == '{' || first == '[') {
		d->mode = BODY_JSON;
		if (first == '[' && d->call->status < 400 && d->dialect && d->dialect->array)
			kind = FRAMING_ARRAY;
	} else {
		d->mode = BODY_PLAIN;
		/* "data:", "event:", "id:", "retry:" or a comment, sent as something else. */
		if (framing_by_type(d->content_type) == FRAMING_SSE ||
		    (d->call->status < 400 && strchr("deir:", first)))
			kind = FRAMING_SSE;
	}
	if (kind == FRAMING_NONE)
		return;
	framing_start(&d->stream, kind, SLICE_NONE);
	d->mode = BODY_STREAM;
}

static void response_out(void *ctx, struct slice data)
{
	struct decoder *d = ctx;
	struct body *b = &d->response;
	int r;

	while (d->mode == BODY_UNKNOWN && data.len) {
		/* White space and the three bytes of a BOM say nothing. */
		if (start_by_type(d))
			break;
		if (!strchr(" \t\r\n\xef\xbb\xbf", data.data[0])) {
			start_by_byte(d, data.data[0]);
			break;
		}
		data = slice_sub(data, 1, data.len);
	}
	if (d->mode == BODY_STREAM) {
		r = framing_feed(&d->stream, data.data, data.len);
		if (r)
			body_stop(b, r == -ENOMEM ? "memory" : "stream_unreadable");
	} else if (d->mode == BODY_JSON || b->text.len < PLAIN_BODY_MAX) {
		body_collect(b, data);
	}
}

void decoder_response_init(struct decoder *d)
{
	body_init(&d->response, d->config.body_max, response_out, d);
	framing_init(&d->stream, d->config.body_max, on_event, d);
}

/* AWS: "ThrottlingException:http://internal.amazon.com/coral/…". */
static struct slice error_header(const struct http_head *head)
{
	struct slice value = http_head_get(head, SLICE("x-amzn-errortype"));

	return slice_cut(&value, ':');
}

/* gRPC's, in trailers or, when there is nothing else, in the head. */
static void read_grpc_status(struct call *c, const struct http_head *head)
{
	static const struct slice names[] = {
		SLICE("OK"),
		SLICE("CANCELLED"),
		SLICE("UNKNOWN"),
		SLICE("INVALID_ARGUMENT"),
		SLICE("DEADLINE_EXCEEDED"),
		SLICE("NOT_FOUND"),
		SLICE("ALREADY_EXISTS"),
		SLICE("PERMISSION_DENIED"),
		SLICE("RESOURCE_EXHAUSTED"),
		SLICE("FAILED_PRECONDITION"),
		SLICE("ABORTED"),
		SLICE("OUT_OF_RANGE"),
		SLICE("UNIMPLEMENTED"),
		SLICE("INTERNAL"),
		SLICE("UNAVAILABLE"),
		SLICE("DATA_LOSS"),
		SLICE("UNAUTHENTICATED"),
	};
	uint64_t status;

	if (slice_u64(http_head_get(head, SLICE("grpc-status")), &status) || !status)
		return;
	call_set_error(c, status < ARRAY_LEN(names) ? names[status] : SLICE("UNKNOWN"),
		       http_head_get(head, SLICE("grpc-message")));
}

void decoder_response_trailers(struct decoder *d, const struct http_head *trailers, uint64_t ts_ns)
{
	(void)ts_ns;
	if (d->call && !d->response_ended)
		read_grpc_status(d->call, trailers);
}

void decoder_response_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	struct call *c = d->call;
	struct slice type = http_head_get(head, SLICE("content-type"));

	if (c && d->ws) {
		response_head_read(c, head, ts_ns);
		return;
	}
	if (!c || d->response_seen || (head->status >= 100 && head->status < 200))
		return;
	d->response_seen = true;
	/* Nobody saw the request: only a body of the right shape can make it a call. */
	if (!d->request_seen && !detect_is_json(type) && framing_by_type(type) == FRAMING_NONE) {
		decoder_give_up(d);
		return;
	}
	c->response_start_ns = ts_ns;
	response_head_read(c, head, ts_ns);
	d->content_type = arena_copy(&c->arena, type);
	d->grpc_coding = arena_copy(&c->arena, http_head_get(head, SLICE("grpc-encoding")));
	read_grpc_status(c, head);
	d->error_header = arena_copy(&c->arena, error_header(head));
	confirm_server(d, head);
	if (d->dialect && d->dialect->head)
		d->dialect->head(c, d->state, head);
	if (head->inferred && c->completeness == COMPLETENESS_FULL)
		c->completeness = COMPLETENESS_INFERRED;
	/* A stream may be far longer than what is ever kept of it at a time. */
	body_set_coding(&d->response, head, STREAM_BODIES * (uint64_t)d->config.body_max);
}

/* Turns a body down early that nobody claims, so as not to collect all of it. */
static void response_try(struct decoder *d)
{
	struct slice text = buf_slice(&d->response.text);
	const struct dialect *dialect;
	enum decoder_verdict verdict;

	if (d->dialect || d->verdict == DECODER_WANTED || d->mode != BODY_JSON ||
	    text.len < d->response_try_at)
		return;
	d->response_try_at = MIN(2 * text.len, (size_t)DETECT_BODY_MAX);
	verdict = detect_body(&d->json, text, false, detect_response_shape, &dialect);
	if (verdict == DECODER_WANTED)
		d->verdict = verdict;
	else if (verdict == DECODER_UNWANTED && text.len >= DETECT_BODY_MAX)
		decoder_give_up(d);
}

void decoder_response_body(struct decoder *d, struct slice data, uint64_t ts_ns)
{
	if (!d->call || d->response_ended)
		return;
	d->now_ns = ts_ns;
	body_feed(&d->response, data);
	if (d->call)
		response_try(d);
}

void decoder_response_hole(struct decoder *d, uint64_t len)
{
	if (!d->call)
		return;
	body_end(&d->response);
	if (!d->call)
		return;
	d->lost = true;
	call_mark_partial(d->call, "lost_records", len);
	if (d->mode == BODY_UNKNOWN && !start_by_type(d) &&
	    framing_by_type(d->content_type) == FRAMING_SSE)
		start_by_byte(d, ':');
	if (d->mode == BODY_STREAM && !d->response.inflate)
		framing_hole(&d->stream, len);
	else
		body_stop(&d->response, "lost_records");
}

/* A sign-in or error page where an answer should be: no API answers so. */
static bool is_page(struct slice text)
{
	text = slice_trim(text);
	return slice_starts_nocase(text, SLICE("<!doctype html")) ||
	       slice_starts_nocase(text, SLICE("<html"));
}

void decoder_response_parse(struct decoder *d)
{
	struct slice text = buf_slice(&d->response.text);
	struct json_val root = JSON_NONE;
	struct call *c = d->call;

	if (d->mode == BODY_STREAM) {
		framing_eof(&d->stream);
		if (!d->call)
			return;
		if (framing_lost(&d->stream))
			call_mark_partial(c, "events_lost", 0);
		if (!d->dialect)
			decoder_resolve(d, JSON_NONE);
		if (c->status >= 400)
			api_error_response(c, JSON_NONE, SLICE_NONE, d->error_header);
		return;
	}
	if (text.len && d->mode == BODY_JSON) {
		int r = json_parse(&d->json, text);

		root = json_root(&d->json);
		if (r)
			call_mark_partial(c, r == -ENOMEM ? "memory" : "response_unreadable", 0);
		else if (json_truncated(&d->json))
			call_mark_partial(c, "response_truncated", 0);
		d->response_whole = !r && !json_truncated(&d->json);
	}
	if (!d->dialect)
		decoder_resolve(d, root);
	if (!d->dialect)
		return;
	if (c->status >= 400) {
		api_error_response(c, root, text, d->error_header);
		return;
	}
	if (is_page(text))
		call_mark_partial(c, "response_unreadable", 0);
	api_error_in(c, root);
	confirm(d, root);
	if (root.doc)
		d->dialect->response(c, &d->config, d->state, root);
}
