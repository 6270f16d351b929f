/* SPDX-License-Identifier: Apache-2.0 */
#include "ws.h"

#include "cleanup.h"

#include <errno.h>

#define RESYNC_CHAIN 3	   /* a header has few bits that can be wrong */
#define MESSAGE_KEEP 16384 /* bytes that an idle buffer keeps */
#define UNMASK_STEP 4096
/* A message over the ceiling is decoded on for the sake of the next ones, up to so many
 * times the ceiling. */
#define DISCARD_FACTOR 4

#define FIN 0x80
#define RSV 0x70
#define RSV1 0x40
#define MASKED 0x80

enum opcode { CONTINUATION, TEXT, BINARY, CLOSE = 8, PING, PONG };

static int feed(struct ws *w, const uint8_t *data, size_t len);

/* What a frame header says. */
struct frame {
	size_t header_len;
	uint8_t first; /* FIN, RSV, opcode */
	uint64_t length;
};

static bool is_control(uint8_t opcode)
{
	return opcode & 8;
}

/* 0; -EAGAIN; -EBADMSG for what a sender of this direction does not send (RFC 6455,
 * sections 5.1 to 5.5). */
static int parse_header(const struct ws *w, const uint8_t *p, size_t len, struct frame *ret)
{
	struct frame f = { .header_len = w->client ? 6 : 2 };
	size_t extended;

	if (len < 2)
		return -EAGAIN;
	f.first = p[0];
	f.length = p[1] & 0x7f;
	if (!!(p[1] & MASKED) != w->client)
		return -EBADMSG;
	if ((f.first & 0xf) > PONG || ((f.first & 0xf) > BINARY && (f.first & 0xf) < CLOSE))
		return -EBADMSG;
	if (f.first & RSV && ((f.first & RSV) != RSV1 || !w->deflate || is_control(f.first) ||
			      (f.first & 0xf) == CONTINUATION))
		return -EBADMSG;
	if (is_control(f.first) && (!(f.first & FIN) || f.length > WS_CONTROL_MAX))
		return -EBADMSG;
	extended = f.length == 127 ? 8 : f.length == 126 ? 2 : 0;
	f.header_len += extended;
	if (len < f.header_len)
		return -EAGAIN;
	if (extended) {
		f.length = 0;
		for (size_t i = 0; i < extended; i++)
			f.length = f.length << 8 | p[2 + i];
		/* The shortest form is a must. */
		if (f.length < (extended == 8 ? 65536 : 126) || f.length > INT64_MAX)
			return -EBADMSG;
	}
	*ret = f;
	return 0;
}

static ssize_t measure(void *ctx, const void *data, size_t len)
{
	struct frame f;
	int r = parse_header(ctx, data, len, &f);

	if (r < 0)
		return r;
	return f.length < RESYNC_HELD_MAX ? (ssize_t)(f.header_len + f.length) : -EBADMSG;
}

void ws_init(struct ws *w, bool client, const struct ws_extensions *extensions, size_t message_max,
	     const struct ws_sink *sink)
{
	*w = (struct ws){
		.sink = *sink,
		.client = client,
		.deflate = extensions->deflate,
		.no_context =
			client ? extensions->client_no_context : extensions->server_no_context,
	};
	buf_init(&w->message, message_max);
	unpack_init(&w->unpack, UNPACK_RAW);
	resync_init(&w->resync, measure, w, RESYNC_CHAIN);
}

void ws_release(struct ws *w)
{
	buf_release(&w->message);
	unpack_release(&w->unpack);
	resync_release(&w->resync);
}

/* ---- Messages ----------------------------------------------------------------------- */

static void begin_message(struct ws *w)
{
	w->text = w->opcode == TEXT;
	w->compressed = w->header[0] & RSV1;
	w->in_message = true;
	w->damaged = w->discarding = false;
	w->discarded = 0;
	if (w->compressed && w->no_context)
		unpack_reset(&w->unpack);
}

/* The message cannot be given out, and its part of the history is gone. */
static void damage(struct ws *w)
{
	w->damaged = true;
	buf_reset(&w->message, MESSAGE_KEEP);
	if (w->compressed)
		unpack_reset(&w->unpack);
}

static void over_ceiling(struct ws *w)
{
	w->discarding = true;
	w->discarded += w->message.len;
	if (w->discarded / DISCARD_FACTOR > w->message.max)
		damage(w);
	buf_reset(&w->message, w->message.max);
}

static void add_packed(struct ws *w, struct slice in)
{
	while (!w->damaged) {
		int r = unpack_add(&w->unpack, &in, &w->message);

		if (r == -ENOBUFS) {
			over_ceiling(w);
			continue;
		}
		w->no_memory += r == -ENOMEM;
		if (r < 0)
			damage(w);
		else if (r == 1)
			/* A final block: nothing may refer to what was before it is undone. */
			unpack_reset(&w->unpack);
		if (r != 1 || !in.len)
			return;
	}
}

static void add_plain(struct ws *w, struct slice in)
{
	int r = w->discarding ? 0 : buf_add_slice(&w->message, in);

	if (!r)
		return;
	if (r == -ENOBUFS) {
		w->discarding = true;
		buf_reset(&w->message, MESSAGE_KEEP);
		return;
	}
	w->no_memory++;
	damage(w);
}

static void add_to_message(struct ws *w, struct slice in)
{
	if (!w->in_message || w->damaged || !in.len)
		return;
	if (w->compressed)
		add_packed(w, in);
	else
		add_plain(w, in);
}

