/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 on a connection: an exchange per stream. Streams name each other, so nothing
 * has to be paired; what remains is a response that was recorded before its request, and
 * when to call a connection unwanted.
 */
#include "early.h"
#include "exchange.h"
#include "h2.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>

/* So many exchanges, and none that was wanted: the rest will not be either. More than one,
 * since the kernel cannot see a later request on an ignored connection. */
#define UNWANTED_MAX 16

/* A request that is still not there when the response is this old was lost. */
#define OVERTAKING_MAX_NS (100 * NSEC_PER_MSEC)

struct http2_conn {
	struct conn *conn;
	struct h2 h2;
	uint64_t now_ns;
	/* Of the response direction: what is still to be read, once `stopped` has gone. */
	struct early early;
	struct early_item *item; /* the first of them, in part read */
	size_t item_at;
	uint64_t stopped_ns; /* a response waits for its request since; 0: none does */
	unsigned int unwanted;
	bool closing;
};

/* ---- Streams ------------------------------------------------------------------------- */

static void on_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	struct http2_conn *h = ctx;

	if (dir != h->h2.client) {
		if (s->user)
			exchange_response_head(s->user, head, h->now_ns);
		return;
	}
	/* Joined midway, this is the first that shows it. */
	h->conn->role = dir == GENTAP_WRITE ? CONN_CLIENT : CONN_SERVER;
	s->user = exchange_new(h->conn);
	if (s->user)
		exchange_request_head(s->user, head, h->now_ns);
}

static void on_trailers(void *ctx, struct h2_stream *s, int dir, const struct http_head *fields)
{
	struct http2_conn *h = ctx;

	if (s->user && dir != h->h2.client)
		exchange_response_trailers(s->user, fields, h->now_ns);
}

static void on_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	struct http2_conn *h = ctx;

	if (!s->user)
		return;
	if (dir == h->h2.client)
		exchange_request_body(s->user, data, h->now_ns);
	else
		exchange_response_body(s->user, data, h->now_ns);
}

static void on_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	struct http2_conn *h = ctx;

	if (!s->user)
		return;
	if (dir == h->h2.client)
		exchange_request_hole(s->user, len);
	else
		exchange_response_hole(s->user, len);
}

static void on_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	struct http2_conn *h = ctx;

	if (!s->user)
		return;
	if (dir == h->h2.client)
		exchange_request_end(s->user, how, h->now_ns);
	else if (how == HTTP_END_TRUNCATED && s->client_reset)
		exchange_abort(s->user, h->now_ns);
	else
		exchange_response_end(s->user, how, h->now_ns);
}

/* An exchange that is still open had no response, or one of which nothing was seen. */
static void on_closed(void *ctx, struct h2_stream *s)
{
	struct http2_conn *h = ctx;
	struct exchange *x = s->user;

	if (!x)
		return;
	if (s->damaged[!h->h2.client] && !s->client_reset)
		exchange_response_end(x, HTTP_END_LOST, h->now_ns);
	else if (s->client_reset || h->closing)
		exchange_abort(x, h->now_ns);
	else
		exchange_response_end(x, HTTP_END_TRUNCATED, h->now_ns);
	h->unwanted += x->verdict == DECODER_UNWANTED;
	exchange_free(x);
}

/* ---- Bytes --------------------------------------------------------------------------- */

static void check(struct http2_conn *h, int result)
{
	if (result != -EBADMSG)
		return;
	h->conn->flow->stats.parse_errors[PIPELINE_HTTP2]++;
	if (!h->conn->exchanges) {
		h->unwanted = UNWANTED_MAX;
		conn_give_up(h->conn);
	}
}

/* Reads on from the item that is in front. True when it stopped before a response. */
static bool read_item(struct http2_conn *h, bool wait)
{
	const struct early_item *item = h->item;
	int dir = !h->h2.client;
	size_t used, len = item->len - h->item_at;

	h->now_ns = item->ts_ns;
	if (item->hole) {
		check(h, h2_hole(&h->h2, dir, item->hole));
		return false;
	}
	if (item->call_start && !h->item_at)
		h2_mark(&h->h2, dir, item->len);
	if (wait && h2_feed_waiting(&h->h2, dir, item->data + h->item_at, len, &used)) {
		h->item_at += used;
		return true;
	}
	if (!wait)
		check(h, h2_feed(&h->h2, dir, item->data + h->item_at, len));
	return false;
}

/* Reads what waits, as far as requests for it have come; all of it when wait is false. */
static void drain(struct http2_conn *h, bool wait)
{
	size_t used;

	if (h->stopped_ns) {
		h->now_ns = h->stopped_ns;
		if (!wait)
			check(h, h2_feed(&h->h2, !h->h2.client, NULL, 0));
		else if (h2_feed_waiting(&h->h2, !h->h2.client, NULL, 0, &used))
			return;
		h->stopped_ns = 0;
	}
	while (h->item || (h->item = early_take(&h->early))) {
		if (read_item(h, wait)) {
			h->stopped_ns = h->item->ts_ns;
			return;
		}
		free(TAKE(h->item));
		h->item_at = 0;
	}
}

