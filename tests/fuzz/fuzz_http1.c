/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1: any split of the input gives the same callbacks and the same result; with a
 * hole in it, what is passed on is the truth in its place. First byte: direction and
 * the answer to heads.
 */
#include "fuzz.h"
#include "http1.h"

#define LOG_MAX (4 << 20)

struct listener {
	struct buf log;
	struct buf bodies; /* '?' for each byte of a hole */
	enum http_body answer;
	bool open;
	char last; /* kind of the last callback: slices of one kind are one */
};

static void note_slice(struct buf *log, struct slice s)
{
	buf_printf(log, " %d:", s.data ? (int)s.len : -1);
	buf_add_slice(log, s);
}

static enum http_body on_head(void *ctx, const struct http_head *h)
{
	struct listener *l = ctx;

	REQUIRE(!l->open && h->n_fields <= HTTP_FIELDS_MAX);
	l->open = true;
	l->last = 'H';
	buf_printf(&l->log, "\nhead %d %d", h->version, h->status);
	note_slice(&l->log, h->method);
	note_slice(&l->log, h->target);
	note_slice(&l->log, h->scheme);
	note_slice(&l->log, h->authority);
	for (size_t i = 0; i < h->n_fields; i++) {
		note_slice(&l->log, h->fields[i].name);
		note_slice(&l->log, h->fields[i].value);
	}
	return l->answer;
}

static void on_bytes(struct listener *l, char kind, struct slice data)
{
	REQUIRE(l->open && data.len);
	if (l->last != kind)
		buf_printf(&l->log, "\n%c ", kind);
	l->last = kind;
	buf_add_slice(&l->log, data);
	buf_add_slice(&l->bodies, data);
}

static void on_body(void *ctx, struct slice data)
{
	on_bytes(ctx, 'B', data);
}

static void on_raw(void *ctx, struct slice data)
{
	on_bytes(ctx, 'R', data);
}

static void on_hole(void *ctx, uint64_t len)
{
	struct listener *l = ctx;

	REQUIRE(l->open && len);
	l->last = 'O';
	while (len--)
		buf_add_char(&l->bodies, '?');
}

static void on_end(void *ctx, enum http_end how)
{
	struct listener *l = ctx;

	REQUIRE(l->open);
	l->open = false;
	l->last = 'E';
	buf_printf(&l->log, "\nend %d", how);
}

static int feed(void *parser, const void *data, size_t len)
{
	return http1_feed(parser, data, len);
}

static void start(struct http1 *h, struct listener *l, uint8_t mode)
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
		.answer = (enum http_body)((mode >> 1) % 3),
	};
	http1_init(h, mode & 1, &sink);
}

static void finish(struct http1 *h, struct listener *l, int r)
{
	REQUIRE(http1_lost(h) == (r != 0));
	http1_eof(h);
	REQUIRE(!l->open);
	http1_release(h);
}

static void release(struct listener *l)
{
	buf_release(&l->log);
	buf_release(&l->bodies);
}

static void compare_split(struct slice in, uint8_t mode, uint64_t *chain,
			  const struct listener *want, int want_r)
{
	struct listener l;
	struct http1 h;
	int r;

	start(&h, &l, mode);
	r = fuzz_feed_split(chain, in.data, in.len, feed, &h);
	finish(&h, &l, r);
	REQUIRE(r == want_r);
	REQUIRE(slice_eq(buf_slice(&l.log), buf_slice(&want->log)));
	release(&l);
}

static void compare_hole(struct slice in, uint8_t mode, uint64_t *chain, struct slice truth)
{
	size_t from = fuzz_pick(chain, in.len), len = 1 + fuzz_pick(chain, in.len - from);
	struct listener l;
	struct http1 h;
	int r;

	start(&h, &l, mode);
	r = http1_feed(&h, in.data, from);
	REQUIRE(r == 0);
	r = http1_hole(&h, len);
	if (!r)
		r = http1_feed(&h, in.data + from + len, in.len - from - len);
	finish(&h, &l, r);
	REQUIRE(l.bodies.len <= truth.len);
	for (size_t i = 0; i < l.bodies.len; i++)
		REQUIRE(l.bodies.data[i] == '?' || l.bodies.data[i] == truth.data[i]);
	release(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t chain = fuzz_seed(data, len);
	struct listener l;
	struct slice in;
	struct http1 h;
	int r;

	if (len < 2)
		return 0;
	in = (struct slice){ (const char *)data + 1, len - 1 };
	http1_plausible_head(data[0] & 1, in.data, in.len);
	start(&h, &l, data[0]);
	r = http1_feed(&h, in.data, in.len);
	finish(&h, &l, r);
	for (int i = 0; i < 2; i++)
		compare_split(in, data[0], &chain, &l, r);
	for (int i = 0; i < 4 && !r; i++)
		compare_hole(in, data[0], &chain, buf_slice(&l.bodies));
	release(&l);
	return 0;
}
