/* SPDX-License-Identifier: Apache-2.0 */
#include "h2.h"

#include "cleanup.h"
#include "h2_head.h"
#include "h2_settings.h"
#include "h2_stream.h"

#include <errno.h>

#define RESYNC_CHAIN 2	/* frame headers in a row that show the place */
#define BLOCK_KEEP 4096 /* bytes of a block's buffer that a quiet direction keeps */

static int feed(struct h2 *h, int dir, const uint8_t *data, size_t len, size_t *ret_used);

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void h2_init(struct h2 *h, int client, const struct h2_sink *sink)
{
	*h = (struct h2){ .sink = *sink, .client = client };
	table_init(&h->streams, H2_STREAMS_MAX);
	for (int dir = 0; dir < 2; dir++) {
		struct h2_dir *d = &h->dirs[dir];

		d->state = H2_IN_PREFACE;
		d->frame_max = H2_FRAME_DEFAULT;
		d->table_max = HPACK_TABLE_DEFAULT;
		buf_init(&d->block, H2_BLOCK_MAX);
		hpack_init(&d->hpack, true);
		resync_init(&d->resync, h2_frame_measure, NULL, RESYNC_CHAIN);
	}
}

void h2_join(struct h2 *h, int dir)
{
	h->dirs[dir].state = H2_LOST;
	h->stats.losses++;
	hpack_forget(&h->dirs[dir].hpack);
	h2_settings_forget(&h->dirs[0]);
	h2_settings_forget(&h->dirs[1]);
}

void h2_release(struct h2 *h)
{
	h2_stream_release(h);
	for (int dir = 0; dir < 2; dir++) {
		buf_release(&h->dirs[dir].block);
		hpack_release(&h->dirs[dir].hpack);
		resync_release(&h->dirs[dir].resync);
	}
}

/* The place is lost, len bytes are missing (0: none): nothing that follows can be told
 * apart until resync finds it. */
static int lose(struct h2 *h, int dir, uint64_t len)
{
	struct h2_dir *d = &h->dirs[dir];

	if (h->tap)
		h->tap->lost(h->tap->ctx, dir, len);
	d->state = H2_LOST;
	d->fixed_len = 0;
	d->skipped = 0;
	h->stats.losses++;
	h->stats.blocks_lost += d->in_block;
	d->in_block = false;
	buf_reset(&d->block, 0);
	hpack_forget(&d->hpack);
	/* SETTINGS and ACKs may be among what is missing. */
	h2_settings_forget(&h->dirs[0]);
	h2_settings_forget(&h->dirs[1]);
	h2_stream_all_damaged(h, dir);
	return -EBADMSG;
}

/* ---- Field blocks ------------------------------------------------------------------ */

/* Decodes the collected block; false when nothing of it can be used. */
static bool decode_block(struct h2 *h, struct h2_dir *d, struct h2_head *b, size_t *ret_omitted)
{
	int r;

	if (d->block_damaged) {
		hpack_forget(&d->hpack);
		return false;
	}
	r = hpack_decode(&d->hpack, buf_slice(&d->block), h2_head_add, b, ret_omitted);
	if (r == -EBADMSG) {
		/* It contradicts the table: what it says without the table still holds. */
		h2_head_release(b);
		h2_head_init(b);
		r = hpack_decode(&d->hpack, buf_slice(&d->block), h2_head_add, b, ret_omitted);
	}
	h->stats.no_memory += r == -ENOMEM || buf_error(&b->text) == -ENOMEM;
	return r == 0 && !b->refused;
}

static void tap_block(struct h2 *h, int dir, struct h2_head *b, size_t omitted, bool readable)
{
	const struct h2_dir *d = &h->dirs[dir];
	struct http_field fields[HTTP_FIELDS_MAX];
	const struct h2_block block = {
		.stream = d->block_stream,
		.ends_stream = d->block_ends_stream,
		.pushed = d->block_pushed,
		.fields = fields,
		.n_fields = readable ? h2_head_fields(b, fields) : 0,
		.omitted = omitted,
		.readable = readable,
	};

	h->tap->block(h->tap->ctx, dir, &block);
}