static bool is_waiting(const struct http2_conn *h)
{
	return h->stopped_ns || h->item || h->early.first;
}

static void response_arrives(struct http2_conn *h, const struct early_item *item, struct slice data)
{
	int dir = !h->h2.client;
	size_t used = 0;

	if (is_waiting(h) && item->ts_ns > h->stopped_ns + OVERTAKING_MAX_NS)
		drain(h, false);
	if (is_waiting(h)) {
		if (!early_add(&h->early, item, data))
			return;
		drain(h, false);
	}
	h->now_ns = item->ts_ns;
	if (item->hole) {
		check(h, h2_hole(&h->h2, dir, item->hole));
		return;
	}
	if (item->call_start)
		h2_mark(&h->h2, dir, data.len);
	if (!h2_feed_waiting(&h->h2, dir, data.data, data.len, &used))
		return;
	h->stopped_ns = item->ts_ns;
	data = slice_sub(data, used, data.len);
	if (data.len && early_add(&h->early, &(struct early_item){ .ts_ns = item->ts_ns }, data)) {
		drain(h, false);
		check(h, h2_feed(&h->h2, dir, data.data, data.len));
	}
}

/* Only what began before the response can be its request. */
static void before_request(struct http2_conn *h, uint64_t ts_ns)
{
	if (is_waiting(h) && h->stopped_ns < ts_ns)
		drain(h, false);
	h->now_ns = ts_ns;
}

/* Exchanges call the connection unwanted one by one. */
static void after_bytes(struct http2_conn *h)
{
	if (h->unwanted < UNWANTED_MAX)
		h->conn->ignore = false;
}

static void http2_conn_data(void *state, enum gentap_dir dir, struct slice data, bool call_start,
			    uint64_t ts_ns)
{
	struct http2_conn *h = state;
	const struct early_item item = { .call_start = call_start, .ts_ns = ts_ns };

	if (h->h2.client == !dir) {
		response_arrives(h, &item, data);
	} else {
		before_request(h, ts_ns);
		if (call_start)
			h2_mark(&h->h2, dir, data.len);
		check(h, h2_feed(&h->h2, dir, data.data, data.len));
		drain(h, true);
	}
	after_bytes(h);
}

static void http2_conn_hole(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct http2_conn *h = state;
	const struct early_item item = { .hole = len, .ts_ns = ts_ns };

	if (h->h2.client == !dir) {
		response_arrives(h, &item, SLICE_NONE);
	} else {
		before_request(h, ts_ns);
		check(h, h2_hole(&h->h2, dir, len));
		drain(h, true);
	}
	after_bytes(h);
}

/* ---- From the connection ---------------------------------------------------------------- */

static void *http2_conn_open(struct conn *c, struct exchange *upgraded)
{
	struct http2_conn *h = calloc(1, sizeof(*h));
	const struct h2_sink sink = {
		h, on_head, on_trailers, on_body, on_hole, on_end, on_closed
	};

	if (!h) {
		exchange_free(upgraded);
		return NULL;
	}
	h->conn = c;
	/* Who is the client shows itself; what the first bytes looked like is no proof. */
	h2_init(&h->h2, H2_ROLE_UNKNOWN, &sink);
	if (upgraded) {
		if (h2_upgrade(&h->h2, conn_request_dir(c), SLICE_NONE, upgraded) == 0)
			return h;
		exchange_free(upgraded);
		free(h);
		return NULL;
	}
	for (int dir = 0; dir < 2; dir++)
		if (!conn_whole(c, dir))
			h2_join(&h->h2, dir);
	return h;
}

static void http2_conn_close(void *state, uint64_t ts_ns)
{
	struct http2_conn *h = state;

	drain(h, false);
	h->now_ns = ts_ns;
	h->closing = true;
	h2_eof(&h->h2);
	h->conn->flow->stats.no_memory += h->h2.stats.no_memory;
	h2_release(&h->h2);
	free(h);
}

/* A client begins with the preface, a server with SETTINGS; joined midway, any frame that
 * is plausible will do: whose it is will show. */
static enum sniff http2_conn_sniff(struct slice head)
{
	if (h2_plausible_preface(head.data, head.len))
		return head.len < H2_PREFACE.len ? SNIFF_MORE : SNIFF_REQUEST;
	if (head.data[0]) /* no frame of a size that is used without being negotiated */
		return SNIFF_NO;
	if (head.len < H2_FRAME_HEADER)
		return SNIFF_MORE;
	return h2_plausible_frame(head.data, head.len) ? SNIFF_RESPONSE : SNIFF_NO;
}

const struct conn_proto http2_proto = {
	.name = "http2",
	.upgrade = "h2c",
	.sniff = http2_conn_sniff,
	.open = http2_conn_open,
	.data = http2_conn_data,
	.hole = http2_conn_hole,
	.close = http2_conn_close,
};
