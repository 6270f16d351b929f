/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1 on a connection: two parsers, what to do when one of them loses its place, and
 * the callbacks between parsers, pairing and exchanges.
 */
#include "early.h"
#include "http1.h"
#include "pairing.h"

#include "cleanup.h"

#include <errno.h>

#define PROBE_MAX 8 /* what http1_plausible_head() needs to be sure */

struct http1_side {
	struct http1_conn *h;
	enum gentap_dir dir;
	struct http1 parser;
	bool synced;	   /* the parser knows where it is */
	bool seen;	   /* it did once */
	bool in_message;   /* after a head, before its end */
	uint64_t start_ns; /* first byte of the current message */
	/* Not synced: first bytes of a call, until they are enough to tell. */
	char probe[PROBE_MAX];
	size_t probe_len;
	uint64_t probe_ns;
};

struct http1_conn {
	struct conn *conn;
	struct http1_side request, response;
	struct pairing pairing;
	struct early early; /* of the response direction */
	uint64_t now_ns;
	bool raw;			/* not HTTP any more */
	const struct conn_proto *inner; /* what follows the upgrade; NULL: not known */
	void *inner_state;
};

/* ---- Messages ---------------------------------------------------------------------------- */

static enum http_body request_head(void *ctx, const struct http_head *head)
{
	struct http1_conn *h = ctx;
	struct exchange *x = pairing_request(&h->pairing, h->now_ns);

	h->request.in_message = true;
	if (x)
		exchange_request_head(x, head, h->request.start_ns);
	return HTTP_BODY_FRAMED;
}

static void request_body(void *ctx, struct slice data)
{
	struct http1_conn *h = ctx;

	if (h->pairing.sending)
		exchange_request_body(h->pairing.sending, data, h->now_ns);
}

static void request_hole(void *ctx, uint64_t len)
{
	struct http1_conn *h = ctx;

	if (h->pairing.sending)
		exchange_request_hole(h->pairing.sending, len);
}

static void request_end(void *ctx, enum http_end how)
{
	struct http1_conn *h = ctx;
	struct exchange *x = TAKE(h->pairing.sending);

	if (x)
		exchange_request_end(x, how, h->now_ns);
	h->request.in_message = false;
	h->request.start_ns = h->now_ns;
}

/* Whoever takes over gets the exchange with its decoder. */
static void upgrade(struct http1_conn *h, struct exchange *x, const struct http_head *head)
{
	const struct conn_proto *proto = NULL;

	h->raw = true;
	if (head->status == 101)
		proto = conn_proto_for_upgrade(http_head_get(head, SLICE("upgrade")));
	if (!x)
		return;
	pairing_take(&h->pairing, x);
	if (proto)
		h->inner_state = proto->open(h->conn, x);
	else
		exchange_free(x);
	if (h->inner_state)
		h->inner = proto;
}

static enum http_body response_head(void *ctx, const struct http_head *head)
{
	struct http1_conn *h = ctx;
	struct exchange *x = pairing_response(&h->pairing, h->response.start_ns, h->now_ns);

	h->response.in_message = true;
	if (x)
		exchange_response_head(x, head, h->response.start_ns);
	if (head->status == 101 || (x && x->connect && head->status / 100 == 2)) {
		upgrade(h, x, head);
		return HTTP_BODY_RAW;
	}
	return x && x->head_only ? HTTP_BODY_NONE : HTTP_BODY_FRAMED;
}

static void response_body(void *ctx, struct slice data)
{
	struct http1_conn *h = ctx;

	if (h->pairing.answering)
		exchange_response_body(h->pairing.answering, data, h->now_ns);
}

static void response_hole(void *ctx, uint64_t len)
{
	struct http1_conn *h = ctx;

	if (h->pairing.answering)
		exchange_response_hole(h->pairing.answering, len);
}

static void response_end(void *ctx, enum http_end how)
{
	struct http1_conn *h = ctx;

	if (h->pairing.answering)
		exchange_response_end(h->pairing.answering, how, h->now_ns);
	pairing_answered(&h->pairing);
	h->response.in_message = false;
	h->response.start_ns = h->now_ns;
}

static void response_raw(void *ctx, struct slice data)
{
	struct http1_conn *h = ctx;

	if (h->inner)
		h->inner->data(h->inner_state, h->response.dir, data, false, h->now_ns);
}

