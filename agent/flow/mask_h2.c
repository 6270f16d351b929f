/* SPDX-License-Identifier: Apache-2.0 */
#include "mask_h2.h"

#include "cleanup.h"
#include "mask.h"
#include "mask_block.h"
#include "mask_ws.h"

#define OUT_MAX (8 * 1024 * 1024) /* of one record, or of what resync has held back */
#define OUT_KEEP 32768
#define BLOCK_MAX (2 * HTTP_HEAD_MAX)

struct mask_h2_stream {
	struct mask_h2 *m;
	uint32_t id;
	struct gated *gated; /* NULL: its request was not seen */
	struct mask masks[2];
	bool coded[2]; /* the body is no text */
	bool ended[2];
	bool websocket; /* asked for (RFC 8441), by this direction: */
	enum gentap_dir client;
	struct mask_ws *ws[2]; /* agreed to: the body is its frames */
};

static void stream_free(void *value)
{
	struct mask_h2_stream *s = value;

	for (int dir = 0; s && dir < 2; dir++) {
		if (s->ws[dir])
			mask_ws_release(s->ws[dir]);
		free(s->ws[dir]);
	}
	if (s)
		gated_unref(s->gated);
	free(s);
}

/* ---- Output -------------------------------------------------------------------------- */

static void flush(struct mask_h2 *m, enum gentap_dir dir)
{
	struct slice out = buf_slice(&m->out);

	if (buf_error(&m->out)) {
		/* Whatever is missing, a reader must not go on as if nothing was. */
		m->no_memory++;
		gate_hole(m->gate, dir, out.len + 1, m->now_ns);
	} else if (out.len) {
		gate_data(m->gate, dir, out, m->call_start, m->now_ns);
		m->call_start = false;
	}
	buf_reset(&m->out, OUT_KEEP);
}

static void put_hole(struct mask_h2 *m, enum gentap_dir dir, uint64_t len)
{
	flush(m, dir);
	gate_hole(m->gate, dir, len, m->now_ns);
}

static void put_fill(struct mask_h2 *m, char fill, size_t len)
{
	char *to = buf_reserve(&m->out, len);

	if (!to)
		return;
	memset(to, fill, len);
	buf_commit(&m->out, len);
}

static void put_frame(struct mask_h2 *m, const struct h2_frame *f)
{
	const char header[H2_FRAME_HEADER] = {
		(char)(f->length >> 16), (char)(f->length >> 8), (char)f->length,
		(char)f->type,		 (char)f->flags,	 (char)(f->stream >> 24),
		(char)(f->stream >> 16), (char)(f->stream >> 8), (char)f->stream,
	};

	buf_add(&m->out, header, sizeof(header));
}

/* ---- Field blocks -------------------------------------------------------------------- */

static void put_block(struct mask_h2 *m, const struct h2_block *b)
{
	_cleanup_(buf_cleanup) struct buf block = BUF_INIT(BLOCK_MAX);
	struct slice rest;
	struct h2_frame f = { .stream = b->stream, .type = H2_HEADERS };

	mask_block(&block, b);
	if (buf_error(&block)) {
		m->out.error = buf_error(&block);
		return;
	}
	f.flags = b->ends_stream ? H2_END_STREAM : 0;
	for (rest = buf_slice(&block);; f.type = H2_CONTINUATION, f.flags = 0) {
		struct slice part = slice_sub(rest, 0, H2_FRAME_DEFAULT);

		f.length = (uint32_t)part.len;
		if (part.len == rest.len)
			f.flags |= H2_END_HEADERS;
		put_frame(m, &f);
		buf_add_slice(&m->out, part);
		rest = slice_sub(rest, part.len, rest.len);
		if (!rest.len)
			return;
	}
}

/* ---- Streams ------------------------------------------------------------------------- */

/* NULL without memory. */
static struct mask_h2_stream *find_stream(struct mask_h2 *m, uint32_t id)
{
	struct mask_h2_stream *s = table_get(&m->streams, &id, sizeof(id));

