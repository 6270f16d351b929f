/* SPDX-License-Identifier: Apache-2.0 */
#include "http1.h"
#include "cleanup.h"
#include "http1_head.h"

#include <errno.h>

#define HEAD_KEPT 8192		  /* buffer kept from one split head to the next */
#define CHUNK_EXTENSION_MAX 16384 /* bytes of one chunk's extensions */
#define CHUNK_DIGITS_MAX 16

enum state {
	START, /* between two messages */
	HEAD,
	BODY_LENGTH,
	BODY_UNTIL_CLOSE,
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF, /* behind the CR of a size line */
	CHUNK_DATA,
	CHUNK_END, /* the line end behind a chunk's data */
	CHUNK_END_LF,
	TRAILER,
	RAW,
	LOST,
};

/* What of a line has been seen: an empty one ends a head. */
enum line_state { LINE_START, LINE_CR, LINE_TEXT };

void http1_init(struct http1 *h, bool response, const struct http_sink *sink)
{
	*h = (struct http1){
		.sink = *sink,
		.response = response,
		.state = START,
		.head = BUF_INIT(HTTP_HEAD_MAX),
	};
}

void http1_release(struct http1 *h)
{
	buf_release(&h->head);
}

bool http1_lost(const struct http1 *h)
{
	return h->state == LOST;
}

bool http1_idle(const struct http1 *h)
{
	return h->state == START;
}

/* Back to where a message may start. */
static void restart(struct http1 *h)
{
	buf_reset(&h->head, HEAD_KEPT);
	h->state = START;
}

/* Has a head been passed on that no end has followed yet? */
static bool is_open(const struct http1 *h)
{
	return h->state != START && h->state != HEAD && h->state != LOST;
}

static void end_message(struct http1 *h, enum http_end how)
{
	restart(h);
	h->sink.end(h->sink.ctx, how);
}

static int lose(struct http1 *h, int error)
{
	bool open = is_open(h);

	restart(h);
	h->state = LOST;
	if (open)
		h->sink.end(h->sink.ctx, HTTP_END_LOST);
	return error;
}

/* Passes over lines up to and with an empty one: the bytes used, with *ended when it
 * was there. Notes lines that start with white space. */
static size_t scan_lines(struct http1 *h, const char *data, size_t len, bool *ended)
{
	size_t i = 0;

	*ended = false;
	while (i < len && !*ended) {
		const char *lf;

		if (h->line == LINE_START && data[i] == '\r') {
			h->line = LINE_CR;
			i++;
			continue;
		}
		if (h->line != LINE_TEXT && data[i] == '\n') {
			*ended = true;
			i++;
			continue;
		}
		if (h->line == LINE_START && (data[i] == ' ' || data[i] == '\t'))
			h->folded = true;
		lf = memchr(data + i, '\n', len - i);
		h->line = lf ? LINE_START : LINE_TEXT;
		i = lf ? (size_t)(lf + 1 - data) : len;
	}
	return i;
}

static void start_body(struct http1 *h, enum http1_framing framing, uint64_t len)
{
	static const enum state states[] = {
		[HTTP1_LENGTH] = BODY_LENGTH,
		[HTTP1_CHUNKED] = CHUNK_SIZE,
		[HTTP1_UNTIL_CLOSE] = BODY_UNTIL_CLOSE,
	};

	if (framing == HTTP1_NO_BODY || (framing == HTTP1_LENGTH && !len)) {
		end_message(h, HTTP_END_COMPLETE);
		return;
	}
	h->state = states[framing];
	h->left = len;
	h->count = 0;
}

/* A whole head: passes it on and finds out what follows it. */
static int head_done(struct http1 *h, struct slice text)
{
	struct http_field fields[HTTP_FIELDS_MAX];
	struct http_head head;
	enum http1_framing framing;
	enum http_body body;
	uint64_t len;
	int r = http1_parse_head(text, h->response, fields, &head);

	if (r)
		return r;
	r = http1_framing(&head, &framing, &len);
	if (r)
		return r;
	if (h->response && head.status < 200 && head.status != 101) {
		restart(h);
		return 0;
	}
	body = h->sink.head(h->sink.ctx, &head);
	buf_reset(&h->head, HEAD_KEPT);
	if (body == HTTP_BODY_RAW)
		h->state = RAW;
	else
		start_body(h, body == HTTP_BODY_NONE ? HTTP1_NO_BODY : framing, len);
	return 0;
}

