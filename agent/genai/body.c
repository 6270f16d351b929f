/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"

#include "cleanup.h"
#include "detect.h"

#include <errno.h>

void body_init(struct body *b, size_t max, inflate_out_fn out, void *ctx)
{
	*b = (struct body){ .out = out, .ctx = ctx, .text = BUF_INIT(max) };
}

void body_release(struct body *b)
{
	inflate_free(b->inflate);
	b->inflate = NULL;
	buf_release(&b->text);
}

void body_stop(struct body *b, const char *reason)
{
	if (!b->reason)
		b->reason = reason;
}

static void set_coding(struct body *b, struct slice coding, uint64_t out_max)
{
	int r;

	if (!coding.len || slice_eq_nocase(coding, SLICE("identity")) || b->inflate)
		return;
	r = inflate_new(&b->inflate, coding, out_max, b->out, b->ctx);
	if (r)
		body_stop(b, r == -ENOMEM ? "memory" : "coding_unknown");
}

/* JSON, streams and error pages are; sound, images and gRPC are not. */
static bool may_be_text(struct slice type)
{
	return !type.data || detect_is_json(type) || slice_starts_nocase(type, SLICE("text/"));
}

void body_set_coding(struct body *b, const struct http_head *head, uint64_t out_max)
{
	struct slice coding = http_head_get(head, SLICE("content-encoding"));

	b->unnamed = head->inferred && !coding.data;
	b->textual = may_be_text(http_head_get(head, SLICE("content-type")));
	b->out_max = out_max;
	if (!b->unnamed)
		set_coding(b, coding, out_max);
}

/* How many bytes of it are such as JSON and streams begin with, a BOM included. */
static size_t text_len(struct slice data)
{
	static const char others[] = { '\t', '\r', '\n', '\xef', '\xbb', '\xbf' };
	size_t n = 0;

	while (n < data.len && ((data.data[n] >= ' ' && data.data[n] <= '~') ||
				memchr(others, data.data[n], sizeof(others))))
		n++;
	return n;
}

/* Of another coding than was guessed comes an error, or no text. */
static void guess_out(void *ctx, struct slice data)
{
	struct body *b = ctx;
	size_t n = MIN(b->unproven, data.len), text = text_len(slice_sub(data, 0, n));

	if (b->reason)
		return;
	b->unproven -= n;
	if (text || !n)
		b->out(b->ctx, text == n ? data : slice_sub(data, 0, text));
	if (text < n)
		body_stop(b, "coding_unknown");
}

static void guess_coding(struct body *b, struct slice coding)
{
	int r = inflate_new(&b->inflate, coding, b->out_max, guess_out, b);

	b->unproven = sizeof(b->magic);
	if (r)
		body_stop(b, "memory");
}

/* RFC 1950, section 2.2: deflate, with the window that everybody uses. */
static bool is_zlib(struct slice magic)
{
	return magic.len >= 2 && magic.data[0] == 0x78 &&
	       (0x7800 | (unsigned char)magic.data[1]) % 31 == 0;
}

/* gRPC's messages begin with a flag, 0 or 1; other codings hardly ever do. */
static bool is_message(struct slice magic)
{
	return magic.len && (unsigned char)magic.data[0] <= 1;
}

/* The first bytes are there, or all bytes: RFC 1952, section 2.3.1; RFC 8878, section 3.1.1. */
static void name_coding(struct body *b)
{
	struct slice magic = { b->magic, b->magic_len };

	b->unnamed = false;
	if (slice_starts(magic, SLICE("\x1f\x8b\x08")))
		set_coding(b, SLICE("gzip"), b->out_max);
	else if (slice_starts(magic, SLICE("\x28\xb5\x2f\xfd")))
		set_coding(b, SLICE("zstd"), b->out_max);
	else if (b->textual && !is_message(magic) && text_len(magic) < magic.len)
		guess_coding(b, is_zlib(magic) ? SLICE("deflate") : SLICE("br"));
	if (magic.len)
		body_feed(b, magic);
}

void body_end(struct body *b)
{
	if (b->unnamed)
		name_coding(b);
}

void body_feed(struct body *b, struct slice data)
{
	int r;

	while (b->unnamed && data.len) {
		b->magic[b->magic_len++] = data.data[0];
		data = slice_sub(data, 1, data.len);
		if (b->magic_len == sizeof(b->magic))
			name_coding(b);
	}
	if (b->reason || !data.len)
		return;
	if (!b->inflate) {
		b->out(b->ctx, data);
		return;
	}
	r = inflate_feed(b->inflate, data.data, data.len);
	if (r)
		body_stop(b, r == -ENOMEM    ? "memory"
			     : b->unproven   ? "coding_unknown"
			     : r == -ENOBUFS ? "body_too_large"
					     : "coding_damaged");
}

void body_collect(struct body *b, struct slice data)
{
	size_t room = b->text.max - b->text.len;

	if (b->reason)
		return;
	if (buf_add(&b->text, data.data, MIN(data.len, room)))
		body_stop(b, "memory");
	else if (data.len > room)
		body_stop(b, "body_too_large");
}

bool body_complete(const struct body *b)
{
	return !b->inflate || inflate_complete(b->inflate);
}