	if (s)
		return s;
	if (m->streams.count == m->streams.max)
		stream_free(table_take_oldest(&m->streams));
	s = calloc(1, sizeof(*s));
	if (!s || table_add(&m->streams, &id, sizeof(id), s)) {
		free(s);
		return NULL;
	}
	s->m = m;
	s->id = id;
	mask_init(&s->masks[0]);
	mask_init(&s->masks[1]);
	return s;
}

static void end_half(struct mask_h2 *m, int dir, uint32_t id)
{
	struct mask_h2_stream *s = table_get(&m->streams, &id, sizeof(id));

	if (!s)
		return;
	s->ended[dir] = true;
	if (s->ended[!dir])
		stream_free(table_take(&m->streams, &id, sizeof(id)));
}

static void learn_coding(struct mask_h2_stream *s, int dir, const struct h2_block *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		s->coded[dir] |= slice_eq(b->fields[i].name, SLICE("content-encoding")) &&
				 !slice_eq_nocase(b->fields[i].value, SLICE("identity"));
}

/* ---- WebSocket on a stream (RFC 8441) ---------------------------------------------------- */

static void masked_data(void *ctx, enum gentap_dir dir, struct slice data, bool call_start,
			uint64_t ts_ns)
{
	struct mask_h2_stream *s = ctx;

	(void)dir, (void)call_start, (void)ts_ns;
	for (size_t at = 0; at < data.len; at += H2_FRAME_DEFAULT) {
		struct slice part = slice_sub(data, at, H2_FRAME_DEFAULT);

		put_frame(s->m, &(struct h2_frame){ .length = (uint32_t)part.len,
						    .type = H2_DATA,
						    .stream = s->id });
		buf_add_slice(&s->m->out, part);
	}
}

static void masked_hole(void *ctx, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	struct mask_h2_stream *s = ctx;

	(void)ts_ns;
	len = MIN(len, (uint64_t)H2_FRAME_DEFAULT);
	put_frame(s->m,
		  &(struct h2_frame){ .length = (uint32_t)len, .type = H2_DATA, .stream = s->id });
	put_hole(s->m, dir, len);
}

static struct slice get_field(const struct h2_block *b, struct slice name)
{
	for (size_t i = 0; i < b->n_fields; i++)
		if (slice_eq(b->fields[i].name, name))
			return b->fields[i].value;
	return SLICE_NONE;
}

static void open_websocket(struct mask_h2_stream *s, const struct h2_block *b)
{
	const struct masker_sink sink = { s, masked_data, masked_hole };
	struct ws_extensions extensions;

	if (ws_extensions_parse(get_field(b, SLICE("sec-websocket-extensions")), &extensions))
		return;
	for (int dir = 0; dir < 2; dir++) {
		s->ws[dir] = malloc(sizeof(*s->ws[dir]));
		if (!s->ws[dir])
			return;
		mask_ws_init(s->ws[dir], dir, dir == (int)s->client, &extensions, &sink);
	}
}

static void learn_websocket(struct mask_h2_stream *s, int dir, const struct h2_block *b)
{
	if (slice_eq_nocase(get_field(b, SLICE(":protocol")), SLICE("websocket"))) {
		s->websocket = true;
		s->client = dir;
	} else if (s->websocket && dir != (int)s->client && !s->ws[0] &&
		   gated_fate(s->gated, GATE_RESPONSE) == GATE_KEPT &&
		   slice_starts(get_field(b, SLICE(":status")), SLICE("2"))) {
		open_websocket(s, b);
	}
}

/* The stream, when its body in this direction is not written as it came. */
static struct mask_h2_stream *find_websocket(struct mask_h2 *m, const struct h2_frame *f)
{
	struct mask_h2_stream *s =
		f->type == H2_DATA ? table_get(&m->streams, &f->stream, sizeof(f->stream)) : NULL;

	return s && s->websocket && s->ws[0] ? s : NULL;
}

/* So many more bytes of a frame whose header was not written. */
static void pass_websocket(struct mask_h2 *m, int dir, const struct h2_frame *f, uint64_t len)
{
	m->unwritten[dir] -= MIN(len, m->unwritten[dir]);
	if (!m->unwritten[dir] && f->flags & H2_END_STREAM)
		put_frame(m, &(struct h2_frame){ .type = H2_DATA,
						 .flags = H2_END_STREAM,
						 .stream = f->stream });
}