static int unfold_head(struct http1 *h, struct slice *text)
{
	int r = h->head.len ? 0 : buf_add_slice(&h->head, *text);

	if (!r)
		r = http1_unfold(h->head.data, h->head.len);
	*text = buf_slice(&h->head);
	return r;
}

/* Each feeder takes what its state can use off the front of *in; 0 or an error. */
static int feed_head(struct http1 *h, struct slice *in)
{
	bool ended;
	size_t used = scan_lines(h, in->data, in->len, &ended);
	struct slice text = slice_sub(*in, 0, used);
	int r = 0;

	*in = slice_sub(*in, used, in->len);
	if (!ended || h->head.len) {
		r = buf_add_slice(&h->head, text);
		text = buf_slice(&h->head);
	}
	/* Garbage need not be collected up to a line end that may never come. */
	if (!r && !http1_possible_start(h->response, text.data, text.len))
		r = -EBADMSG;
	if (r || !ended)
		return r;
	if (text.len > HTTP_HEAD_MAX)
		return -ENOBUFS;
	if (h->folded)
		r = unfold_head(h, &text);
	return r ? r : head_done(h, text);
}

static int feed_start(struct http1 *h, struct slice *in)
{
	/* Empty lines in front of a message (RFC 9112, section 2.2). */
	while (in->len && (in->data[0] == '\r' || in->data[0] == '\n'))
		*in = slice_sub(*in, 1, in->len);
	if (!in->len)
		return 0;
	h->state = HEAD;
	h->line = LINE_TEXT;
	h->folded = false;
	return feed_head(h, in);
}

/* Takes bytes of a body of known length: those there are, `left` at most. */
static struct slice take_body(struct http1 *h, struct slice *in)
{
	struct slice data = slice_sub(*in, 0, MIN(h->left, in->len));

	*in = slice_sub(*in, data.len, in->len);
	h->left -= data.len;
	h->sink.body(h->sink.ctx, data);
	return data;
}

static int feed_length(struct http1 *h, struct slice *in)
{
	take_body(h, in);
	if (!h->left)
		end_message(h, HTTP_END_COMPLETE);
	return 0;
}

static int feed_until_close(struct http1 *h, struct slice *in)
{
	h->sink.body(h->sink.ctx, *in);
	*in = SLICE_NONE;
	return 0;
}

static int feed_raw(struct http1 *h, struct slice *in)
{
	h->sink.raw(h->sink.ctx, *in);
	*in = SLICE_NONE;
	return 0;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'			? c - '0'
	       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							: -1;
}

/* The line end of a chunk size was seen. */
static void size_done(struct http1 *h)
{
	h->state = h->left ? CHUNK_DATA : TRAILER;
	h->line = LINE_START;
	h->count = 0;
}

static int feed_size(struct http1 *h, struct slice *in)
{
	char c = in->data[0];
	int digit = hex_value(c);

	*in = slice_sub(*in, 1, in->len);
	if (digit >= 0) {
		if (h->count++ == CHUNK_DIGITS_MAX)
			return -EBADMSG;
		h->left = h->left << 4 | (unsigned int)digit;
		return 0;
	}
	if (!h->count)
		return -EBADMSG;
	if (c == '\n')
		size_done(h);
	else if (c == '\r')
		h->state = CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t') {
		h->state = CHUNK_EXTENSION;
		h->count = 0;
	} else
		return -EBADMSG;
	return 0;
}

