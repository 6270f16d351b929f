/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include "asked.h"
#include "cleanup.h"
#include "exported.h"
#include "mcp_sse.h"
#include "tls_hello.h"
#include "trace_context.h"
#include "ws_exchange.h"

#include <arpa/inet.h>

#define HOLD_SMALL (64 * 1024)

struct exchange *exchange_new_ghost(struct conn *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x) {
		c->flow->stats.no_memory++;
		return NULL;
	}
	x->conn = c;
	x->verdict = DECODER_UNWANTED;
	return x;
}

void flow_emit(void *ctx, struct call *call)
{
	struct flow *flow = ctx;

	flow->stats.calls++;
	flow->stats.calls_partial += call->completeness == COMPLETENESS_PARTIAL;
	flow->stats.usage_violations += usage_violation(&call->usage) != NULL;
	flow->sink.call(flow->sink.ctx, call);
}

/* ---- Requests to processes that ask models ------------------------------------------------ */

static void open_inbound(struct exchange *x, const struct http_head *head, uint64_t ts_ns)
{
	struct conn *c = x->conn;
	struct slice target = head->target;
	struct served as = { .conn_hash = c->hash, .exchange = c->exchanges, .start_ns = ts_ns };

	trace_parent_parse(http_head_get(head, SLICE("traceparent")), &as.parent);
	x->inbound = inbound_open(&c->flow->inbounds, c->id.tgid, c->tid, &as, head->method,
				  slice_cut(&target, '?'));
	/* The connection may not be ignored before the answer has passed. */
	c->undecided += x->inbound != NULL;
}

static void close_inbound(struct exchange *x, bool whole, uint64_t ts_ns)
{
	struct inbound *in = TAKE(x->inbound);
	struct conn *c = x->conn;
	const struct served_request r = {
		.as = in ? in->as : (struct served){ 0 },
		.process = c->process,
		.method = in ? in->method : SLICE_NONE,
		.path = in ? in->path : SLICE_NONE,
		.reason = whole ? SLICE_NONE : SLICE("answer_not_seen"),
		.status = in ? in->status : 0,
		.end_ns = ts_ns,
		.calls = in ? in->calls : 0,
	};

	if (!in)
		return;
	if (in->calls && c->flow->sink.served)
		c->flow->sink.served(c->flow->sink.ctx, &r);
	inbound_close(&c->flow->inbounds, in, whole);
	c->undecided--;
	if (x->verdict == DECODER_UNWANTED)
		conn_judged(c, DECODER_UNWANTED);
}

/* Whose request the call was made for; that must still be open. */
static void set_served(const struct exchange *x, struct call *call)
{
	struct conn *c = x->conn;
	struct served as = x->served;

	if (call->op == OP_NONE || c->role != CONN_CLIENT)
		return;
	/* What it relays says the same by its nature: relay.h knows better. */
	if (!as.start_ns && !x->relaying)
		as = inbound_find_by_text(&c->flow->inbounds, c->id.tgid, call);
	c->flow->stats.served_ambiguous = c->flow->inbounds.ambiguous;
	c->flow->stats.served_unread = c->flow->inbounds.unread;
	if (!as.start_ns || !inbound_count(&c->flow->inbounds, c->id.tgid, &as))
		return;
	call->served = arena_alloc(&call->arena, sizeof(*call->served));
	if (call->served)
		*call->served = as;
}

/* Of the calls that its process was answering, is it known for which it was made? */
static bool is_told(const struct exchange *x, const struct call *call)
{
	struct conn *c = x->conn;

	return x->served.start_ns ||
	       inbound_find_by_text(&c->flow->inbounds, c->id.tgid, call).start_ns;
}

/* The call_fn of every decoder on a connection. */
static void exchange_emit(void *ctx, struct call *call)
{
	struct exchange *x = ctx;
	struct conn *c = x->conn;
	struct twins *twins = &c->flow->twins;

	if (c->role == CONN_SERVER && x->twin == TWIN_UNASKED)
		x->twin = twins_take(twins, &c->bind, x->start_ns) ? TWIN_REPORTED : TWIN_NONE;
	if (x->twin == TWIN_REPORTED) {
		c->flow->stats.calls_twice++;
		c->coverage.twin = true;
		call_free(call);
		return;
	}
	c->coverage.calls++;
	if (c->role == CONN_CLIENT)
		call->server_process = process_ref(twins_server(twins, &c->bind));
	if (c->role == CONN_CLIENT)
		set_served(x, call);
	call->relaying = x->relaying;
	call->relays_one = x->relaying == 1 || (x->relaying && is_told(x, call));
	if (!mcp_sse_take(x, call))
		flow_emit(c->flow, call);
}

struct exchange *exchange_new(struct conn *c)
{
	struct exchange *x = exchange_new_ghost(c);
	struct flow *flow = c->flow;
	char ip[INET6_ADDRSTRLEN] = "";
	struct decoder_origin origin = {
		.process = c->process,
		.conn_hash = c->hash,
		.exchange = c->exchanges,
		.source = c->source,
		.server_side = c->role == CONN_SERVER,
		.peer_port = c->bind.peer_port,
		.local_port = c->bind.local_port,
	};
	const struct tls_hello *hello;

