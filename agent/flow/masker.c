/* SPDX-License-Identifier: Apache-2.0 */
#include "masker.h"

#include "cleanup.h"
#include "conn.h"
#include "http1.h"
#include "mask.h"
#include "mask_h2.h"
#include "mask_ws.h"

#include <errno.h>

enum spoken { NOTHING_YET, HTTP1, HTTP2, WEBSOCKET, UNKNOWN };

struct masker_side {
	struct masker *masker;
	enum gentap_dir dir;
	bool whole;
	/* First bytes of a call, until they are enough to tell what it is. */
	char head[CONN_SNIFF_MAX];
	size_t head_len;
	uint64_t head_ns;
	/* HTTP/1 */
	bool begun; /* `mask` and `reader` know where they are */
	struct mask mask;
	struct http1 reader; /* tells where messages begin, and of upgrades */
	struct slice todo;   /* bytes that the reader is given, still to be masked */
	bool call_start;     /* of todo */
	const char *body_end;
	bool raw; /* todo is not HTTP any more */
	uint64_t now_ns;
};

struct masker {
	struct masker_sink sink;
	struct masker_side sides[2];
	enum spoken spoken;
	enum gentap_dir client; /* the direction of requests */
	enum spoken next;	/* after an upgrade */
	struct ws_extensions extensions;
	struct mask_h2 *h2;
	struct mask_ws *ws[2];
	char *scratch;
};

static void put_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	if (len)
		m->sink.hole(m->sink.ctx, dir, len, ts_ns);
}

/* Bytes that are nobody's. Once HTTP/1 is spoken, they are the rest of a message whose
 * head was not seen: that something passed is part of what a reader must know. */
static void put_nothing(struct masker *m, enum gentap_dir dir, size_t len, bool call_start,
			uint64_t ts_ns)
{
	if (m->spoken != HTTP1) {
		put_hole(m, dir, len, ts_ns);
		return;
	}
	memset(m->scratch, 0, MIN(len, (size_t)GENTAP_CHUNK_MAX));
	for (size_t n; len; len -= n) {
		n = MIN(len, (size_t)GENTAP_CHUNK_MAX);
		m->sink.data(m->sink.ctx, dir, (struct slice){ m->scratch, n }, call_start, ts_ns);
		call_start = false;
	}
}

/* ---- HTTP/1 ---------------------------------------------------------------------------- */

/* The next len bytes of what the reader was given. */
static void put_text(struct masker_side *s, size_t len)
{
	struct masker *m = s->masker;

	while (len) {
		struct slice part = slice_sub(s->todo, 0, MIN(len, (size_t)GENTAP_CHUNK_MAX));

		s->todo = slice_sub(s->todo, part.len, s->todo.len);
		len -= part.len;
		memcpy(m->scratch, part.data, part.len);
		mask_bytes(&s->mask, m->scratch, part.len);
		part.data = m->scratch;
		m->sink.data(m->sink.ctx, s->dir, part, s->call_start, s->now_ns);
		s->call_start = false;
	}
}

static enum http_body on_head(void *ctx, const struct http_head *head)
{
	struct masker_side *s = ctx;
	struct masker *m = s->masker;
	struct slice to = http_head_get(head, SLICE("upgrade"));

	s->body_end = NULL;
	if (head->status != 101)
		return HTTP_BODY_FRAMED;
	m->next = UNKNOWN;
	if (slice_eq_nocase(to, SLICE("h2c")))
		m->next = HTTP2;
	else if (slice_eq_nocase(to, SLICE("websocket")) &&
		 !ws_extensions_parse(http_head_get(head, SLICE("sec-websocket-extensions")),
				      &m->extensions))
		m->next = WEBSOCKET;
	return HTTP_BODY_RAW;
}

static void on_body(void *ctx, struct slice data)
{
	((struct masker_side *)ctx)->body_end = data.data + data.len;
}

static void on_hole(void *ctx, uint64_t len)
{
	(void)ctx, (void)len;
}

/* A body whose length was given need not end with its line; a chunked one does. Without
 * anything to do, it was a hole that ended the message. */
static void on_end(void *ctx, enum http_end how)
{
	struct masker_side *s = ctx;

	if (s->body_end)
		put_text(s, (size_t)(s->body_end - s->todo.data));
	if (how == HTTP_END_COMPLETE && (s->body_end || !s->todo.len))
		mask_message(&s->mask);
	s->body_end = NULL;
}

