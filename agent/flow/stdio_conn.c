/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MCP over the standard streams of its server, who reads requests and writes answers: one
 * message a line. A call is its client's, as far as that is known (conn->peer), with the
 * times that the server's side had.
 */
#include "conn.h"
#include "exchange.h"
#include "mcp_session.h"
#include "ndjson.h"

#include "cleanup.h"

#include <errno.h>

struct stdio_side {
	struct stdio_conn *whole;
	enum mcp_side from;
	struct ndjson lines;
	size_t held;	   /* of a line's beginning, counted in flow->buffered */
	uint64_t start_ns; /* of the line */
	uint64_t now_ns;
};

struct stdio_conn {
	struct conn *conn;
	struct mcp_session *session;
	struct stdio_side sides[2]; /* by enum mcp_side */
	bool spoken;		    /* JSON-RPC was */
};

enum sniff stdio_sniff(enum gentap_dir dir, struct slice head)
{
	if (dir == GENTAP_WRITE)
		return SNIFF_RESPONSE;
	return head.data[0] == '{' || head.data[0] == '[' ? SNIFF_REQUEST : SNIFF_NO;
}

static void on_line(void *ctx, struct slice line)
{
	struct stdio_side *side = ctx;
	struct stdio_conn *s = side->whole;
	struct conn *c = s->conn;
	int r = mcp_session_message(s->session, side->from, line, side->start_ns, side->now_ns);

	side->start_ns = side->now_ns;
	c->flow->stats.no_memory += r == -ENOMEM;
	/* Servers print other things too; clients do not. */
	if (r == -EBADMSG && side->from == MCP_CLIENT && !s->spoken)
		conn_give_up(c);
	if (r || s->spoken)
		return;
	s->spoken = true;
	conn_judged(c, DECODER_WANTED);
}

static void on_call(void *ctx, struct call *call)
{
	struct stdio_conn *s = ctx;

	flow_emit(s->conn->flow, call);
}

static void *stdio_open(struct conn *c, struct exchange *upgraded)
{
	struct stdio_conn *s = calloc(1, sizeof(*s));
	struct decoder_origin origins[2] = {
		[MCP_CLIENT] = { .process = c->peer ? c->peer : c->process,
				 .server_process = c->peer ? c->process : NULL,
				 .conn_hash = c->hash,
				 .source = c->source,
				 .server_side = !c->peer },
		[MCP_SERVER] = { .process = c->process,
				 .server_process = c->peer,
				 .conn_hash = ~c->hash,
				 .source = c->source },
	};

	(void)upgraded; /* there is none */
	if (!s)
		return NULL;
	s->conn = c;
	for (int from = 0; from < 2; from++) {
		struct stdio_side *side = &s->sides[from];

		*side = (struct stdio_side){ .whole = s, .from = from };
		ndjson_init(&side->lines, c->flow->config.decoder.body_max, on_line, side);
	}
	if (mcp_session_new(&s->session, &c->flow->config.decoder, origins, on_call, s)) {
		free(s);
		return NULL;
	}
	return s;
}

static struct stdio_side *side_of(struct stdio_conn *s, enum gentap_dir dir)
{
	return &s->sides[dir == GENTAP_READ ? MCP_CLIENT : MCP_SERVER];
}

static void count(struct stdio_side *side)
{
	side->whole->conn->flow->buffered += side->lines.part.len - side->held;
	side->held = side->lines.part.len;
}

static void stdio_hole(void *state, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct stdio_side *side = side_of(state, dir);

	(void)ts_ns;
	ndjson_hole(&side->lines, len);
	mcp_session_hole(side->whole->session, side->from);
	count(side);
}

static void stdio_data(void *state, enum gentap_dir dir, struct slice data, bool call_start,
		       uint64_t ts_ns)
{
	struct stdio_side *side = side_of(state, dir);
	struct flow *flow = side->whole->conn->flow;

	/* Servers write a message at once: it can be read though the one before was lost. */
	if (call_start && data.data[0] == '{')
		side->lines.skipping = false;
	if (flow->buffered + data.len > flow->config.memory_max) {
		stdio_hole(state, dir, data.len, ts_ns);
		return;
	}
	if (!side->lines.part.len)
		side->start_ns = ts_ns;
	side->now_ns = ts_ns;
	if (ndjson_feed(&side->lines, data.data, data.len)) {
		flow->stats.no_memory++;
		mcp_session_hole(side->whole->session, side->from);
	}
	count(side);
}

static void stdio_close(void *state, uint64_t ts_ns)
{
	struct stdio_conn *s = state;

	for (int from = 0; from < 2; from++) {
		s->sides[from].now_ns = ts_ns;
		ndjson_release(&s->sides[from].lines);
		count(&s->sides[from]);
	}
	mcp_session_end(s->session, ts_ns);
	free(s);
}

const struct conn_proto stdio_proto = {
	.name = "stdio",
	.open = stdio_open,
	.data = stdio_data,
	.hole = stdio_hole,
	.close = stdio_close,
};
