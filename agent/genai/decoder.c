/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder.h"

#include "api_error.h"
#include "body.h"
#include "cleanup.h"
#include "detect.h"
#include "dialect.h"
#include "request_head.h"
#include "sse.h"

#include <errno.h>

#define PLAIN_BODY_MAX 4096 /* kept of a body that is neither JSON nor a stream */
#define STREAM_BODIES 64    /* body_max that a coded stream may decode to */
#define STREAM_TRIES 3	    /* events of a stream that may fail to show its shape */

enum body_mode { BODY_UNKNOWN, BODY_JSON, BODY_SSE, BODY_PLAIN };

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
	size_t request_try_at; /* length at which to look for a shape again */
	size_t response_try_at;
	bool request_ended;
	bool response_ended;
	bool response_whole;	   /* it was JSON, to the end */
	enum body_mode mode;	   /* of the response */
	struct slice content_type; /* of the response */
	struct sse sse;
	struct json json;
	unsigned int tries;
	uint64_t now_ns;
};

static void give_up(struct decoder *d)
{
	d->verdict = DECODER_UNWANTED;
	d->dialect = NULL;
	call_free(d->call);
	d->call = NULL;
}

static void set_dialect(struct decoder *d, const struct dialect *dialect, enum operation op)
{
	if (d->dialect || !dialect)
		return;
	d->dialect = dialect;
	d->verdict = DECODER_WANTED;
	d->call->op = op;
	d->call->dialect = dialect->name;
	if (op == OP_CHAT || op == OP_FETCH_RESPONSE)
		d->call->api_type = dialect->api_type;
	if (!d->call->provider.data)
		d->call->provider = slice_from(dialect->provider);
	d->state = arena_alloc(&d->call->arena, dialect->state_size);
	if (!d->state)
		give_up(d);
}

/* ---- Request ---------------------------------------------------------------------- */

static void request_out(void *ctx, struct slice data)
{
	struct decoder *d = ctx;

	body_collect(&d->request, data);
}

/* A path that others use too: does the body deny that it is this API? */
static bool request_denies(const struct decoder *d, struct json_val root)
{
	return !d->call->profile && json_type(json_get(root, "model")) != JSON_STRING &&
	       !d->dialect->shape(root);
}

static void request_read(struct decoder *d, struct slice text)
{
	struct json doc;
	int r;

	json_init(&doc);
	r = json_parse(&doc, text);
	if (r)
		call_mark_partial(d->call, r == -ENOMEM ? "memory" : "request_unreadable", 0);
	else if (json_truncated(&doc))
		call_mark_partial(d->call, "request_truncated", 0);
	if (!r && !json_truncated(&doc) && request_denies(d, json_root(&doc)))
		give_up(d);
	else
		d->dialect->request(d->call, &d->config, json_root(&doc));
	json_release(&doc);
}

/* Reads what there is of the request, once it will not become more. */
static void request_parse(struct decoder *d)
{
	if (d->request_parsed || !d->dialect || !d->request_ended)
		return;
	d->request_parsed = true;
	if (d->request.reason)
		call_mark_partial(d->call, d->request.reason, 0);
	if (d->request.text.len)
		request_read(d, buf_slice(&d->request.text));
	/* It may have been large, and the stream that follows may be long. */
	buf_release(&d->request.text);
}

/* Looks for an API's shape in the body so far, if the path has not told. */
static void request_try(struct decoder *d)
{
	struct slice text = buf_slice(&d->request.text);
	enum decoder_verdict verdict;

	if (d->dialect || (!d->request_ended && (d->verdict == DECODER_WANTED || !text.len ||
						 text.len < d->request_try_at)))
		return;
	d->request_try_at = MIN(2 * text.len, (size_t)DETECT_BODY_MAX);
	/* Of a body that was lost, the answer may tell. */
	if (!text.len && d->request.reason)
		return;
	verdict = detect_body(&d->json, text, d->request_ended, detect_shape, &d->candidate);
	if (verdict == DECODER_WANTED)
		d->verdict = verdict;
	else if (verdict == DECODER_UNWANTED ||
		 (d->request_ended && !json_truncated(&d->json) &&
		  json_type(json_get(json_root(&d->json), "model")) != JSON_STRING))
		give_up(d);
}

/* The answer decides what a request was whose path no dialect knows. One that failed
 * has no shape of its own. */
static void resolve(struct decoder *d, struct json_val response)
{
	const struct dialect *dialect = detect_response_shape(response);

	if (!dialect &&
	    (d->call->status >= 400 || !response.doc || json_get(response, "error").doc))
		dialect = d->candidate;
	if (dialect)
		set_dialect(d, dialect, dialect->op);
	if (d->dialect)
		request_parse(d);
}