/* All that comes behind an upgrade in what is being read. */
static void on_raw(void *ctx, struct slice data)
{
	struct masker_side *s = ctx;

	if (!s->raw)
		put_text(s, (size_t)(data.data - s->todo.data));
	s->raw = true;
}

static void read_http1(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		       uint64_t ts_ns)
{
	struct masker_side *s = &m->sides[dir];

	if (http1_lost(&s->reader) && call_start && data.len >= 8 &&
	    http1_plausible_head(dir != m->client, data.data, data.len)) {
		http1_resync(&s->reader);
		mask_message(&s->mask);
	}
	s->todo = data;
	s->call_start = call_start;
	s->now_ns = ts_ns;
	http1_feed(&s->reader, data.data, data.len);
	if (!s->raw)
		put_text(s, s->todo.len);
	s->body_end = NULL;
}

/* ---- Which protocol? ------------------------------------------------------------------- */

static void open_h2(struct masker *m, bool upgraded)
{
	m->h2 = malloc(sizeof(*m->h2));
	if (!m->h2) {
		m->spoken = UNKNOWN;
		return;
	}
	mask_h2_init(m->h2, &m->sink);
	if (upgraded) {
		if (mask_h2_upgrade(m->h2, m->client))
			m->spoken = UNKNOWN;
		return;
	}
	for (int dir = 0; dir < 2; dir++)
		if (!m->sides[dir].whole)
			mask_h2_join(m->h2, dir);
}

static void open_ws(struct masker *m)
{
	for (int dir = 0; dir < 2; dir++) {
		m->ws[dir] = malloc(sizeof(*m->ws[dir]));
		if (!m->ws[dir]) {
			m->spoken = UNKNOWN;
			return;
		}
		mask_ws_init(m->ws[dir], dir, dir == (int)m->client, &m->extensions, &m->sink);
	}
}

static void open_http1(struct masker *m)
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

static void follow_upgrade(struct masker *m)
{
	m->spoken = m->next;
	m->next = NOTHING_YET;
	if (m->spoken == HTTP2)
		open_h2(m, true);
	else if (m->spoken == WEBSOCKET)
		open_ws(m);
}

static void read_on(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		    uint64_t ts_ns);

static void drop_head(struct masker *m, enum gentap_dir dir)
{
	struct masker_side *s = &m->sides[dir];

	put_nothing(m, dir, s->head_len, true, s->head_ns);
	s->head_len = 0;
}

static void read_head(struct masker *m, enum gentap_dir dir)
{
	struct masker_side *s = &m->sides[dir];
	size_t len = s->head_len;

	s->head_len = 0;
	if (len)
		read_on(m, dir, (struct slice){ s->head, len }, true, s->head_ns);
}

/* Adds to the bytes to judge by and tells how many of data that took. */
static size_t collect(struct masker_side *s, struct slice data, uint64_t ts_ns)
{
	size_t taken = MIN(data.len, CONN_SNIFF_MAX - s->head_len);

	if (!s->head_len)
		s->head_ns = ts_ns;
	memcpy(s->head + s->head_len, data.data, taken);
	s->head_len += taken;
	return taken;
}

static enum sniff ask(const struct masker *m, enum gentap_dir dir, const struct conn_proto **ret)
{
	const struct masker_side *s = &m->sides[dir];
	const struct slice head = { s->head, s->head_len };

	/* The other direction has told already. */
	if (m->spoken == HTTP1) {
		*ret = &http1_proto;
		return http1_proto.sniff(head);
	}
	return conn_sniff(head, ret);
}

static void open_proto(struct masker *m, enum gentap_dir dir, const struct conn_proto *proto,
		       bool request)
{
	struct masker_side *s = &m->sides[dir], *other = &m->sides[!dir];

	if (m->spoken == HTTP1) {
		s->begun = true;
		mask_init(&s->mask);
		http1_resync(&s->reader);
		read_head(m, dir);
		return;
	}
	m->client = request ? dir : !dir;
	m->spoken = proto == &http2_proto ? HTTP2 : HTTP1;
	if (m->spoken == HTTP2)
		open_h2(m, false);
	else
		open_http1(m);
	if (other->head_len && other->head_ns < s->head_ns)
		read_head(m, !dir);
	read_head(m, dir);
	read_head(m, !dir);
}