static void end_message(struct ws *w)
{
	/* What the sender cut off (RFC 7692, section 7.2.2). */
	if (w->in_message && w->compressed)
		add_packed(w, (struct slice){ "\0\0\xff\xff", 4 });
	if (!w->in_message || w->damaged) {
		w->lost++;
	} else if (w->discarding) {
		w->oversized++;
	} else {
		w->messages++;
		w->sink.message(w->sink.ctx, w->text, buf_slice(&w->message));
	}
	w->in_message = false;
	buf_reset(&w->message, MESSAGE_KEEP);
}

static void end_control(struct ws *w)
{
	struct slice reason = { (const char *)w->control, w->control_len };
	unsigned int code = 0;

	if (w->opcode != CLOSE || w->control_damaged || !w->sink.close)
		return;
	if (w->control_len >= 2) {
		code = (unsigned int)w->control[0] << 8 | w->control[1];
		reason = slice_sub(reason, 2, reason.len);
	}
	w->sink.close(w->sink.ctx, code, reason);
}

/* ---- Frames ------------------------------------------------------------------------- */

static void end_frame(struct ws *w)
{
	w->state = WS_IN_HEADER;
	w->header_len = 0;
	if (is_control(w->opcode))
		end_control(w);
	else if (w->fin)
		end_message(w);
}

static int lose(struct ws *w)
{
	w->losses++;
	if (w->in_message)
		w->lost++;
	w->in_message = false;
	buf_reset(&w->message, 0);
	unpack_reset(&w->unpack);
	w->state = WS_LOST;
	w->header_len = 0;
	return -EBADMSG;
}

static void begin_frame(struct ws *w, const struct frame *f)
{
	w->fin = f->first & FIN;
	w->opcode = f->first & 0xf;
	w->left = f->length;
	w->mask_at = 0;
	if (w->client)
		memcpy(w->mask, w->header + f->header_len - 4, 4);
	w->state = WS_IN_PAYLOAD;
	if (is_control(w->opcode)) {
		w->control_len = 0;
		w->control_damaged = false;
	} else if (w->opcode != CONTINUATION) {
		w->lost += w->in_message; /* its end never came */
		buf_reset(&w->message, MESSAGE_KEEP);
		begin_message(w);
	}
	if (!w->left)
		end_frame(w);
}

static void take_plain(struct ws *w, struct slice part)
{
	if (!is_control(w->opcode)) {
		add_to_message(w, part);
		return;
	}
	memcpy(w->control + w->control_len, part.data, part.len);
	w->control_len += part.len;
}

static void take_masked(struct ws *w, const uint8_t *data, size_t len)
{
	char plain[UNMASK_STEP];

	for (size_t i = 0; i < len; i++)
		plain[i] = (char)(data[i] ^ w->mask[(w->mask_at + i) & 3]);
	w->mask_at = (w->mask_at + len) & 3;
	take_plain(w, (struct slice){ plain, len });
}

/* A whole message that needs no work is given out where it lies. */
static bool take_whole(struct ws *w, struct slice part)
{
	if (part.len != w->left || !w->fin || w->compressed || w->message.len || w->damaged ||
	    w->discarding || !w->in_message || is_control(w->opcode) || part.len > w->message.max)
		return false;
	w->in_message = false;
	w->messages++;
	w->left = 0;
	w->state = WS_IN_HEADER;
	w->header_len = 0;
	w->sink.message(w->sink.ctx, w->text, part);
	return true;
}

static size_t take_payload(struct ws *w, const uint8_t *data, size_t len)
{
	size_t n = w->left < len ? (size_t)w->left : len;

	if (w->client) {
		n = MIN(n, UNMASK_STEP);
		take_masked(w, data, n);
	} else {
		struct slice part = { (const char *)data, n };

		if (take_whole(w, part))
			return n;
		take_plain(w, part);
	}
	w->left -= n;
	if (!w->left)
		end_frame(w);
	return n;
}

/* ---- Bytes -------------------------------------------------------------------------- */

static int replay(struct ws *w)
{
	_cleanup_(buf_cleanup) struct buf held = resync_take(&w->resync);

	w->state = WS_IN_HEADER;
	return feed(w, (const uint8_t *)held.data, held.len);
}

static int take_lost(struct ws *w, const uint8_t *data, size_t len, size_t *ret_used)
{
	int r = resync_feed(&w->resync, data, len, ret_used);

	w->no_memory += r == -ENOMEM;
	return r == 1 ? replay(w) : 0;
}

static int take_header(struct ws *w, uint8_t byte)
{
	struct frame f;
	int r;

	w->header[w->header_len++] = byte;
	r = parse_header(w, w->header, w->header_len, &f);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return lose(w);
	begin_frame(w, &f);
	return 0;
}

static int feed(struct ws *w, const uint8_t *data, size_t len)
{
	int result = 0;

	while (len) {
		size_t used = 1;
		int r = 0;

		if (w->state == WS_IN_PAYLOAD)
			used = take_payload(w, data, len);
		else if (w->state == WS_IN_HEADER)
			r = take_header(w, *data);
		else
			r = take_lost(w, data, len, &used);
		if (r < 0)
			result = r;
		data += used;
		len -= used;
	}
	return result;
}

int ws_feed(struct ws *w, const void *data, size_t len)
{
	return feed(w, data, len);
}

int ws_hole(struct ws *w, uint64_t len)
{
	if (!len)
		return 0;
	if (w->state == WS_LOST) {
		resync_release(&w->resync);
		return 0;
	}
	if (w->state != WS_IN_PAYLOAD || len > w->left)
		return lose(w);
	w->left -= len;
	w->mask_at = (w->mask_at + len) & 3;
	if (is_control(w->opcode))
		w->control_damaged = true;
	else if (w->in_message && !w->damaged)
		damage(w);
	if (!w->left)
		end_frame(w);
	return 0;
}

void ws_mark(struct ws *w, uint64_t len)
{
	if (w->state == WS_LOST && resync_mark(&w->resync, len) == 1)
		replay(w);
}