static void finish_block(struct h2 *h, int dir)
{
	struct h2_dir *d = &h->dirs[dir];
	struct http_head head = { .version = 20, .inferred = true };
	struct h2_head b;
	size_t omitted = 0;
	bool readable;

	h2_head_init(&b);
	readable = decode_block(h, d, &b, &omitted);
	d->in_block = false;
	if (h->tap)
		tap_block(h, dir, &b, omitted, readable);
	if (readable) {
		head = h2_head_finish(&b);
		head.inferred = omitted > 0;
	}
	h->stats.blocks_lost += !readable;
	h->stats.fields_omitted += omitted;
	if (!d->block_pushed)
		h2_stream_head(h, dir, d->block_stream, &head, readable, d->block_ends_stream);
	h2_head_release(&b);
	buf_reset(&d->block, BLOCK_KEEP);
}

static void begin_block(struct h2_dir *d)
{
	buf_reset(&d->block, BLOCK_KEEP);
	d->in_block = true;
	d->block_stream = d->frame.stream;
	d->block_pushed = d->frame.type == H2_PUSH_PROMISE;
	d->block_ends_stream = !d->block_pushed && d->frame.flags & H2_END_STREAM;
	d->block_damaged = false;
}

static void add_to_block(struct h2 *h, struct h2_dir *d, const uint8_t *data, size_t len)
{
	if (!d->in_block || d->block_damaged || !buf_add(&d->block, data, len))
		return;
	h->stats.no_memory += buf_error(&d->block) == -ENOMEM;
	d->block_damaged = true;
}

/* ---- Frames ------------------------------------------------------------------------ */

static void finish_frame(struct h2 *h, int dir)
{
	struct h2_dir *d = &h->dirs[dir];
	const struct h2_frame f = d->frame;
	bool has_block =
		f.type == H2_HEADERS || f.type == H2_PUSH_PROMISE || f.type == H2_CONTINUATION;

	if (f.type == H2_DATA && f.flags & H2_END_STREAM)
		h2_stream_end(h, dir, f.stream);
	else if (has_block && d->in_block && f.flags & H2_END_HEADERS)
		finish_block(h, dir);
	else if (f.type == H2_RST_STREAM)
		h2_stream_reset(h, dir, f.stream);
	else if (f.type == H2_SETTINGS)
		h2_settings_finish(h, dir);
	else if (f.type == H2_GOAWAY && d->fixed_len >= 4)
		h2_stream_goaway(h, dir, get_u32(d->fixed) & 0x7fffffff);
	d->state = H2_IN_HEADER;
	d->fixed_len = 0;
}

/* A response whose request, or the end of it, is still to come. */
static bool is_early(const struct h2 *h, int dir, const struct h2_frame *f)
{
	return h->waiting && f->type == H2_HEADERS && h->client == !dir &&
	       h->dirs[h->client].state != H2_LOST && h2_stream_is_early(h, f->stream);
}

static int begin_frame(struct h2 *h, int dir)
{
	struct h2_dir *d = &h->dirs[dir];
	struct h2_frame f = h2_frame_parse(d->fixed);

	if (is_early(h, dir, &f))
		return -EAGAIN;
	d->frame = f;
	h->stats.frames++;
	if (!h2_frame_legal(&f, d->frame_max) ||
	    (d->in_block && (f.type != H2_CONTINUATION || f.stream != d->block_stream))) {
		h->stats.bad_frames++;
		return lose(h, dir, 0);
	}
	if (h->tap)
		h->tap->frame(h->tap->ctx, dir, &f);
	d->fixed_len = 0;
	d->prefix = h2_frame_prefix(&f);
	d->content = f.length - d->prefix;
	d->padding = 0;
	d->state = H2_IN_PAYLOAD;
	if (f.type == H2_HEADERS || f.type == H2_PUSH_PROMISE)
		begin_block(d);
	else if (f.type == H2_CONTINUATION && !d->in_block)
		hpack_forget(&d->hpack); /* its beginning was not seen */
	if (!f.length)
		finish_frame(h, dir);
	return 0;
}

/* Takes a part of the prefix: of interest is only the pad length, its first byte. */
static size_t take_prefix(struct h2 *h, struct h2_dir *d, const uint8_t *data, size_t len)
{
	bool padded = d->frame.flags & H2_PADDED && d->prefix == h2_frame_prefix(&d->frame);
	size_t n = MIN(d->prefix, len);

	d->prefix -= (uint32_t)n;
	if (!padded)
		return n;
	if (data[0] > d->content) {
		h->stats.bad_frames++;
		d->block_damaged = true;
	}
	d->padding = MIN(data[0], d->content);
	d->content -= d->padding;
	return n;
}