void decoder_request_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	enum operation op = OP_NONE;
	const struct dialect *dialect;
	struct call *c = d->call;

	if (!c || d->request_seen)
		return;
	d->request_seen = true;
	d->verdict = detect_head(head, d->origin.sni);
	if (d->verdict == DECODER_UNWANTED) {
		give_up(d);
		return;
	}
	c->start_ns = ts_ns;
	request_head_read(c, head, &d->origin);
	if (head->inferred && c->completeness == COMPLETENESS_FULL)
		c->completeness = COMPLETENESS_INFERRED;
	dialect = detect_path(head->method, detect_target_path(head->target), &op);
	set_dialect(d, dialect, op);
	if (!d->call)
		return;
	body_set_coding(&d->request, http_head_get(head, SLICE("content-encoding")),
			d->config.body_max);
}

void decoder_request_body(struct decoder *d, struct slice data, uint64_t ts_ns)
{
	if (!d->call || d->request_ended)
		return;
	d->call->request_end_ns = ts_ns;
	body_feed(&d->request, data);
	request_try(d);
}

void decoder_request_hole(struct decoder *d, uint64_t len)
{
	if (!d->call)
		return;
	call_mark_partial(d->call, "lost_records", len);
	body_stop(&d->request, "lost_records");
}

void decoder_request_end(struct decoder *d, enum http_end how, uint64_t ts_ns)
{
	if (!d->call || d->request_ended)
		return;
	d->request_ended = true;
	d->call->request_end_ns = ts_ns;
	if (how == HTTP_END_LOST)
		body_stop(&d->request, "lost_records");
	else if (how == HTTP_END_TRUNCATED)
		body_stop(&d->request, "request_truncated");
	request_try(d);
	request_parse(d);
}

/* ---- Response --------------------------------------------------------------------- */

static void on_event(void *ctx, const struct sse_event *event)
{
	struct decoder *d = ctx;
	struct json_val root = JSON_NONE;
	struct call *c = d->call;
	int r;

	if (!c || !event->data.len)
		return;
	r = json_parse(&d->json, event->data);
	if (!r)
		root = json_root(&d->json);
	else if (r != -EBADMSG)
		call_mark_partial(c, r == -ENOMEM ? "memory" : "event_too_large", 0);
	if (!d->dialect && root.doc) {
		resolve(d, root);
		if (!d->dialect && ++d->tries >= STREAM_TRIES)
			give_up(d);
	}
	if (!d->dialect)
		return;
	if (root.doc && !slice_eq(event->type, SLICE("ping"))) {
		c->chunks++;
		c->last_chunk_ns = d->now_ns;
		if (!c->first_chunk_ns)
			c->first_chunk_ns = d->now_ns;
		api_error_in(c, root);
	}
	d->dialect->event(c, &d->config, d->state, event, root, d->now_ns);
}

/* By the first byte, which content types get wrong less often than servers do. */
static enum body_mode body_mode(const struct decoder *d, char first)
{
	if (first == '{' || first == '[')
		return BODY_JSON;
	if (slice_starts_nocase(d->content_type, SLICE("text/event-stream")))
		return BODY_SSE;
	/* "data:", "event:", "id:", "retry:" or a comment, sent as something else. */
	return d->call->status < 400 && strchr("deir:", first) ? BODY_SSE : BODY_PLAIN;
}

static void response_out(void *ctx, struct slice data)
{
	struct decoder *d = ctx;
	struct body *b = &d->response;

	while (d->mode == BODY_UNKNOWN && data.len) {
		/* White space and the three bytes of a BOM say nothing. */
		if (!strchr(" \t\r\n\xef\xbb\xbf", data.data[0])) {
			d->mode = body_mode(d, data.data[0]);
			break;
		}
		data = slice_sub(data, 1, data.len);
	}
	if (d->mode == BODY_SSE) {
		if (sse_feed(&d->sse, data.data, data.len))
			body_stop(b, "memory");
	} else if (d->mode == BODY_JSON || b->text.len < PLAIN_BODY_MAX) {
		body_collect(b, data);
	}
}

void decoder_response_head(struct decoder *d, const struct http_head *head, uint64_t ts_ns)
{
	struct call *c = d->call;
	struct slice type = http_head_get(head, SLICE("content-type"));

	if (!c || d->response_seen || (head->status >= 100 && head->status < 200))
		return;
	d->response_seen = true;
	/* Nobody saw the request: only a body of the right shape can make it a call. */
	if (!d->request_seen && !detect_is_json(type) &&
	    !slice_starts_nocase(type, SLICE("text/event-stream"))) {
		give_up(d);
		return;
	}
	c->response_start_ns = ts_ns;
	response_head_read(c, head);
	d->content_type = arena_copy(&c->arena, type);
	/* A stream may be far longer than what is ever kept of it at a time. */
	body_set_coding(&d->response, http_head_get(head, SLICE("content-encoding")),
			STREAM_BODIES * (uint64_t)d->config.body_max);
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
		give_up(d);
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
	call_mark_partial(d->call, "lost_records", len);
	if (d->mode == BODY_UNKNOWN &&
	    slice_starts_nocase(d->content_type, SLICE("text/event-stream")))
		d->mode = BODY_SSE;
	if (d->mode == BODY_SSE && !d->response.inflate)
		sse_hole(&d->sse, len);
	else
		body_stop(&d->response, "lost_records");
}