/* ---- Losing and finding one's place ------------------------------------------------------ */

static void lost(struct http1_side *s, bool in_message)
{
	struct http1_conn *h = s->h;
	bool between = !in_message && s->seen;

	/* Whatever the parser did, no message stays open. */
	if (s->in_message)
		s->parser.sink.end(h, HTTP_END_LOST);
	s->synced = false;
	s->probe_len = 0;
	if (s == &h->request)
		pairing_lost_requests(&h->pairing, between, h->now_ns);
	else
		pairing_lost_responses(&h->pairing, between, h->now_ns);
}

static void feed(struct http1_side *s, struct slice data, uint64_t ts_ns)
{
	struct http1_conn *h = s->h;
	bool in_message = s->in_message;
	int r;

	if (http1_idle(&s->parser))
		s->start_ns = ts_ns;
	h->now_ns = ts_ns;
	r = http1_feed(&s->parser, data.data, data.len);
	if (!r && !http1_lost(&s->parser))
		return;
	if (r == -ENOMEM)
		h->conn->flow->stats.no_memory++;
	else
		h->conn->flow->stats.parse_errors[PIPELINE_HTTP1]++;
	if (!h->conn->exchanges)
		conn_give_up(h->conn);
	lost(s, in_message);
}

static void skip(struct http1_side *s, uint64_t ts_ns)
{
	if (s == &s->h->response)
		pairing_skipped_response(&s->h->pairing, ts_ns);
}

/* Looks for a head at the beginning of a call. */
static void probe(struct http1_side *s, struct slice data, bool call_start, uint64_t ts_ns)
{
	bool more = s->probe_len;
	size_t taken = MIN(data.len, PROBE_MAX - s->probe_len);

	if (!more && !call_start) {
		skip(s, ts_ns);
		return;
	}
	if (!more)
		s->probe_ns = ts_ns;
	memcpy(s->probe + s->probe_len, data.data, taken);
	s->probe_len += taken;
	if (!http1_plausible_head(s == &s->h->response, s->probe, s->probe_len)) {
		s->probe_len = 0;
		skip(s, s->probe_ns);
		if (more && call_start)
			probe(s, data, call_start, ts_ns);
		return;
	}
	if (s->probe_len < PROBE_MAX)
		return;
	s->synced = s->seen = true;
	http1_resync(&s->parser);
	feed(s, (struct slice){ s->probe, s->probe_len }, s->probe_ns);
	s->probe_len = 0;
	if (s->synced && taken < data.len)
		feed(s, slice_sub(data, taken, data.len), ts_ns);
}

static void side_data(struct http1_side *s, struct slice data, bool call_start, uint64_t ts_ns)
{
	struct http1_conn *h = s->h;

	if (h->pairing.dead)
		return;
	if (h->raw && h->inner)
		h->inner->data(h->inner_state, s->dir, data, call_start, ts_ns);
	else if (h->raw)
		return;
	else if (s->synced)
		feed(s, data, ts_ns);
	else
		probe(s, data, call_start, ts_ns);
}

static void side_hole(struct http1_side *s, uint64_t len, uint64_t ts_ns)
{
	struct http1_conn *h = s->h;
	bool in_message = s->in_message;

	h->now_ns = ts_ns;
	s->probe_len = 0;
	if (h->pairing.dead)
		return;
	if (h->raw && h->inner)
		h->inner->hole(h->inner_state, s->dir, len, ts_ns);
	else if (h->raw || !s->synced)
		return;
	else if (http1_hole(&s->parser, len) || http1_lost(&s->parser))
		lost(s, in_message);
}

/* ---- From the connection ------------------------------------------------------------------ */

/* Does a response begin here that no request has asked for? */
static bool is_early(const struct http1_conn *h)
{
	if (h->pairing.dead || h->raw)
		return false;
	return h->early.first ||
	       (!h->pairing.queue && h->response.synced && http1_idle(&h->response.parser));
}

static void response_item(struct http1_conn *h, const struct early_item *item, struct slice data)
{
	if (item->hole)
		side_hole(&h->response, item->hole, item->ts_ns);
	else
		side_data(&h->response, data, item->call_start, item->ts_ns);
}

