/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up HTTP/2 connection for tests: frames of both directions in one order, each
 * a record of its own; field blocks by nghttp2's deflater. And a transcript of what the
 * decoder reported of it, the same for every split: adjacent body bytes are joined.
 */
#ifndef TESTS_H2_SESSION_H
#define TESTS_H2_SESSION_H

#include "h2.h"

#include <nghttp2/nghttp2.h>

#define SESSION_RECORDS_MAX 4096

enum { CLIENT = 0, SERVER = 1 };

struct session_record {
	int dir;
	size_t at, len;
};

struct session {
	struct buf bytes;
	struct session_record records[SESSION_RECORDS_MAX];
	size_t n;
	nghttp2_hd_deflater *deflater[2];
};

static inline void session_init(struct session *s)
{
	s->n = 0;
	buf_init(&s->bytes, 64 * 1024 * 1024);
	for (int dir = 0; dir < 2; dir++)
		if (nghttp2_hd_deflate_new(&s->deflater[dir], 65536))
			abort();
	/* Until SETTINGS say otherwise. */
	for (int dir = 0; dir < 2; dir++)
		nghttp2_hd_deflate_change_table_size(s->deflater[dir], 4096);
}

static inline void session_release(struct session *s)
{
	buf_release(&s->bytes);
	for (int dir = 0; dir < 2; dir++)
		nghttp2_hd_deflate_del(s->deflater[dir]);
}

static inline void session_record(struct session *s, int dir, const void *data, size_t len)
{
	if (s->n == SESSION_RECORDS_MAX)
		abort();
	s->records[s->n++] = (struct session_record){ dir, s->bytes.len, len };
	buf_add(&s->bytes, data, len);
}

static inline void frame_header(uint8_t *h, size_t len, int type, int flags, uint32_t stream)
{
	const uint8_t header[] = {
		(uint8_t)(len >> 16),	 (uint8_t)(len >> 8),	 (uint8_t)len,
		(uint8_t)type,		 (uint8_t)flags,	 (uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
	};
	memcpy(h, header, sizeof(header));
}

static inline void session_frame(struct session *s, int dir, int type, int flags, uint32_t stream,
				 const void *data, size_t len)
{
	uint8_t h[H2_FRAME_HEADER];

	frame_header(h, len, type, flags, stream);
	session_record(s, dir, h, sizeof(h));
	buf_add(&s->bytes, data, len);
	s->records[s->n - 1].len += len;
}

static inline void session_data(struct session *s, int dir, uint32_t stream, const char *text,
				int flags)
{
	session_frame(s, dir, H2_DATA, flags, stream, text, strlen(text));
}

static inline void session_setting(struct session *s, int dir, int id, uint32_t value)
{
	const uint8_t setting[] = { 0,
				    (uint8_t)id,
				    (uint8_t)(value >> 24),
				    (uint8_t)(value >> 16),
				    (uint8_t)(value >> 8),
				    (uint8_t)value };

	session_frame(s, dir, H2_SETTINGS, 0, 0, setting, id ? sizeof(setting) : 0);
}

static inline void session_begin(struct session *s)
{
	session_record(s, CLIENT, H2_PREFACE.data, H2_PREFACE.len);
	session_setting(s, CLIENT, 0, 0);
	session_setting(s, SERVER, 0, 0);
	session_frame(s, CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	session_frame(s, SERVER, H2_SETTINGS, H2_ACK, 0, NULL, 0);
}

/* "name: value\n" lines; a block of at most 64 KiB. */
static inline size_t session_block(struct session *s, int dir, const char *lines, uint8_t *block,
				   size_t size)
{
	nghttp2_nv nv[64];
	size_t n = 0;
	ssize_t len;

	for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
		const char *colon = strchr(lines + 1, ':');

		nv[n++] = (nghttp2_nv){ (uint8_t *)(uintptr_t)lines,
					(uint8_t *)(uintptr_t)(colon + 2), (size_t)(colon - lines),
					(size_t)(end - colon - 2), 0 };
	}
	len = nghttp2_hd_deflate_hd(s->deflater[dir], block, size, nv, n);
	if (len < 0)
		abort();
	return (size_t)len;
}

static inline void session_head(struct session *s, int dir, uint32_t stream, const char *lines,
				int flags)
{
	static uint8_t block[128 * 1024];

	session_frame(s, dir, H2_HEADERS, flags | H2_END_HEADERS, stream, block,
		      session_block(s, dir, lines, block, sizeof(block)));
}

/* ---- Transcript --------------------------------------------------------------------- */

struct transcript {
	struct buf text;
	uint32_t body_stream; /* the last entry is body of this stream … */
	int body_dir;	      /* … in this direction; -1: it is none */
};

static inline void transcript_line(struct transcript *t, const char *what,
				   const struct h2_stream *s, int dir)
{
	t->body_dir = -1;
	buf_printf(&t->text, "\n%u%c %s", s->id, dir ? '<' : '>', what);
}

static inline void transcript_fields(struct transcript *t, const struct http_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++)
		buf_printf(&t->text, " %.*s=%.*s", SLICE_FMT(head->fields[i].name),
			   SLICE_FMT(head->fields[i].value));
}

static inline void on_head(void *ctx, struct h2_stream *s, int dir, const struct http_head *head)
{
	struct transcript *t = ctx;

	s->user = t;
	transcript_line(t, head->inferred ? "head?" : "head", s, dir);
	if (head->status)
		buf_printf(&t->text, " %d", head->status);
	if (head->method.data)
		buf_printf(&t->text, " %.*s", SLICE_FMT(head->method));
	if (head->target.data)
		buf_printf(&t->text, " %.*s", SLICE_FMT(head->target));
	if (head->authority.data)
		buf_printf(&t->text, " @%.*s", SLICE_FMT(head->authority));
	if (head->response != (dir == SERVER))
		buf_add_str(&t->text, " WRONG ROLE");
	transcript_fields(t, head);
}

static inline void on_trailers(void *ctx, struct h2_stream *s, int dir,
			       const struct http_head *head)
{
	transcript_line(ctx, head->inferred ? "trailers?" : "trailers", s, dir);
	transcript_fields(ctx, head);
}

static inline void on_body(void *ctx, struct h2_stream *s, int dir, struct slice data)
{
	struct transcript *t = ctx;

	if (!data.len)
		return;
	if (t->body_dir != dir || t->body_stream != s->id)
		transcript_line(t, "body ", s, dir);
	t->body_dir = dir;
	t->body_stream = s->id;
	buf_add_slice(&t->text, data);
}

static inline void on_hole(void *ctx, struct h2_stream *s, int dir, uint64_t len)
{
	struct transcript *t = ctx;

	transcript_line(t, "hole", s, dir);
	buf_printf(&t->text, " %llu", (unsigned long long)len);
}

static inline void on_end(void *ctx, struct h2_stream *s, int dir, enum http_end how)
{
	static const char *const names[] = { "complete", "closed", "truncated", "lost" };

	transcript_line(ctx, names[how], s, dir);
}

static inline void on_closed(void *ctx, struct h2_stream *s)
{
	struct transcript *t = ctx;

	t->body_dir = -1;
	buf_printf(&t->text, "\n%u gone", s->id);
}

static inline struct h2_sink transcript_sink(struct transcript *t)
{
	*t = (struct transcript){ .text = BUF_INIT(64 * 1024 * 1024), .body_dir = -1 };
	return (struct h2_sink){ t, on_head, on_trailers, on_body, on_hole, on_end, on_closed };
}

#endif
