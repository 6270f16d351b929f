/* SPDX-License-Identifier: Apache-2.0 */
#include "masker.h"

#include "cleanup.h"
#include "conn.h"
#include "mask_h2.h"
#include "mask_ws.h"
#include "masker_impl.h"

#include <errno.h>

void masker_put_hole(struct masker *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	if (len)
		gate_hole(&m->gate, dir, len, ts_ns);
}

void masker_put_nothing(struct masker *m, enum gentap_dir dir, size_t len, bool call_start,
			uint64_t ts_ns)
{
	if (m->spoken != HTTP1) {
		masker_put_hole(m, dir, len, ts_ns);
		return;
	}
	memset(m->gate.context->scratch, 0, MIN(len, (size_t)GENTAP_CHUNK_MAX));
	for (size_t n; len; len -= n) {
		n = MIN(len, (size_t)GENTAP_CHUNK_MAX);
		gate_data(&m->gate, dir, (struct slice){ m->gate.context->scratch, n }, call_start,
			  ts_ns);
		call_start = false;
	}
}

/* ---- Which protocol? ------------------------------------------------------------------- */

static void open_h2(struct masker *m, bool upgraded)
{
	m->h2 = malloc(sizeof(*m->h2));
	if (!m->h2) {
		m->spoken = UNKNOWN;
		return;
	}
	mask_h2_init(m->h2, &m->gate);
	if (upgraded) {
		if (mask_h2_upgrade(m->h2, m->client, m->sides[!m->client].now))
			m->spoken = UNKNOWN;
		return;
	}
	for (int dir = 0; dir < 2; dir++)
		if (!m->sides[dir].whole)
			mask_h2_join(m->h2, dir);
}

static void put_ws_data(void *ctx, enum gentap_dir dir, struct slice data, bool call_start,
			uint64_t ts_ns)
{
	gate_data(&((struct masker *)ctx)->gate, dir, data, call_start, ts_ns);
}

static void put_ws_hole(void *ctx, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	gate_hole(&((struct masker *)ctx)->gate, dir, len, ts_ns);
}

static void open_ws(struct masker *m)
{
	const struct masker_sink sink = { m, put_ws_data, put_ws_hole };

	for (int dir = 0; dir < 2; dir++) {
		m->ws[dir] = malloc(sizeof(*m->ws[dir]));
		if (!m->ws[dir]) {
			m->spoken = UNKNOWN;
			return;
		}
		mask_ws_init(m->ws[dir], dir, dir == (int)m->client, &m->extensions, &sink);
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

	masker_put_nothing(m, dir, s->head_len, true, s->head_ns);
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
		masker_http1_begin(s);
		read_head(m, dir);
		return;
	}
	m->client = request ? dir : !dir;
	m->spoken = proto == &http2_proto ? HTTP2 : HTTP1;
	if (m->spoken == HTTP2)
		open_h2(m, false);
	else
		masker_open_http1(m);
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
		masker_put_nothing(m, dir, data.len, false, ts_ns);
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
		masker_put_nothing(m, dir, data.len, false, ts_ns);
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
		masker_read_http1(m, dir, data, call_start, ts_ns);
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
		masker_put_hole(m, dir, data.len, ts_ns);
		break;
	}
}

void masker_join(struct masker *m, enum gentap_dir dir)
{
	m->sides[dir].whole = false;
	m->lossy = true;
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
	m->lossy |= m->spoken == NOTHING_YET;
	switch (m->spoken) {
	case HTTP1:
		masker_http1_hole(m, dir, len, ts_ns);
		break;
	case HTTP2:
		mask_h2_hole(m->h2, dir, len, ts_ns);
		break;
	case WEBSOCKET:
		mask_ws_hole(m->ws[dir], len, ts_ns);
		break;
	case NOTHING_YET:
	case UNKNOWN:
		masker_put_hole(m, dir, len, ts_ns);
		break;
	}
}

int masker_new(struct masker **ret, struct masker_context *context, uint32_t tgid,
	       const struct masker_sink *sink)
{
	struct masker *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	gate_init(&m->gate, sink, context, tgid);
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
	}
	masker_end_http1(m);
	gate_release(&m->gate);
	free(m);
}
