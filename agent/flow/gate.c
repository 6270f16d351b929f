/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include "cleanup.h"
#include "detect.h"
#include "exported.h"

#include <stdlib.h>
#include <string.h>

#define FILL 'x'
#define EVENT_MAX 4096 /* of the first one of a stream of answers */

struct piece {
	struct list link;
	struct gated *x; /* whose body it is of; NULL: nobody's */
	enum gate_part part;
	enum gentap_dir dir;
	bool call_start;
	uint64_t ts_ns;
	uint64_t hole; /* it is one of so many bytes */
	size_t len;
	char data[];
};

void gate_init(struct gate *g, const struct masker_sink *sink, struct masker_context *context,
	       uint32_t tgid)
{
	*g = (struct gate){ .sink = *sink, .context = context, .tgid = tgid };
	list_init(&g->pieces);
}

enum gate_fate gated_fate(const struct gated *x, enum gate_part part)
{
	return x ? x->fate[part] : GATE_DROPPED;
}

/* ---- What is held back --------------------------------------------------------------------- */

static void give_out(struct gate *g, struct piece *p)
{
	if (p->x && gated_fate(p->x, p->part) == GATE_DROPPED)
		memset(p->data, FILL, p->len);
	if (p->hole)
		g->sink.hole(g->sink.ctx, p->dir, p->hole, p->ts_ns);
	else
		g->sink.data(g->sink.ctx, p->dir, (struct slice){ p->data, p->len }, p->call_start,
			     p->ts_ns);
	g->held -= sizeof(*p) + p->len;
	g->context->held -= sizeof(*p) + p->len;
	list_remove(&p->link);
	gated_unref(p->x);
	free(p);
}

/* Up to the first that nothing is known of yet. */
static void flush(struct gate *g)
{
	while (!list_empty(&g->pieces)) {
		struct piece *p = list_item(g->pieces.next, struct piece, link);

		if (p->x && gated_fate(p->x, p->part) == GATE_HELD)
			return;
		give_out(g, p);
	}
}

static void settle(struct gated *x, bool wanted)
{
	for (int part = 0; part < 2; part++)
		if (x->fate[part] == GATE_HELD && !(part == GATE_RESPONSE && x->events && !wanted))
			x->fate[part] = wanted ? GATE_KEPT : GATE_DROPPED;
}

static void drop_events(struct gated *x)
{
	if (x->events)
		sse_release(x->events);
	free(TAKE(x->events));
}

static void drop(struct gated *x)
{
	decoder_free(TAKE(x->decoder));
	drop_events(x);
	settle(x, false);
}

/* Nothing is held any more. */
static void give_up(struct gate *g)
{
	while (!list_empty(&g->pieces)) {
		struct piece *p = list_item(g->pieces.next, struct piece, link);

		if (p->x && gated_fate(p->x, p->part) == GATE_HELD)
			drop(p->x);
		give_out(g, p);
	}
}

void gate_release(struct gate *g)
{
	give_up(g);
}

/* False: there was no room, and nothing is held now. */
static bool hold(struct gate *g, const struct piece *like, const char *data)
{
	size_t len = data ? like->len : 0, cost = sizeof(struct piece) + len;
	struct piece *p = NULL;

	if (g->held + cost <= GATE_HELD_MAX && g->context->held + cost <= GATE_ALL_HELD_MAX)
		p = malloc(cost);
	if (!p) {
		give_up(g);
		return false;
	}
	*p = *like;
	list_init(&p->link);
	list_append(&g->pieces, &p->link);
	if (len)
		memcpy(p->data, data, len);
	gated_ref(p->x);
	g->held += cost;
	g->context->held += cost;
	return true;
}

void gate_data(struct gate *g, enum gentap_dir dir, struct slice data, bool call_start,
	       uint64_t ts_ns)
{
	const struct piece like = {
		.dir = dir, .call_start = call_start, .ts_ns = ts_ns, .len = data.len
	};

	if (list_empty(&g->pieces) || !hold(g, &like, data.data))
		g->sink.data(g->sink.ctx, dir, data, call_start, ts_ns);
}

void gate_hole(struct gate *g, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	const struct piece like = { .dir = dir, .ts_ns = ts_ns, .hole = len };

	if (list_empty(&g->pieces) || !hold(g, &like, NULL))
		g->sink.hole(g->sink.ctx, dir, len, ts_ns);
}

void gate_body(struct gate *g, enum gentap_dir dir, char *data, size_t len, bool call_start,
	       uint64_t ts_ns, struct gated *x, enum gate_part part)
{
	const struct piece like = { .x = x,
				    .part = part,
				    .dir = dir,
				    .call_start = call_start,
				    .ts_ns = ts_ns,
				    .len = len };

	if (!x)
		memset(data, FILL, len);
	if ((gated_fate(x, part) == GATE_HELD || !list_empty(&g->pieces)) && hold(g, &like, data))
		return;
	if (gated_fate(x, part) == GATE_HELD) /* there was no room for its first bytes */
		drop(x);
	if (gated_fate(x, part) == GATE_DROPPED)
		memset(data, FILL, len);
	g->sink.data(g->sink.ctx, dir, (struct slice){ data, len }, call_start, ts_ns);
}

/* ---- Exchanges ----------------------------------------------------------------------------- */

