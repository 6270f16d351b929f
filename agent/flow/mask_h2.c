/* SPDX-License-Identifier: Apache-2.0 */
#include "mask_h2.h"

#include "cleanup.h"
#include "mask.h"

#define OUT_MAX (8 * 1024 * 1024) /* of one record, or of what resync has held back */
#define OUT_KEEP 32768
#define FIELD_MAX (HTTP_HEAD_MAX + 64)
/* RFC 7541: a reference to the first entry of a table that is empty, and to none. */
#define NO_SUCH_ENTRY "\xbe"
#define NO_ENTRY "\x80"

struct mask_h2_stream {
	struct mask masks[2];
	bool coded[2]; /* the body is no text */
	bool ended[2];
};

/* ---- Output -------------------------------------------------------------------------- */

static void flush(struct mask_h2 *m, enum gentap_dir dir)
{
	struct slice out = buf_slice(&m->out);

	if (buf_error(&m->out)) {
		/* Whatever is missing, a reader must not go on as if nothing was. */
		m->no_memory++;
		m->sink.hole(m->sink.ctx, dir, out.len + 1, m->now_ns);
	} else if (out.len) {
		m->sink.data(m->sink.ctx, dir, out, m->call_start, m->now_ns);
		m->call_start = false;
	}
	buf_reset(&m->out, OUT_KEEP);
}

static void put_hole(struct mask_h2 *m, enum gentap_dir dir, uint64_t len)
{
	flush(m, dir);
	m->sink.hole(m->sink.ctx, dir, len, m->now_ns);
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

/* RFC 7541, section 5.1, behind a first byte whose other bits are 0. */
static void put_length(struct buf *to, size_t n, unsigned int prefix_bits)
{
	size_t limit = ((size_t)1 << prefix_bits) - 1;

	if (n < limit) {
		buf_add_char(to, (char)n);
		return;
	}
	buf_add_char(to, (char)limit);
	for (n -= limit; n >= 128; n >>= 7)
		buf_add_char(to, (char)(n | 128));
	buf_add_char(to, (char)n);
}

static bool is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", name.data[i]) ||
		    !name.data[i])
			return false;
	return true;
}

/* Reads the value as part of a head of HTTP/1, which the rules of secrets are made for. */
static void mask_value(struct slice name, char *value, size_t len)
{
	char before[MASK_WORD_MAX * 2 + 4] = "x: ";
	size_t n = strlen(before);
	struct mask mask;

	if ((name.data[0] != ':' && !is_field_name(name)) || memchr(value, '\n', len)) {
		memset(value, 'x', len);
		return;
	}
	if (slice_eq(name, SLICE(":path"))) {
		memcpy(before, "GET ", n = 4);
	} else if (name.data[0] != ':') {
		n = MIN(name.len, sizeof(before) - 2);
		memcpy(before, name.data, n);
		memcpy(before + n, ": ", 2);
		n += 2;
	}
	mask_init(&mask);
	mask_bytes(&mask, before, n);
	mask_bytes(&mask, value, len);
}

static void put_field(struct buf *to, const struct http_field *f)
{
	size_t at;

	if (!f->name.len) {
		buf_add_str(to, NO_SUCH_ENTRY);
		return;
	}
	buf_add_char(to, 0x10); /* literal, never indexed, with a name of its own */
	put_length(to, f->name.len, 7);
	buf_add_slice(to, f->name);
	put_length(to, f->value.len, 7);
	at = to->len;
	buf_add_slice(to, f->value);
	if (!buf_error(to))
		mask_value(f->name, to->data + at, f->value.len);
}

static void make_block(struct buf *to, const struct h2_block *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		put_field(to, &b->fields[i]);
	for (size_t i = 0; i < b->omitted && i < HTTP_FIELDS_MAX; i++)
		buf_add_str(to, NO_SUCH_ENTRY);
	if (!b->readable)
		buf_add_str(to, NO_ENTRY);
}

static void put_block(struct mask_h2 *m, const struct h2_block *b)
{
	_cleanup_(buf_cleanup) struct buf block = BUF_INIT(2 * FIELD_MAX);
	struct slice rest;
	struct h2_frame f = { .stream = b->stream, .type = H2_HEADERS };

	make_block(&block, b);
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
		free(table_take_oldest(&m->streams));
	s = calloc(1, sizeof(*s));
	if (!s || table_add(&m->streams, &id, sizeof(id), s)) {
		free(s);
		return NULL;
	}
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
		free(table_take(&m->streams, &id, sizeof(id)));
}

static void learn_coding(struct mask_h2_stream *s, int dir, const struct h2_block *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		s->coded[dir] |= slice_eq(b->fields[i].name, SLICE("content-encoding")) &&
				 !slice_eq_nocase(b->fields[i].value, SLICE("identity"));
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
	put_frame(m, f);
	if (f->type == H2_RST_STREAM)
		free(table_take(&m->streams, &f->stream, sizeof(f->stream)));
}

static void put_body(struct mask_h2 *m, int dir, const struct h2_frame *f, struct slice data)
{
	struct mask_h2_stream *s = find_stream(m, f->stream);
	size_t at = m->out.len;

	if (!s) {
		put_fill(m, 'x', data.len);
		return;
	}
	buf_add_slice(&m->out, data);
	if (!buf_error(&m->out) && !s->coded[dir])
		mask_bytes(&s->masks[dir], m->out.data + at, data.len);
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

	if (f && is_of_block(f))
		return;
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
	if (s)
		learn_coding(s, dir, b);
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

static void ignore_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	(void)ctx, (void)s, (void)dir, (void)head;
}

static void ignore_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	(void)ctx, (void)s, (void)dir, (void)data;
}

static void ignore_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	(void)ctx, (void)s, (void)dir, (void)len;
}

static void ignore_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	(void)ctx, (void)s, (void)dir, (void)how;
}

static void ignore_closed(void *ctx, struct h2_stream *s)
{
	(void)ctx, (void)s;
}

void mask_h2_init(struct mask_h2 *m, const struct masker_sink *sink)
{
	const struct h2_sink nobody = {
		m, ignore_head, NULL, ignore_body, ignore_hole, ignore_end, ignore_closed,
	};

	*m = (struct mask_h2){
		.tap = { m, tap_frame, tap_part, tap_block, tap_hole, tap_lost, tap_found },
		.sink = *sink,
		.out = BUF_INIT(OUT_MAX),
	};
	h2_init(&m->h2, H2_ROLE_UNKNOWN, &nobody);
	m->h2.tap = &m->tap;
	table_init(&m->streams, H2_STREAMS_MAX);
}

void mask_h2_join(struct mask_h2 *m, enum gentap_dir dir)
{
	h2_join(&m->h2, dir);
}

int mask_h2_upgrade(struct mask_h2 *m, enum gentap_dir client)
{
	return h2_upgrade(&m->h2, client, SLICE_NONE, NULL);
}

void mask_h2_release(struct mask_h2 *m)
{
	h2_release(&m->h2);
	table_release(&m->streams, free);
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