/* Extensions mean nothing here; they may not hide a line end. */
static int feed_extension(struct http1 *h, struct slice *in)
{
	size_t i = 0;

	while (i < in->len && in->data[i] != '\r' && in->data[i] != '\n')
		i++;
	h->count += i;
	if (h->count > CHUNK_EXTENSION_MAX)
		return -ENOBUFS;
	if (i < in->len) {
		if (in->data[i++] == '\n')
			size_done(h);
		else
			h->state = CHUNK_SIZE_LF;
	}
	*in = slice_sub(*in, i, in->len);
	return 0;
}

static int feed_size_lf(struct http1 *h, struct slice *in)
{
	if (in->data[0] != '\n')
		return -EBADMSG;
	*in = slice_sub(*in, 1, in->len);
	size_done(h);
	return 0;
}

static int feed_data(struct http1 *h, struct slice *in)
{
	take_body(h, in);
	if (!h->left)
		h->state = CHUNK_END;
	return 0;
}

static int feed_chunk_end(struct http1 *h, struct slice *in)
{
	char c = in->data[0];

	*in = slice_sub(*in, 1, in->len);
	if (c == '\r' && h->state == CHUNK_END) {
		h->state = CHUNK_END_LF;
		return 0;
	}
	if (c != '\n')
		return -EBADMSG;
	h->state = CHUNK_SIZE;
	h->left = 0;
	h->count = 0;
	return 0;
}

static int feed_trailer(struct http1 *h, struct slice *in)
{
	bool ended;
	size_t used = scan_lines(h, in->data, in->len, &ended);

	*in = slice_sub(*in, used, in->len);
	h->count += used;
	if (h->count > HTTP_HEAD_MAX)
		return -ENOBUFS;
	if (ended)
		end_message(h, HTTP_END_COMPLETE);
	return 0;
}

static int feed_lost(struct http1 *h, struct slice *in)
{
	(void)h;
	(void)in;
	return -EBADMSG;
}

int http1_feed(struct http1 *h, const void *data, size_t len)
{
	static int (*const feeders[])(struct http1 *, struct slice *) = {
		[START] = feed_start,
		[HEAD] = feed_head,
		[BODY_LENGTH] = feed_length,
		[BODY_UNTIL_CLOSE] = feed_until_close,
		[CHUNK_SIZE] = feed_size,
		[CHUNK_EXTENSION] = feed_extension,
		[CHUNK_SIZE_LF] = feed_size_lf,
		[CHUNK_DATA] = feed_data,
		[CHUNK_END] = feed_chunk_end,
		[CHUNK_END_LF] = feed_chunk_end,
		[TRAILER] = feed_trailer,
		[RAW] = feed_raw,
		[LOST] = feed_lost,
	};
	struct slice in = { data, len };

	while (in.len) {
		int r = feeders[h->state](h, &in);

		if (r)
			return lose(h, r);
	}
	return 0;
}

int http1_hole(struct http1 *h, uint64_t len)
{
	uint64_t known = MIN(len, h->left);

	if (!len)
		return 0;
	switch (h->state) {
	case RAW:
	case BODY_UNTIL_CLOSE:
		h->sink.hole(h->sink.ctx, len);
		return 0;
	case BODY_LENGTH:
	case CHUNK_DATA:
		h->sink.hole(h->sink.ctx, known);
		h->left -= known;
		if (len > known)
			return lose(h, -EBADMSG);
		if (!h->left && h->state == BODY_LENGTH)
			end_message(h, HTTP_END_COMPLETE);
		else if (!h->left)
			h->state = CHUNK_END;
		return 0;
	default:
		return lose(h, -EBADMSG);
	}
}

void http1_eof(struct http1 *h)
{
	enum http_end how = HTTP_END_TRUNCATED;

	if (h->state == BODY_UNTIL_CLOSE || h->state == RAW)
		how = HTTP_END_CLOSED;
	else if (h->state == TRAILER) /* the last chunk has come: RFC 9112, section 8 */
		how = HTTP_END_COMPLETE;
	if (is_open(h))
		end_message(h, how);
	else
		restart(h);
}

void http1_resync(struct http1 *h)
{
	lose(h, 0);
	h->state = START;
}