static void response_parse(struct decoder *d)
{
	struct slice text = buf_slice(&d->response.text);
	struct json_val root = JSON_NONE;
	struct call *c = d->call;

	if (d->mode == BODY_SSE) {
		sse_eof(&d->sse);
		if (!d->call)
			return;
		if (d->sse.oversized || d->sse.damaged)
			call_mark_partial(c, "events_lost", 0);
		if (!d->dialect)
			resolve(d, JSON_NONE);
		if (c->status >= 400)
			api_error_response(c, JSON_NONE, SLICE_NONE);
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
		resolve(d, root);
	if (!d->dialect)
		return;
	if (c->status >= 400) {
		api_error_response(c, root, text);
		return;
	}
	api_error_in(c, root);
	if (root.doc)
		d->dialect->response(c, &d->config, d->state, root);
}

/* ---- The end ---------------------------------------------------------------------- */

/* How the exchange came to its end, as far as that is an error of its own. `closed_here`:
 * the observed process closed the connection. */
static void judge_end(struct decoder *d, enum http_end how, bool closed_here)
{
	bool streamed = d->mode == BODY_SSE, ours = how == HTTP_END_LOST || d->response.reason;
	bool cut = how == HTTP_END_TRUNCATED && !d->response_whole;
	struct call *c = d->call;

	if (ours)
		call_mark_partial(c, d->response.reason ? d->response.reason : "lost_records", 0);
	else if (!cut && !body_complete(&d->response))
		call_mark_partial(c, "coding_damaged", 0);
	if (streamed && c->status < 400)
		cut = !c->error_type.data && (!d->dialect->ended(d->state) || (cut && !c->chunks));
	if (!cut || ours || c->lost_bytes)
		return;
	call_mark_partial(c, closed_here ? "cancelled" : "stream_interrupted", 0);
	call_set_error(c,
		       closed_here ? SLICE("cancelled")
		       : c->status ? SLICE("stream_interrupted")
				   : SLICE("connection_closed"),
		       SLICE_NONE);
}

static void finish(struct decoder *d, enum http_end how, bool closed_here, uint64_t ts_ns)
{
	if (!d->call || d->response_ended)
		return;
	d->response_ended = true;
	d->now_ns = ts_ns;
	d->call->end_ns = ts_ns;
	if (!d->request_ended && d->request_seen)
		decoder_request_end(d, how == HTTP_END_LOST ? how : HTTP_END_TRUNCATED,
				    d->call->request_end_ns);
	if (d->call && !d->request_seen)
		call_mark_partial(d->call, "request_not_seen", 0);
	if (d->call)
		request_parse(d);
	if (d->call)
		response_parse(d);
	if (!d->call || !d->dialect) {
		give_up(d);
		return;
	}
	d->call->stream |= d->mode == BODY_SSE && d->call->chunks;
	d->dialect->finish(d->call, &d->config, d->state);
	judge_end(d, how, closed_here);
	call_complete(d->call);
	d->emit(d->ctx, TAKE(d->call));
}

void decoder_response_end(struct decoder *d, enum http_end how, uint64_t ts_ns)
{
	finish(d, how, false, ts_ns);
}

void decoder_abort(struct decoder *d, uint64_t ts_ns)
{
	finish(d, HTTP_END_TRUNCATED, true, ts_ns);
}

enum decoder_verdict decoder_verdict(const struct decoder *d)
{
	return d->verdict;
}

int decoder_new(struct decoder **ret, const struct decoder_config *config,
		const struct decoder_origin *origin, call_fn emit, void *ctx)
{
	struct decoder *d = calloc(1, sizeof(*d));
	struct arena *arena;

	if (!d || call_new(&d->call)) {
		free(d);
		return -ENOMEM;
	}
	arena = &d->call->arena;
	d->config = *config;
	d->origin = *origin;
	d->origin.sni = arena_copy(arena, origin->sni);
	d->origin.peer_ip = arena_copy(arena, origin->peer_ip);
	d->emit = emit;
	d->ctx = ctx;
	call_set_origin(d->call, &d->origin);
	body_init(&d->request, config->body_max, request_out, d);
	body_init(&d->response, config->body_max, response_out, d);
	sse_init(&d->sse, MIN(config->body_max, (size_t)SSE_EVENT_MAX), on_event, d);
	json_init(&d->json);
	*ret = d;
	return 0;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	call_free(d->call);
	body_release(&d->request);
	body_release(&d->response);
	sse_release(&d->sse);
	json_release(&d->json);
	free(d);
}