static size_t take_content(struct h2 *h, int dir, const uint8_t *data, size_t len)
{
	struct h2_dir *d = &h->dirs[dir];
	size_t n = MIN(d->content, len);

	d->content -= (uint32_t)n;
	switch (d->frame.type) {
	case H2_DATA:
		h2_stream_data(h, dir, d->frame.stream, (struct slice){ (const char *)data, n });
		break;
	case H2_HEADERS:
	case H2_PUSH_PROMISE:
	case H2_CONTINUATION:
		add_to_block(h, d, data, n);
		break;
	case H2_SETTINGS:
		h2_settings_add(h, dir, data, n);
		break;
	case H2_GOAWAY:
		for (size_t i = 0; i < n && d->fixed_len < 4; i++)
			d->fixed[d->fixed_len++] = data[i];
		break;
	default:
		break;
	}
	return n;
}

static bool payload_left(const struct h2_dir *d)
{
	return d->prefix || d->content || d->padding;
}

static void tap_part(struct h2 *h, int dir, enum h2_part part, const uint8_t *data, size_t len)
{
	const struct h2_frame *f = part == H2_PART_PREFACE ? NULL : &h->dirs[dir].frame;

	if (h->tap)
		h->tap->part(h->tap->ctx, dir, f, part, (struct slice){ (const char *)data, len });
}

static size_t take_payload(struct h2 *h, int dir, const uint8_t *data, size_t len)
{
	struct h2_dir *d = &h->dirs[dir];
	size_t n;

	if (d->prefix) {
		tap_part(h, dir, H2_PART_PREFIX, data, MIN(d->prefix, len));
		n = take_prefix(h, d, data, len);
	} else if (d->content) {
		tap_part(h, dir, H2_PART_CONTENT, data, MIN(d->content, len));
		n = take_content(h, dir, data, len);
	} else {
		n = MIN(d->padding, len);
		tap_part(h, dir, H2_PART_PADDING, data, n);
		d->padding -= (uint32_t)n;
	}
	if (!payload_left(d))
		finish_frame(h, dir);
	return n;
}

/* ---- Bytes ------------------------------------------------------------------------- */

/* The client begins with the preface, the server with a frame. */
static int take_preface(struct h2 *h, int dir, uint8_t byte)
{
	struct h2_dir *d = &h->dirs[dir];

	d->fixed[d->fixed_len] = byte;
	if (byte == (uint8_t)H2_PREFACE.data[d->fixed_len] && h->client != !dir) {
		tap_part(h, dir, H2_PART_PREFACE, &byte, 1);
		if (++d->fixed_len < H2_PREFACE.len)
			return 1;
		h->client = dir;
		d->state = H2_IN_HEADER;
		d->fixed_len = 0;
		return 1;
	}
	if (d->fixed_len || h->client == dir) {
		h->stats.bad_frames++;
		return lose(h, dir, 0);
	}
	d->state = H2_IN_HEADER;
	return 0;
}

/* Found again: the held bytes are read as what they are. */
static int replay(struct h2 *h, int dir)
{
	struct h2_dir *d = &h->dirs[dir];
	_cleanup_(buf_cleanup) struct buf held = resync_take(&d->resync);
	size_t used;

	h->waiting = false; /* where bytes are missing, so may requests be */
	d->state = H2_IN_HEADER;
	h->stats.resyncs++;
	h->stats.skipped_bytes -= MIN(h->stats.skipped_bytes, held.len);
	if (h->tap)
		h->tap->found(h->tap->ctx, dir, d->skipped - MIN(d->skipped, held.len));
	return feed(h, dir, (const uint8_t *)held.data, held.len, &used);
}

static int take_lost(struct h2 *h, int dir, const uint8_t *data, size_t len, size_t *ret_used)
{
	int r = resync_feed(&h->dirs[dir].resync, data, len, ret_used);

	h->stats.skipped_bytes += *ret_used;
	h->dirs[dir].skipped += *ret_used;
	h->stats.no_memory += r == -ENOMEM;
	return r == 1 ? replay(h, dir) : 0;
}

static int take_header(struct h2 *h, int dir, const uint8_t *data, size_t len, size_t *ret_used)
{
	struct h2_dir *d = &h->dirs[dir];

	*ret_used = MIN(H2_FRAME_HEADER - d->fixed_len, len);
	if (*ret_used)
		memcpy(d->fixed + d->fixed_len, data, *ret_used);
	d->fixed_len += *ret_used;
	return d->fixed_len == H2_FRAME_HEADER ? begin_frame(h, dir) : 0;
}