/* ---- What is read -------------------------------------------------------------------- */

static bool is_of_block(const struct h2_frame *f)
{
	return f->type == H2_HEADERS || f->type == H2_CONTINUATION || f->type == H2_PUSH_PROMISE;
}

static void tap_frame(void *ctx, int dir, const struct h2_frame *f)
{
	struct mask_h2 *m = ctx;

	if (m->ending[dir])
		end_half(m, dir, m->ending[dir]);
	m->ending[dir] = f->type == H2_DATA && f->flags & H2_END_STREAM ? f->stream : 0;
	if (is_of_block(f))
		return;
	if (find_websocket(m, f)) {
		m->unwritten[dir] = f->length;
		pass_websocket(m, dir, f, 0);
		return;
	}
	put_frame(m, f);
	if (f->type == H2_RST_STREAM)
		stream_free(table_take(&m->streams, &f->stream, sizeof(f->stream)));
}

static enum gate_part part_of(const struct mask_h2 *m, int dir)
{
	return dir == m->h2.client ? GATE_REQUEST : GATE_RESPONSE;
}

static void put_body(struct mask_h2 *m, int dir, const struct h2_frame *f, struct slice data)
{
	struct mask_h2_stream *s = find_stream(m, f->stream);
	enum gate_fate fate = s ? gated_fate(s->gated, part_of(m, dir)) : GATE_DROPPED;
	size_t at;

	/* A WebSocket that was not agreed to, or not understood, may hide anything. */
	if (!s || s->websocket || fate == GATE_DROPPED) {
		put_fill(m, 'x', data.len);
		return;
	}
	if (fate == GATE_HELD)
		flush(m, dir);
	at = m->out.len;
	buf_add_slice(&m->out, data);
	if (buf_error(&m->out))
		return;
	if (!s->coded[dir])
		mask_bytes(&s->masks[dir], m->out.data + at, data.len);
	if (fate == GATE_KEPT)
		return;
	gate_body(m->gate, dir, m->out.data, m->out.len, m->call_start, m->now_ns, s->gated,
		  part_of(m, dir));
	m->call_start = false;
	buf_reset(&m->out, OUT_KEEP);
}

static void put_content(struct mask_h2 *m, int dir, const struct h2_frame *f, struct slice data)
{
	switch (f->type) {
	case H2_DATA:
		put_body(m, dir, f, data);
		break;
	case H2_PRIORITY:
	case H2_RST_STREAM:
	case H2_SETTINGS:
	case H2_WINDOW_UPDATE:
		buf_add_slice(&m->out, data);
		break;
	default:
		put_fill(m, 'x', data.len);
		break;
	}
}

static void tap_part(void *ctx, int dir, const struct h2_frame *f, enum h2_part part,
		     struct slice data)
{
	struct mask_h2 *m = ctx;
	struct mask_h2_stream *s = f ? find_websocket(m, f) : NULL;

	if (f && is_of_block(f))
		return;
	if (s) {
		if (part == H2_PART_CONTENT && s->ws[dir])
			mask_ws_data(s->ws[dir], data, true, m->now_ns);
		pass_websocket(m, dir, f, data.len);
		return;
	}
	if (part == H2_PART_CONTENT)
		put_content(m, dir, f, data);
	else if (part == H2_PART_PADDING)
		put_fill(m, '\0', data.len);
	else
		buf_add_slice(&m->out, data);
}

static void tap_block(void *ctx, int dir, const struct h2_block *b)
{
	struct mask_h2 *m = ctx;
	struct mask_h2_stream *s;

	if (b->pushed)
		return;
	put_block(m, b);
	s = find_stream(m, b->stream);
	if (s) {
		learn_coding(s, dir, b);
		learn_websocket(s, dir, b);
	}
	if (b->ends_stream)
		end_half(m, dir, b->stream);
}

