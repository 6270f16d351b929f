/* SPDX-License-Identifier: Apache-2.0 */
#include "exported.h"

#include "body.h"
#include "cleanup.h"
#include "detect.h"
#include "grpc.h"
#include "sdk_span.h"

#include <errno.h>

struct exported {
	struct exchange *x;
	struct body body;
	struct grpc grpc;
	bool is_grpc;
	bool json;
	bool stopped; /* some of it is missing */
};

bool exported_path(struct slice path)
{
	return slice_ends(path, SLICE("/v1/traces")) ||
	       slice_eq(path, SLICE("/opentelemetry.proto.collector.trace.v1.TraceService/Export"));
}

static void on_span(void *ctx, const struct sdk_span *span)
{
	struct exported *e = ctx;
	const struct conn *c = e->x->conn;

	c->flow->sink.sdk_span(c->flow->sink.ctx, c->process, span);
}

static void on_message(void *ctx, struct slice message)
{
	struct exported *e = ctx;

	if (sdk_spans_read(message, e->json, on_span, e) == -ENOMEM)
		e->x->conn->flow->stats.no_memory++;
}

static void on_decoded(void *ctx, struct slice data)
{
	struct exported *e = ctx;

	body_collect(&e->body, data);
}

void exported_open(struct exchange *x, const struct http_head *head)
{
	struct conn *c = x->conn;
	struct slice type = http_head_get(head, SLICE("content-type"));
	struct exported *e;

	if (!c->flow->sink.sdk_span || x->exported || !slice_eq(head->method, SLICE("POST")) ||
	    !exported_path(detect_target_path(head->target)) ||
	    !inbounds_caller(&c->flow->inbounds, c->id.tgid))
		return;
	e = calloc(1, sizeof(*e));
	if (!e) {
		c->flow->stats.no_memory++;
		return;
	}
	e->x = x;
	e->json = detect_is_json(type);
	e->is_grpc = slice_starts(type, SLICE("application/grpc"));
	body_init(&e->body, EXPORTED_MAX, on_decoded, e);
	if (e->is_grpc)
		grpc_init(&e->grpc, http_head_get(head, SLICE("grpc-encoding")), EXPORTED_MAX,
			  on_message, e);
	else
		body_set_coding(&e->body, head, EXPORTED_MAX);
	x->exported = e;
	c->undecided++;
}

void exported_body(struct exchange *x, struct slice data)
{
	struct exported *e = x->exported;

	if (!e || e->stopped)
		return;
	if (!exchange_may_hold(x, data.len))
		e->stopped = true;
	else if (e->is_grpc)
		e->stopped = grpc_feed(&e->grpc, data.data, data.len) != 0;
	else
		body_feed(&e->body, data);
}

void exported_hole(struct exchange *x)
{
	if (x->exported)
		x->exported->stopped = true;
}

void exported_request_end(struct exchange *x, enum http_end how)
{
	struct exported *e = x->exported;

	if (!e || e->stopped || e->is_grpc)
		return;
	e->stopped = true;
	body_end(&e->body);
	if (how == HTTP_END_COMPLETE && !e->body.reason)
		on_message(e, buf_slice(&e->body.text));
	buf_release(&e->body.text);
}

size_t exported_held(const struct exported *e)
{
	return e ? e->body.text.len + (e->is_grpc ? e->grpc.part.len : 0) : 0;
}

void exported_close(struct exchange *x)
{
	struct exported *e = TAKE(x->exported);
	struct conn *c = x->conn;

	if (!e)
		return;
	body_release(&e->body);
	if (e->is_grpc)
		grpc_release(&e->grpc);
	free(e);
	c->undecided--;
	if (x->verdict == DECODER_UNWANTED)
		conn_judged(c, DECODER_UNWANTED);
}
