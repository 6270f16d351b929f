/* SPDX-License-Identifier: Apache-2.0 */
#include "asked.h"

#include "cleanup.h"
#include "detect.h"

#include <arpa/inet.h>

#define ASKED_TEXT_MAX 1024

struct asked {
	struct arena text;
	struct slice method, path, host;
	int status;
};

void asked_open(struct exchange *x, const struct http_head *head)
{
	const struct pipeline_sink *sink = &x->conn->flow->sink;
	struct slice target = head->target;
	struct slice path = slice_cut(&target, '?');
	struct asked *a;

	if (!sink->acts || !sink->outbound || x->connect || x->verdict == DECODER_WANTED ||
	    !sink->acts(sink->ctx, x->conn->process))
		return;
	a = calloc(1, sizeof(*a));
	if (!a)
		return;
	arena_init(&a->text, 3 * ASKED_TEXT_MAX);
	a->method = arena_copy(&a->text, slice_sub(head->method, 0, ASKED_TEXT_MAX / 4));
	a->path = arena_copy(&a->text, slice_sub(path, 0, ASKED_TEXT_MAX));
	a->host = arena_copy(&a->text, slice_sub(head->authority, 0, ASKED_TEXT_MAX));
	x->asked = a;
	/* As with inbound ones: the answer has to pass before the connection is ignored. */
	x->conn->undecided++;
}

void asked_answer(struct exchange *x, int status)
{
	if (x->asked)
		x->asked->status = status;
}

static void tell(const struct exchange *x, bool whole, uint64_t ts_ns)
{
	const struct conn *c = x->conn;
	const struct asked *a = x->asked;
	struct outbound o = {
		.process = c->process,
		.conn_hash = c->hash,
		.exchange = c->exchanges,
		.start_ns = x->start_ns,
		.end_ns = ts_ns,
		.whole = whole,
		.secured = c->source != GENTAP_SRC_SOCKET,
		.method = a->method,
		.path = a->path,
		.status = a->status,
		.server = { .peer_port = c->bind.peer_port, .local_port = c->bind.local_port },
	};
	char ip[INET6_ADDRSTRLEN] = "";

	o.server.address = detect_host(a->host, &o.server.port);
	if (c->bind.family && inet_ntop(c->bind.family, c->bind.peer_addr, ip, sizeof(ip)))
		o.server.peer_ip = slice_from(ip);
	if (!o.server.port)
		o.server.port = c->bind.peer_port;
	c->flow->sink.outbound(c->flow->sink.ctx, &o);
}

void asked_close(struct exchange *x, bool told, bool whole, uint64_t ts_ns)
{
	struct conn *c = x->conn;

	if (!x->asked)
		return;
	if (told && x->verdict == DECODER_UNWANTED)
		tell(x, whole, ts_ns);
	arena_release(&x->asked->text);
	free(TAKE(x->asked));
	c->undecided--;
	if (x->verdict == DECODER_UNWANTED)
		conn_judged(c, DECODER_UNWANTED);
}
