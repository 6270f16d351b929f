/* SPDX-License-Identifier: Apache-2.0 */
/* Writes down what an http1 parser says, for test_http1*.c. */
#ifndef TESTS_HTTP1_LISTENER_H
#define TESTS_HTTP1_LISTENER_H

#include "cleanup.h"
#include "http1.h"
#include "test.h"

#include <errno.h>

#define GET "GET / HTTP/1.1\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

#define LOG_MAX (1 << 20)

/* Writes down what a parser says; body slices that follow each other are one. */
struct listener {
	struct buf log;
	struct buf bodies; /* of all messages; '?' for each byte of a hole */
	enum http_body answer;
	bool in_body;
	int heads;
	int ends;
};

static void note(struct listener *l, const char *what)
{
	if (l->in_body)
		buf_add_char(&l->log, '\n');
	l->in_body = false;
	buf_add_str(&l->log, what);
}

static enum http_body on_head(void *ctx, const struct http_head *h)
{
	struct listener *l = ctx;

	note(l, "");
	if (h->response)
		buf_printf(&l->log, "%d", h->status);
	else
		buf_printf(&l->log, "%.*s %.*s", SLICE_FMT(h->method), SLICE_FMT(h->target));
	buf_printf(&l->log, " v%d", h->version);
	if (h->scheme.data)
		buf_printf(&l->log, " scheme=%.*s", SLICE_FMT(h->scheme));
	if (h->authority.data)
		buf_printf(&l->log, " authority=%.*s", SLICE_FMT(h->authority));
	for (size_t i = 0; i < h->n_fields; i++)
		buf_printf(&l->log, " [%.*s=%.*s]", SLICE_FMT(h->fields[i].name),
			   SLICE_FMT(h->fields[i].value));
	buf_add_char(&l->log, '\n');
	CHECK_INT(l->heads++, l->ends);
	return l->answer;
}

static void on_bytes(struct listener *l, const char *kind, struct slice data)
{
	CHECK(data.len > 0);
	if (!l->in_body)
		note(l, kind);
	l->in_body = true;
	buf_add_slice(&l->log, data);
	buf_add_slice(&l->bodies, data);
}

static void on_body(void *ctx, struct slice data)
{
	on_bytes(ctx, "body ", data);
}

static void on_raw(void *ctx, struct slice data)
{
	on_bytes(ctx, "raw ", data);
}

static void on_hole(void *ctx, uint64_t len)
{
	struct listener *l = ctx;

	note(l, "hole ");
	buf_printf(&l->log, "%d\n", (int)len);
	while (len--)
		buf_add_char(&l->bodies, '?');
}

static void on_end(void *ctx, enum http_end how)
{
	static const char *const names[] = {
		[HTTP_END_COMPLETE] = "complete\n",
		[HTTP_END_CLOSED] = "closed\n",
		[HTTP_END_TRUNCATED] = "truncated\n",
		[HTTP_END_LOST] = "lost\n",
	};
	struct listener *l = ctx;

	note(l, names[how]);
	CHECK_INT(++l->ends, l->heads);
}

static void listen_to(struct http1 *h, struct listener *l, bool response, enum http_body answer)
{
	struct http_sink sink = {
		.ctx = l,
		.head = on_head,
		.body = on_body,
		.hole = on_hole,
		.end = on_end,
		.raw = on_raw,
	};

	*l = (struct listener){
		.log = BUF_INIT(LOG_MAX),
		.bodies = BUF_INIT(LOG_MAX),
		.answer = answer,
	};
	http1_init(h, response, &sink);
}

static void release(struct http1 *h, struct listener *l)
{
	CHECK_INT(l->ends, l->heads);
	http1_release(h);
	buf_release(&l->log);
	buf_release(&l->bodies);
}

#endif