static int feed(struct h2 *h, int dir, const uint8_t *data, size_t len, size_t *ret_used)
{
	struct h2_dir *d = &h->dirs[dir];
	size_t at = 0;
	int result = 0;

	if (!len)
		data = d->fixed; /* any address: none may be NULL */
	/* A whole header is there only if the last feed stopped in front of its frame. */
	while (at < len || (d->state == H2_IN_HEADER && d->fixed_len == H2_FRAME_HEADER)) {
		size_t used = 0;
		int r = 0;

		switch (d->state) {
		case H2_IN_PREFACE:
			r = take_preface(h, dir, data[at]);
			used = r == 1;
			break;
		case H2_IN_HEADER:
			r = take_header(h, dir, data + at, len - at, &used);
			break;
		case H2_IN_PAYLOAD:
			used = take_payload(h, dir, data + at, len - at);
			break;
		case H2_LOST:
			r = take_lost(h, dir, data + at, len - at, &used);
			break;
		}
		at += used;
		if (r < 0)
			result = r;
		if (r == -EAGAIN)
			break;
	}
	*ret_used = at;
	return result;
}

int h2_feed(struct h2 *h, int dir, const void *data, size_t len)
{
	size_t used;

	h->waiting = false;
	return feed(h, dir, data, len, &used);
}

int h2_feed_waiting(struct h2 *h, int dir, const void *data, size_t len, size_t *ret_used)
{
	h->waiting = true;
	return feed(h, dir, data, len, ret_used) == -EAGAIN;
}

/* A hole that ends within the payload of the current frame. */
static void skip_payload(struct h2 *h, int dir, uint32_t len)
{
	struct h2_dir *d = &h->dirs[dir];
	bool pad_lost =
		d->prefix && d->frame.flags & H2_PADDED && d->prefix == h2_frame_prefix(&d->frame);
	uint32_t n = MIN(d->prefix, len);

	if (h->tap)
		h->tap->hole(h->tap->ctx, dir, &d->frame, len);
	d->prefix -= n;
	len -= n;
	if (pad_lost) {
		/* How much of the rest is content cannot be told. */
		if (d->frame.type == H2_DATA)
			h2_stream_hole(h, dir, d->frame.stream, 0);
		d->padding = d->content;
		d->content = 0;
	}
	n = MIN(d->content, len);
	d->content -= n;
	d->padding -= MIN(d->padding, len - n);
	if ((n || pad_lost) && d->frame.type != H2_DATA)
		d->block_damaged = true;
	if (n && d->frame.type == H2_DATA)
		h2_stream_hole(h, dir, d->frame.stream, n);
	if (d->frame.type == H2_SETTINGS)
		h2_settings_forget(&h->dirs[!dir]);
	if (d->frame.type == H2_SETTINGS || d->frame.type == H2_GOAWAY) {
		d->padding += d->content; /* nothing of it is read any more */
		d->content = 0;
		d->fixed_len = 0;
	}
	if (!payload_left(d))
		finish_frame(h, dir);
}

int h2_hole(struct h2 *h, int dir, uint64_t len)
{
	struct h2_dir *d = &h->dirs[dir];

	if (!len)
		len = UINT64_MAX;
	if (d->state == H2_LOST) {
		resync_release(&d->resync);
		d->skipped += MIN(len, UINT64_MAX - d->skipped);
		return 0;
	}
	if (d->state == H2_IN_PAYLOAD && len <= (uint64_t)d->prefix + d->content + d->padding) {
		skip_payload(h, dir, (uint32_t)len);
		return 0;
	}
	return lose(h, dir, len);
}

void h2_mark(struct h2 *h, int dir, uint64_t len)
{
	struct h2_dir *d = &h->dirs[dir];

	if (d->state == H2_LOST && resync_mark(&d->resync, len) == 1)
		replay(h, dir);
}

bool h2_lost(const struct h2 *h, int dir)
{
	return h->dirs[dir].state == H2_LOST;
}

void h2_eof(struct h2 *h)
{
	h2_stream_all_end(h);
}

bool h2_plausible_preface(const void *data, size_t len)
{
	return len && !memcmp(data, H2_PREFACE.data, MIN(len, H2_PREFACE.len));
}

bool h2_plausible_frame(const void *data, size_t len)
{
	return h2_frame_measure(NULL, data, len) >= 0;
}