static void tap_hole(void *ctx, int dir, const struct h2_frame *f, uint64_t len)
{
	struct mask_h2 *m = ctx;
	struct mask_h2_stream *s;

	if (is_of_block(f)) {
		/* The block will not be readable; here a frame stands for what is missing. */
		const struct h2_frame gap = { .length = (uint32_t)len, .type = UINT8_MAX };

		put_frame(m, &gap);
		put_hole(m, dir, len);
		return;
	}
	s = find_websocket(m, f);
	if (s) {
		if (s->ws[dir])
			mask_ws_hole(s->ws[dir], len, m->now_ns);
		pass_websocket(m, dir, f, len);
		return;
	}
	s = f->type == H2_DATA ? find_stream(m, f->stream) : NULL;
	if (s)
		mask_hole(&s->masks[dir]);
	put_hole(m, dir, len);
}

static void tap_lost(void *ctx, int dir, uint64_t len)
{
	struct mask_h2 *m = ctx;

	put_hole(m, dir, len ? len : 1);
}

static void tap_found(void *ctx, int dir, uint64_t skipped)
{
	struct mask_h2 *m = ctx;

	if (skipped)
		put_hole(m, dir, skipped);
	m->call_start = true;
}

/* ---- From the recorder --------------------------------------------------------------- */

static void on_head(void *ctx, struct h2_stream *h, int dir, const struct http_head *head)
{
	struct mask_h2 *m = ctx;
	struct mask_h2_stream *s;

	(void)dir;
	if (!h->user)
		h->user = gated_new(m->h2.client == GENTAP_READ);
	s = h->user ? find_stream(m, h->id) : NULL;
	if (s && !s->gated)
		s->gated = gated_ref(h->user);
	gated_head(m->gate, h->user, head, m->now_ns);
}

static void on_body(void *ctx, struct h2_stream *h, int dir, struct slice data)
{
	struct mask_h2 *m = ctx;

	gated_body(m->gate, h->user, part_of(m, dir), data, m->now_ns);
}

static void on_hole(void *ctx, struct h2_stream *h, int dir, uint64_t len)
{
	struct mask_h2 *m = ctx;

	gated_hole(m->gate, h->user, part_of(m, dir), len);
}

static void on_end(void *ctx, struct h2_stream *h, int dir, enum http_end how)
{
	struct mask_h2 *m = ctx;

	gated_end(m->gate, h->user, part_of(m, dir), how, m->now_ns);
}

static void on_closed(void *ctx, struct h2_stream *h)
{
	struct mask_h2 *m = ctx;
	struct gated *x = TAKE(h->user);

	gated_give_up(m->gate, x);
	gated_unref(x);
}

void mask_h2_init(struct mask_h2 *m, struct gate *gate)
{
	const struct h2_sink sink = { m, on_head, NULL, on_body, on_hole, on_end, on_closed };

	*m = (struct mask_h2){
		.tap = { m, tap_frame, tap_part, tap_block, tap_hole, tap_lost, tap_found },
		.gate = gate,
		.out = BUF_INIT(OUT_MAX),
	};
	h2_init(&m->h2, H2_ROLE_UNKNOWN, &sink);
	m->h2.tap = &m->tap;
	table_init(&m->streams, H2_STREAMS_MAX);
}

void mask_h2_join(struct mask_h2 *m, enum gentap_dir dir)
{
	h2_join(&m->h2, dir);
}

int mask_h2_upgrade(struct mask_h2 *m, enum gentap_dir client, struct gated *x)
{
	int r = h2_upgrade(&m->h2, client, SLICE_NONE, gated_ref(x));

	if (r)
		gated_unref(x);
	return r;
}

void mask_h2_release(struct mask_h2 *m)
{
	h2_release(&m->h2);
	table_release(&m->streams, stream_free);
	buf_release(&m->out);
}

void mask_h2_data(struct mask_h2 *m, enum gentap_dir dir, struct slice data, bool call_start,
		  uint64_t ts_ns)
{
	m->now_ns = ts_ns;
	m->call_start = call_start;
	if (call_start)
		h2_mark(&m->h2, dir, data.len);
	h2_feed(&m->h2, dir, data.data, data.len);
	flush(m, dir);
}

void mask_h2_hole(struct mask_h2 *m, enum gentap_dir dir, uint64_t len, uint64_t ts_ns)
{
	m->now_ns = ts_ns;
	m->call_start = false;
	h2_hole(&m->h2, dir, len);
	flush(m, dir);
}
