/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder_ws.h"

#include "cleanup.h"
#include "estimate.h"
#include "request_head.h"

#include <errno.h>

void decoder_give_up(struct decoder *d)
{
	d->verdict = DECODER_UNWANTED;
	d->dialect = NULL;
	call_free(d->call);
	d->call = NULL;
}

void decoder_set_dialect(struct decoder *d, const struct dialect *dialect, enum operation op)
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
	if (dialect->state_size)
		d->state = arena_alloc(&d->call->arena, dialect->state_size);
	if (dialect->state_size && !d->state)
		decoder_give_up(d);
}

static bool has_ended(const struct decoder *d)
{
	return !d->dialect->ended || d->dialect->ended(d->state);
}

/* How the exchange came to its end, as far as that is an error of its own. `closed_here`:
 * the observed process closed the connection. */
static void judge_end(struct decoder *d, enum http_end how, bool closed_here)
{
	bool streamed = d->mode == BODY_STREAM, ours = how == HTTP_END_LOST || d->response.reason;
	bool cut = how == HTTP_END_TRUNCATED && !d->response_whole;
	struct call *c = d->call;

	if (ours)
		call_mark_partial(c, d->response.reason ? d->response.reason : "lost_records", 0);
	else if (!cut && !body_complete(&d->response))
		call_mark_partial(c, "coding_damaged", 0);
	if (streamed && c->status < 400)
		cut = !c->error_type.data && (!has_ended(d) || (cut && !c->chunks));
	if (ours || d->lost)
		return;
	/* The usage that was asked for would have come behind all of the answer. */
	if (cut || (how == HTTP_END_TRUNCATED && !c->error_type.data && c->usage_asked &&
		    !c->usage.present))
		call_mark_partial(c, closed_here ? "cancelled" : "stream_interrupted", 0);
	if (!cut)
		return;
	call_set_error(c,
		       closed_here ? SLICE("cancelled")
		       : c->status ? SLICE("stream_interrupted")
				   : SLICE("connection_closed"),
		       SLICE_NONE);
}

/* Does what it came in mean that the answer was streamed? Of an array the request tells. */
static bool is_streaming(const struct decoder *d)
{
	if (d->stream.kind == FRAMING_ARRAY)
		return !d->request_parsed;
	return d->stream.kind != FRAMING_GRPC;
}

static void finish(struct decoder *d, enum http_end how, bool closed_here, uint64_t ts_ns)
{
	if (!d->call || d->response_ended)
		return;
	d->response_ended = true;
	d->now_ns = ts_ns;
	if (d->ws) {
		decoder_ws_end(d, how == HTTP_END_LOST, closed_here, ts_ns);
		decoder_give_up(d);
		return;
	}
	d->call->end_ns = ts_ns;
	if (!d->request_ended && d->request_seen)
		decoder_request_end(d, how == HTTP_END_LOST ? how : HTTP_END_TRUNCATED,
				    d->call->request_end_ns);
	if (d->call && !d->request_seen)
		call_mark_partial(d->call, "request_not_seen", 0);
	if (d->call)
		decoder_request_parse(d);
	if (d->call)
		body_end(&d->response);
	if (d->call)
		decoder_response_parse(d);
	if (!d->call || !d->dialect ||
	    (d->dialect->confirm && !d->call->profile && !d->confirmed)) {
		decoder_give_up(d);
		return;
	}
	d->call->stream |= d->mode == BODY_STREAM && d->call->chunks && is_streaming(d);
	if (d->dialect->finish)
		d->dialect->finish(d->call, &d->config, d->state);
	if (d->call->op == OP_NONE) { /* as only its bodies told */
		decoder_give_up(d);
		return;
	}
	judge_end(d, how, closed_here);
	if (d->config.estimate)
		estimate_usage(d->call);
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
	decoder_request_init(d);
	decoder_response_init(d);
	json_init(&d->json);
	*ret = d;
	return 0;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	call_free(d->call);
	decoder_ws_free(d);
	decoder_request_release(d);
	body_release(&d->response);
	framing_release(&d->stream);
	json_release(&d->json);
	free(d);
}