static void drain_early(struct http1_conn *h)
{
	struct early_item *item;

	while ((item = early_take(&h->early))) {
		response_item(h, item, (struct slice){ item->data, item->len });
		free(item);
	}
}

static void response_arrives(struct http1_conn *h, const struct early_item *item, struct slice data)
{
	if (is_early(h) && !early_add(&h->early, item, data))
		return;
	drain_early(h);
	response_item(h, item, data);
}

static void http1_conn_data(void *state, enum gentap_dir dir, struct slice data, bool call_start,
			    uint64_t ts_ns)
{
	struct http1_conn *h = state;
	const struct early_item item = { .call_start = call_start, .ts_ns = ts_ns };

	if (dir == h->response.dir) {
		response_arrives(h, &item, data);
		return;
	}
	if (h->early.first && h->early.first->ts_ns < ts_ns)
		drain_early(h);
	side_data(&h->request, data, call_start, ts_ns);
	if (h->pairing.queue)
		drain_early(h);
}

static void http1_conn_hole(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct http1_conn *h = state;
	const struct early_item item = { .hole = len, .ts_ns = ts_ns };

	if (dir == h->response.dir) {
		response_arrives(h, &item, SLICE_NONE);
		return;
	}
	if (h->early.first && h->early.first->ts_ns < ts_ns)
		drain_early(h);
	side_hole(&h->request, len, ts_ns);
}

static void init_side(struct http1_conn *h, struct http1_side *s, enum gentap_dir dir,
		      const struct http_sink *sink)
{
	s->h = h;
	s->dir = dir;
	s->synced = s->seen = conn_whole(h->conn, dir);
	http1_init(&s->parser, s == &h->response, sink);
}

static void *http1_conn_open(struct conn *c, struct exchange *upgraded)
{
	struct http1_conn *h = calloc(1, sizeof(*h));
	enum gentap_dir dir = conn_request_dir(c);
	const struct http_sink request = { h,		request_head, request_body, request_hole,
					   request_end, request_body };
	const struct http_sink response = {
		h, response_head, response_body, response_hole, response_end, response_raw
	};

	struct owed owed;

	exchange_free(upgraded); /* nothing upgrades to HTTP/1 */
	if (!h)
		return NULL;
	h->conn = c;
	pairing_init(&h->pairing, c);
	init_side(h, &h->request, dir, &request);
	init_side(h, &h->response, !dir, &response);
	owed = conn_take_owed(c);
	if (owed.count) {
		h->response.synced = h->response.seen = true;
		pairing_owe(&h->pairing, owed);
	}
	h->pairing.loss = !h->response.synced;
	return h;
}

static struct owed http1_conn_owed(const void *state)
{
	const struct http1_conn *h = state;

	if (!h->response.synced || !http1_idle(&h->response.parser) || h->early.first || h->raw)
		return (struct owed){ 0 };
	return pairing_owed(&h->pairing);
}

static void http1_conn_close(void *state, uint64_t ts_ns)
{
	struct http1_conn *h = state;

	drain_early(h);
	h->now_ns = ts_ns;
	if (h->inner)
		h->inner->close(h->inner_state, ts_ns);
	if (h->request.synced)
		http1_eof(&h->request.parser);
	if (h->response.synced)
		http1_eof(&h->response.parser);
	pairing_release(&h->pairing, ts_ns);
	http1_release(&h->request.parser);
	http1_release(&h->response.parser);
	free(h);
}

static enum sniff http1_conn_sniff(struct slice head)
{
	bool request = http1_plausible_head(false, head.data, head.len);
	bool response = http1_plausible_head(true, head.data, head.len);

	if (head.len < PROBE_MAX)
		return request || response ? SNIFF_MORE : SNIFF_NO;
	if (slice_starts(head, SLICE("PRI * "))) /* HTTP/2, RFC 9113, section 3.4 */
		return SNIFF_NO;
	return request ? SNIFF_REQUEST : response ? SNIFF_RESPONSE : SNIFF_NO;
}

const struct conn_proto http1_proto = {
	.name = "http1",
	.sniff = http1_conn_sniff,
	.open = http1_conn_open,
	.data = http1_conn_data,
	.hole = http1_conn_hole,
	.owed = http1_conn_owed,
	.close = http1_conn_close,
};