	if (c->role == CONN_CLIENT && twins_ask(&flow->twins, &c->bind, !c->exchanges))
		flow->stats.no_memory++;
	c->exchanges++;
	flow->stats.exchanges++;
	if (!x)
		return NULL;
	if (c->bind.family && inet_ntop(c->bind.family, c->bind.peer_addr, ip, sizeof(ip)))
		origin.peer_ip = slice_from(ip);
	hello = flow_hello(flow, c->id.tgid, c->bind.sock);
	if (hello && hello->sni[0])
		origin.sni = slice_from(hello->sni);
	if (decoder_new(&x->decoder, &flow->config.decoder, &origin, exchange_emit, x)) {
		flow->stats.no_memory++;
		return x;
	}
	x->verdict = DECODER_UNDECIDED;
	c->undecided++;
	return x;
}

static void count(struct exchange *x)
{
	size_t held = ws_exchange_held(x->ws) + (x->decoder ? decoder_held(x->decoder) : 0) +
		      exported_held(x->exported);

	x->conn->flow->buffered += held - x->held;
	x->held = held;
}

static void drop_decoder(struct exchange *x)
{
	decoder_free(TAKE(x->decoder));
	count(x);
}

static void judge(struct exchange *x, enum decoder_verdict verdict)
{
	if (x->verdict != DECODER_UNDECIDED || verdict == DECODER_UNDECIDED)
		return;
	x->verdict = verdict;
	x->conn->undecided--;
	if (verdict == DECODER_WANTED && x->conn->role == CONN_CLIENT)
		inbounds_calls(&x->conn->flow->inbounds, x->conn->id.tgid);
	if (verdict == DECODER_WANTED && x->conn->role == CONN_SERVER)
		x->answers = flow_relays_begin(&x->conn->flow->relays, x->conn->id.tgid);
	conn_judged(x->conn, verdict);
}

/* After each step: what does it hold, has it shown what it is? */
static void watch(struct exchange *x)
{
	count(x);
	if (x->verdict != DECODER_UNDECIDED)
		return;
	judge(x, decoder_verdict(x->decoder));
	if (x->verdict == DECODER_UNWANTED)
		drop_decoder(x);
}

void exchange_free(struct exchange *x)
{
	uint64_t now_ns;

	if (!x)
		return;
	ws_exchange_free(TAKE(x->ws));
	drop_decoder(x);
	judge(x, DECODER_UNWANTED);
	if (x->answers)
		flow_relays_end(&x->conn->flow->relays, x->conn->id.tgid);
	now_ns = x->conn->flow->last_ts_ns ? flow_wall_ns(x->conn->flow, x->conn->flow->last_ts_ns)
					   : x->start_ns;
	close_inbound(x, false, now_ns);
	asked_close(x, x->asked, false, now_ns);
	exported_close(x);
	mcp_sse_close(x, now_ns);
	count(x);
	free(x);
}

bool exchange_may_hold(const struct exchange *x, size_t len)
{
	const struct flow *flow = x->conn->flow;
	size_t max = flow->config.memory_max;

	if (x->held + len <= HOLD_SMALL)
		max += max / 4;
	return flow->buffered + len <= max;
}

void exchange_request_head(struct exchange *x, const struct http_head *head, uint64_t ts_ns)
{
	coverage_authority(x->conn, head->authority);
	x->start_ns = ts_ns;
	x->head_only = slice_eq(head->method, SLICE("HEAD"));
	x->connect = slice_eq(head->method, SLICE("CONNECT"));
	if (x->conn->role == CONN_SERVER)
		twins_answer(&x->conn->flow->twins, &x->conn->bind, x->conn->process, ts_ns);
	if (x->conn->role == CONN_SERVER)
		open_inbound(x, head, ts_ns);
	else
		x->served = inbound_find(&x->conn->flow->inbounds, x->conn->id.tgid, x->conn->tid);
	mcp_sse_open(x, head);
	if (x->conn->role == CONN_CLIENT)
		x->relaying = flow_relays_now(&x->conn->flow->relays, x->conn->id.tgid);
	x->websocket = slice_eq_nocase(
		http_head_get(head, x->connect ? SLICE(":protocol") : SLICE("upgrade")),
		SLICE("websocket"));
	if (x->conn->role == CONN_CLIENT) {
		asked_open(x, head);
		exported_open(x, head);
	}
	if (!x->decoder)
		return;
	decoder_request_head(x->decoder, head, ts_ns);
	watch(x);
}

void exchange_request_body(struct exchange *x, struct slice data, uint64_t ts_ns)
{
	if (x->exported) {
		exported_body(x, data);
		count(x);
	}
	if (x->inbound)
		inbound_body(&x->conn->flow->inbounds, x->inbound, data);
	if (!x->decoder)
		return;
	if (x->ws)
		exchange_ws_data(x, WS_CLIENT, data, true, ts_ns);
	else if (exchange_may_hold(x, data.len))
		decoder_request_body(x->decoder, data, ts_ns);
	else
		decoder_request_hole(x->decoder, data.len);
	watch(x);
}