static void on_call(void *ctx, struct call *call)
{
	(void)ctx;
	call_free(call);
}

struct gated *gated_new(bool server_side)
{
	static const struct decoder_config config = { .body_max = 2 * DETECT_BODY_MAX };
	const struct decoder_origin origin = { .server_side = server_side };
	struct gated *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->refs = 1;
	x->server_side = server_side;
	if (decoder_new(&x->decoder, &config, &origin, on_call, NULL))
		drop(x);
	return x;
}

struct gated *gated_ref(struct gated *x)
{
	if (x)
		x->refs++;
	return x;
}

void gated_unref(struct gated *x)
{
	if (!x || --x->refs)
		return;
	decoder_free(x->decoder);
	drop_events(x);
	free(x);
}

static void judge(struct gate *g, struct gated *x, bool over)
{
	enum decoder_verdict verdict;

	if (!x->decoder)
		return;
	verdict = decoder_verdict(x->decoder);
	if (verdict == DECODER_UNDECIDED && !over)
		return;
	x->wanted = verdict == DECODER_WANTED;
	decoder_free(TAKE(x->decoder));
	settle(x, x->wanted);
	flush(g);
}

/* MCP's first transport: a GET whose event stream begins with "endpoint" (mcp_sse.h). */
static void on_event(void *ctx, const struct sse_event *event)
{
	struct gated *x = ctx;

	if (x->fate[GATE_RESPONSE] == GATE_HELD)
		x->fate[GATE_RESPONSE] =
			slice_eq(event->type, SLICE("endpoint")) ? GATE_KEPT : GATE_DROPPED;
}

static void expect_events(struct gated *x, const struct http_head *head)
{
	if (x->events || !slice_eq(head->method, SLICE("GET")) ||
	    slice_find(http_head_get(head, SLICE("accept")), SLICE("text/event-stream")) < 0)
		return;
	x->events = malloc(sizeof(*x->events));
	if (x->events)
		sse_init(x->events, EVENT_MAX, on_event, x);
}

/* Is the request's body read for other things than a call? */
static bool is_read(const struct gate *g, const struct http_head *head, bool server_side)
{
	const struct masker_context *by = g->context;

	return slice_eq(head->method, SLICE("POST")) && by->asks && by->asks(by->ctx, g->tgid) &&
	       (server_side || exported_path(detect_target_path(head->target)));
}

static void request_head(struct gate *g, struct gated *x, const struct http_head *head,
			 uint64_t ts_ns)
{
	x->head_only = slice_eq(head->method, SLICE("HEAD"));
	expect_events(x, head);
	if (is_read(g, head, x->server_side) && x->fate[GATE_REQUEST] == GATE_HELD)
		x->fate[GATE_REQUEST] = GATE_KEPT;
	if (x->decoder)
		decoder_request_head(x->decoder, head, ts_ns);
}

static void response_head(struct gated *x, const struct http_head *head, uint64_t ts_ns)
{
	if (x->events && (head->status != 200 ||
			  !slice_starts(http_head_get(head, SLICE("content-type")),
					SLICE("text/event-stream")) ||
			  http_head_get(head, SLICE("content-encoding")).len)) {
		drop_events(x);
		if (!x->decoder)
			settle(x, x->wanted);
	}
	if (x->decoder)
		decoder_response_head(x->decoder, head, ts_ns);
}

void gated_head(struct gate *g, struct gated *x, const struct http_head *head, uint64_t ts_ns)
{
	if (!x)
		return;
	if (head->response)
		response_head(x, head, ts_ns);
	else
		request_head(g, x, head, ts_ns);
	judge(g, x, false);
}

void gated_body(struct gate *g, struct gated *x, enum gate_part part, struct slice data,
		uint64_t ts_ns)
{
	if (!x)
		return;
	if (part == GATE_RESPONSE && x->events && x->fate[part] == GATE_HELD) {
		if (sse_feed(x->events, data.data, data.len) || x->events->oversized)
			x->fate[part] = GATE_DROPPED;
		flush(g);
	}
	if (!x->decoder)
		return;
	if (part == GATE_REQUEST)
		decoder_request_body(x->decoder, data, ts_ns);
	else
		decoder_response_body(x->decoder, data, ts_ns);
	judge(g, x, false);
}

void gated_hole(struct gate *g, struct gated *x, enum gate_part part, uint64_t len)
{
	if (!x)
		return;
	if (part == GATE_RESPONSE && x->events)
		sse_hole(x->events, len);
	if (!x->decoder)
		return;
	if (part == GATE_REQUEST)
		decoder_request_hole(x->decoder, len);
	else
		decoder_response_hole(x->decoder, len);
	judge(g, x, false);
}

void gated_end(struct gate *g, struct gated *x, enum gate_part part, enum http_end how,
	       uint64_t ts_ns)
{
	if (!x)
		return;
	if (x->decoder && part == GATE_REQUEST)
		decoder_request_end(x->decoder, how, ts_ns);
	else if (x->decoder)
		decoder_response_end(x->decoder, how, ts_ns);
	judge(g, x, part == GATE_RESPONSE);
	if (part == GATE_RESPONSE)
		gated_give_up(g, x);
}

void gated_give_up(struct gate *g, struct gated *x)
{
	if (!x)
		return;
	judge(g, x, true);
	drop(x);
	flush(g);
}
