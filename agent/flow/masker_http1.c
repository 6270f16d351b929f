/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 for the masker: bytes stay where they are. */
#include "masker_impl.h"

#include "cleanup.h"

#include <string.h>

static enum gate_part part_of(const struct masker_side *s)
{
	return s->dir == s->masker->client ? GATE_REQUEST : GATE_RESPONSE;
}

/* The next len bytes of what the reader was given. */
static void put_text(struct masker_side *s, size_t len, bool body)
{
	struct masker *m = s->masker;
	char *scratch = m->gate.context->scratch;

	while (len) {
		struct slice part = slice_sub(s->todo, 0, MIN(len, (size_t)GENTAP_CHUNK_MAX));

		s->todo = slice_sub(s->todo, part.len, s->todo.len);
		len -= part.len;
		memcpy(scratch, part.data, part.len);
		mask_bytes(&s->mask, scratch, part.len);
		part.data = scratch;
		if (body)
			gate_body(&m->gate, s->dir, scratch, part.len, s->call_start, s->now_ns,
				  s->now, part_of(s));
		else
			gate_data(&m->gate, s->dir, part, s->call_start, s->now_ns);
		s->call_start = false;
	}
}

static void leave(struct masker *m, struct gated *x)
{
	gated_give_up(&m->gate, x);
	gated_unref(x);
}

static void forget_asked(struct masker *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		leave(m, m->asked[i]);
	m->n_asked -= n;
	memmove(m->asked, m->asked + n, m->n_asked * sizeof(m->asked[0]));
}

static void begin_request(struct masker_side *s)
{
	struct masker *m = s->masker;

	gated_unref(s->now);
	s->now = gated_new(m->client == GENTAP_READ);
	if (m->n_asked == MASKER_ASKED_MAX)
		forget_asked(m, 1);
	m->asked[m->n_asked++] = gated_ref(s->now);
	m->pipelined |= m->n_asked > 1;
}

/* The oldest that is owed one, unless something is missing and order proves nothing. One whose
 * request was not seen has to show by itself what it is. */
static void begin_response(struct masker_side *s)
{
	struct masker *m = s->masker;

	leave(m, s->now);
	if (m->lossy && m->pipelined)
		forget_asked(m, m->n_asked);
	if (!m->n_asked) {
		s->now = gated_new(m->client == GENTAP_READ);
		return;
	}
	s->now = m->asked[0];
	m->asked[0] = NULL;
	forget_asked(m, 1);
}

static enum http_body on_head(void *ctx, const struct http_head *head)
{
	struct masker_side *s = ctx;
	struct masker *m = s->masker;
	struct slice to = http_head_get(head, SLICE("upgrade"));

	s->body = false;
	if (head->response)
		begin_response(s);
	else
		begin_request(s);
	gated_head(&m->gate, s->now, head, s->now_ns);
	if (head->response && head->status != 101 && s->now && s->now->head_only)
		return HTTP_BODY_NONE;
	if (head->status != 101)
		return HTTP_BODY_FRAMED;
	m->next = UNKNOWN;
	if (slice_eq_nocase(to, SLICE("h2c")))
		m->next = HTTP2;
	else if (slice_eq_nocase(to, SLICE("websocket")) &&
		 gated_fate(s->now, GATE_RESPONSE) == GATE_KEPT &&
		 !ws_extensions_parse(http_head_get(head, SLICE("sec-websocket-extensions")),
				      &m->extensions))
		m->next = WEBSOCKET;
	return HTTP_BODY_RAW;
}

static void on_body(void *ctx, struct slice data)
{
	struct masker_side *s = ctx;

	s->body = true;
	put_text(s, (size_t)(data.data - s->todo.data), false);
	gated_body(&s->masker->gate, s->now, part_of(s), data, s->now_ns);
	put_text(s, data.len, true);
}

static void on_hole(void *ctx, uint64_t len)
{
	struct masker_side *s = ctx;

	gated_hole(&s->masker->gate, s->now, part_of(s), len);
}

/* A body whose length was given need not end with its line; a chunked one does. Without
 * anything to do, it was a hole that ended the message. */
static void on_end(void *ctx, enum http_end how)
{
	struct masker_side *s = ctx;

	gated_end(&s->masker->gate, s->now, part_of(s), how, s->now_ns);
	if (how == HTTP_END_COMPLETE && (s->body || !s->todo.len))
		mask_message(&s->mask);
	s->body = false;
}

/* All that comes behind an upgrade in what is being read. */
static void on_raw(void *ctx, struct slice data)
{
	struct masker_side *s = ctx;

	if (!s->raw)
		put_text(s, (size_t)(data.data - s->todo.data), false);
	s->raw = true;
}

/* It is to find a message again, by its first bytes. After a loss of answers the next one is that
 * of the latest request (pairing.h). */
static void lose(struct masker *m, enum gentap_dir dir)
{
	struct masker_side *s = &m->sides[dir];

	m->lossy = true;
	if (dir != m->client && m->n_asked)
		forget_asked(m, m->n_asked - 1);
	s->begun = s->whole = false;
	s->again = true;
}

void masker_read_http1(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		       uint64_t ts_ns)
{
	struct masker_side *s = &m->sides[dir];

	s->todo = data;
	s->call_start = call_start;
	s->now_ns = ts_ns;
	http1_feed(&s->reader, data.data, data.len);
	if (!s->raw && http1_lost(&s->reader)) {
		masker_put_nothing(m, dir, s->todo.len, s->call_start, ts_ns);
		lose(m, dir);
	} else if (!s->raw) {
		put_text(s, s->todo.len, false);
	}
}

void masker_open_http1(struct masker *m)
{
	const struct http_sink sink = { NULL, on_head, on_body, on_hole, on_end, on_raw };

	for (int dir = 0; dir < 2; dir++) {
		struct masker_side *s = &m->sides[dir];

		http1_init(&s->reader, dir != (int)m->client, &sink);
		s->reader.sink.ctx = s;
		s->begun = s->whole;
		mask_init(&s->mask);
	}
}

void masker_http1_begin(struct masker_side *s)
{
	s->begun = true;
	/* A secret may go on where it looks like a message. */
	if (s->again)
		mask_message(&s->mask);
	else
		mask_init(&s->mask);
	http1_resync(&s->reader);
}

void masker_http1_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct masker_side *s = &m->sides[dir];

	mask_hole(&s->mask);
	s->now_ns = ts_ns;
	http1_hole(&s->reader, len);
	masker_put_hole(m, dir, len, ts_ns);
	if (http1_lost(&s->reader))
		lose(m, dir);
}

/* An answer may be over with its connection. */
static void end_side(struct masker_side *s)
{
	if (s->masker->spoken == HTTP1 && s->begun)
		http1_eof(&s->reader);
	http1_release(&s->reader);
	leave(s->masker, s->now);
}

void masker_end_http1(struct masker *m)
{
	end_side(&m->sides[m->client]);
	end_side(&m->sides[!m->client]);
	forget_asked(m, m->n_asked);
}