/* The rule of conn.c: the first bytes of a direction, or those of a call. */
static void sniff(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		  uint64_t ts_ns)
{
	struct masker_side *s = &m->sides[dir];
	const struct conn_proto *proto;
	bool more = s->head_len;
	enum sniff answer;
	size_t taken;

	if (!more && !call_start && !s->whole) {
		put_nothing(m, dir, data.len, false, ts_ns);
		return;
	}
	taken = collect(s, data, ts_ns);
	answer = ask(m, dir, &proto);
	if (answer == SNIFF_NO && more && call_start) {
		s->head_len -= taken;
		drop_head(m, dir);
		taken = collect(s, data, ts_ns);
		answer = ask(m, dir, &proto);
	}
	if (answer == SNIFF_MORE)
		return;
	data = slice_sub(data, taken, data.len);
	if (answer == SNIFF_NO) {
		drop_head(m, dir);
		put_nothing(m, dir, data.len, false, ts_ns);
		if (m->spoken == NOTHING_YET) {
			drop_head(m, !dir);
			m->sides[0].whole = m->sides[1].whole = false;
		}
		return;
	}
	open_proto(m, dir, proto, answer == SNIFF_REQUEST);
	if (data.len)
		read_on(m, dir, data, false, ts_ns);
}

/* ---- From the recorder ----------------------------------------------------------------- */

static void read_on(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		    uint64_t ts_ns)
{
	switch (m->spoken) {
	case NOTHING_YET:
		sniff(m, dir, data, call_start, ts_ns);
		break;
	case HTTP1:
		if (!m->sides[dir].begun) {
			sniff(m, dir, data, call_start, ts_ns);
			break;
		}
		read_http1(m, dir, data, call_start, ts_ns);
		if (m->next == NOTHING_YET)
			break;
		follow_upgrade(m);
		if (m->sides[dir].todo.len)
			read_on(m, dir, m->sides[dir].todo, false, ts_ns);
		break;
	case HTTP2:
		mask_h2_data(m->h2, dir, data, call_start, ts_ns);
		break;
	case WEBSOCKET:
		mask_ws_data(m->ws[dir], data, call_start, ts_ns);
		break;
	case UNKNOWN:
		put_hole(m, dir, data.len, ts_ns);
		break;
	}
}

void masker_join(struct masker *m, enum gentap_dir dir)
{
	m->sides[dir].whole = false;
}

void masker_data(struct masker *m, enum gentap_dir dir, struct slice data, bool call_start,
		 uint64_t ts_ns)
{
	read_on(m, dir, data, call_start, ts_ns);
}

void masker_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	drop_head(m, dir);
	m->sides[dir].whole = false;
	switch (m->spoken) {
	case HTTP1:
		mask_hole(&m->sides[dir].mask);
		http1_hole(&m->sides[dir].reader, len);
		put_hole(m, dir, len, ts_ns);
		break;
	case HTTP2:
		mask_h2_hole(m->h2, dir, len, ts_ns);
		break;
	case WEBSOCKET:
		mask_ws_hole(m->ws[dir], len, ts_ns);
		break;
	case NOTHING_YET:
	case UNKNOWN:
		put_hole(m, dir, len, ts_ns);
		break;
	}
}

int masker_new(struct masker **ret, char *scratch, const struct masker_sink *sink)
{
	struct masker *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->sink = *sink;
	m->scratch = scratch;
	for (int dir = 0; dir < 2; dir++) {
		m->sides[dir].masker = m;
		m->sides[dir].dir = dir;
		m->sides[dir].whole = true;
	}
	*ret = m;
	return 0;
}

void masker_free(struct masker *m)
{
	if (!m)
		return;
	drop_head(m, GENTAP_WRITE);
	drop_head(m, GENTAP_READ);
	if (m->h2)
		mask_h2_release(m->h2);
	free(m->h2);
	for (int dir = 0; dir < 2; dir++) {
		if (m->ws[dir])
			mask_ws_release(m->ws[dir]);
		free(m->ws[dir]);
		http1_release(&m->sides[dir].reader);
	}
	free(m);
}