void exchange_request_hole(struct exchange *x, uint64_t len)
{
	exported_hole(x);
	if (x->inbound)
		inbound_body_end(&x->conn->flow->inbounds, x->inbound);
	if (!x->decoder)
		return;
	if (x->ws)
		exchange_ws_hole(x, WS_CLIENT, len, 0);
	else
		decoder_request_hole(x->decoder, len);
	watch(x);
}

void exchange_request_end(struct exchange *x, enum http_end how, uint64_t ts_ns)
{
	if (x->exported) {
		exported_request_end(x, how);
		count(x);
	}
	if (x->inbound)
		inbound_body_end(&x->conn->flow->inbounds, x->inbound);
	if (!x->decoder || x->ws)
		return;
	decoder_request_end(x->decoder, how, ts_ns);
	watch(x);
}

void exchange_response_head(struct exchange *x, const struct http_head *head, uint64_t ts_ns)
{
	if (x->inbound && head->status >= 200)
		inbound_answer(x->inbound, x->conn->tid, head->status);
	asked_answer(x, head->status);
	mcp_sse_answer(x, head);
	if (!x->decoder)
		return;
	/* The client's record may have come later than ours of the same bytes. */
	if (x->conn->role == CONN_SERVER)
		twins_answer(&x->conn->flow->twins, &x->conn->bind, x->conn->process, x->start_ns);
	decoder_response_head(x->decoder, head, ts_ns);
	if (x->websocket && (head->status == 101 || (x->connect && head->status / 100 == 2)))
		x->ws = ws_exchange_new(x, head);
	watch(x);
}

void exchange_response_body(struct exchange *x, struct slice data, uint64_t ts_ns)
{
	mcp_sse_body(x, data, ts_ns);
	if (!x->decoder)
		return;
	if (x->ws)
		exchange_ws_data(x, WS_SERVER, data, true, ts_ns);
	else if (exchange_may_hold(x, data.len))
		decoder_response_body(x->decoder, data, ts_ns);
	else
		decoder_response_hole(x->decoder, data.len);
	watch(x);
}

void exchange_response_hole(struct exchange *x, uint64_t len)
{
	mcp_sse_hole(x, len);
	if (!x->decoder)
		return;
	if (x->ws)
		exchange_ws_hole(x, WS_SERVER, len, 0);
	else
		decoder_response_hole(x->decoder, len);
	watch(x);
}

void exchange_response_trailers(struct exchange *x, const struct http_head *trailers,
				uint64_t ts_ns)
{
	if (!x->decoder || x->ws)
		return;
	decoder_response_trailers(x->decoder, trailers, ts_ns);
	watch(x);
}

/* ---- WebSocket --------------------------------------------------------------------------- */

/* Not from within: its own functions may be running. */
static void drop_unwanted(struct exchange *x)
{
	if (!x->decoder)
		ws_exchange_free(TAKE(x->ws));
	count(x);
}

void exchange_ws_data(struct exchange *x, enum ws_side side, struct slice data, bool start,
		      uint64_t ts_ns)
{
	if (x->ws)
		ws_exchange_data(x->ws, side, data, start, ts_ns);
	drop_unwanted(x);
}

void exchange_ws_hole(struct exchange *x, enum ws_side side, uint64_t len, uint64_t ts_ns)
{
	if (x->ws)
		ws_exchange_hole(x->ws, side, len, ts_ns);
	drop_unwanted(x);
}

void exchange_ws_message(struct exchange *x, enum ws_side side, bool text, struct slice message,
			 uint64_t ts_ns)
{
	if (!x->decoder)
		return;
	decoder_ws_message(x->decoder, side, text, message, ts_ns);
	watch(x);
}

void exchange_ws_missing(struct exchange *x, enum ws_side side, uint64_t len)
{
	if (!x->decoder)
		return;
	decoder_ws_hole(x->decoder, side, len);
	watch(x);
}

/* ---- The end ----------------------------------------------------------------------------- */

/* One that kept its secret to the end was nothing. */
static void finish(struct exchange *x)
{
	judge(x, decoder_verdict(x->decoder));
	drop_decoder(x);
	judge(x, DECODER_UNWANTED);
}

void exchange_response_end(struct exchange *x, enum http_end how, uint64_t ts_ns)
{
	close_inbound(x, how == HTTP_END_COMPLETE, ts_ns);
	if (x->decoder) {
		decoder_response_end(x->decoder, how, ts_ns);
		finish(x);
	}
	asked_close(x, true, how != HTTP_END_TRUNCATED && how != HTTP_END_LOST, ts_ns);
	exported_close(x);
	mcp_sse_close(x, ts_ns);
	count(x);
}

void exchange_abort(struct exchange *x, uint64_t ts_ns)
{
	close_inbound(x, false, ts_ns);
	if (x->decoder) {
		decoder_abort(x->decoder, ts_ns);
		finish(x);
	}
	asked_close(x, true, false, ts_ns);
	exported_close(x);
	mcp_sse_close(x, ts_ns);
	count(x);
}
