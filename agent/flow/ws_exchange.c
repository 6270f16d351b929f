/* SPDX-License-Identifier: Apache-2.0 */
#include "ws_exchange.h"

#include "cleanup.h"

struct ws_half {
	struct ws_exchange *whole;
	enum ws_side side;
	struct ws ws;
	uint64_t missed; /* messages and places lost that the decoder has been told of */
};

struct ws_exchange {
	struct exchange *x;
	struct ws_half halves[2]; /* by enum ws_side */
	uint64_t now_ns;
};

/* Tells of what is missing in front of what comes now. */
static void tell_missed(struct ws_half *h)
{
	uint64_t missed = h->ws.lost + h->ws.losses + h->ws.oversized;

	if (missed != h->missed)
		exchange_ws_missing(h->whole->x, h->side, 0);
	h->missed = missed;
}

static void on_message(void *ctx, bool text, struct slice data)
{
	struct ws_half *h = ctx;

	tell_missed(h);
	exchange_ws_message(h->whole->x, h->side, text, data, h->whole->now_ns);
}

/* The server has the last word. */
static void on_close(void *ctx, unsigned int code, struct slice reason)
{
	struct ws_half *h = ctx;

	(void)code, (void)reason;
	tell_missed(h);
	if (h->side == WS_SERVER)
		exchange_response_end(h->whole->x, HTTP_END_COMPLETE, h->whole->now_ns);
}

struct ws_exchange *ws_exchange_new(struct exchange *x, const struct http_head *answer)
{
	struct slice offer = http_head_get(answer, SLICE("sec-websocket-extensions"));
	struct flow *flow = x->conn->flow;
	struct ws_extensions extensions;
	struct ws_exchange *w;

	if (ws_extensions_parse(offer, &extensions)) {
		flow->stats.parse_errors[PIPELINE_WEBSOCKET]++;
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		flow->stats.no_memory++;
		return NULL;
	}
	w->x = x;
	for (int side = 0; side < 2; side++) {
		struct ws_half *h = &w->halves[side];
		const struct ws_sink sink = { h, on_message, on_close };

		h->whole = w;
		h->side = side;
		ws_init(&h->ws, side == WS_CLIENT, &extensions, flow->config.decoder.body_max,
			&sink);
	}
	return w;
}

size_t ws_exchange_held(const struct ws_exchange *w)
{
	return w ? w->halves[0].ws.message.len + w->halves[1].ws.message.len : 0;
}

void ws_exchange_free(struct ws_exchange *w)
{
	if (!w)
		return;
	for (int side = 0; side < 2; side++) {
		w->x->conn->flow->stats.no_memory += w->halves[side].ws.no_memory;
		ws_release(&w->halves[side].ws);
	}
	free(w);
}

void ws_exchange_data(struct ws_exchange *w, enum ws_side side, struct slice data, bool start,
		      uint64_t ts_ns)
{
	struct ws_half *h = &w->halves[side];

	if (!exchange_may_hold(w->x, data.len)) {
		ws_exchange_hole(w, side, data.len, ts_ns);
		return;
	}
	w->now_ns = ts_ns;
	if (start)
		ws_mark(&h->ws, data.len);
	ws_feed(&h->ws, data.data, data.len);
	tell_missed(h);
}

void ws_exchange_hole(struct ws_exchange *w, enum ws_side side, uint64_t len, uint64_t ts_ns)
{
	struct ws_half *h = &w->halves[side];

	w->now_ns = ts_ns ? ts_ns : w->now_ns;
	exchange_ws_missing(w->x, side, len);
	ws_hole(&h->ws, len);
	/* It has been told, with the size. */
	h->missed = h->ws.lost + h->ws.losses + h->ws.oversized;
}
