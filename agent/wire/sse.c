/* SPDX-License-Identifier: Apache-2.0 */
#include "sse.h"

#include "cleanup.h"

#include <errno.h>

#define KEEP 4096 /* bytes of buffer kept from one event to the next */

enum sse_state {
	SSE_START,   /* nothing seen: a BOM may come */
	SSE_LINE,    /* in a line */
	SSE_AFTER_CR, /* a LF here belongs to the CR before it */
};

enum { SSE_FLAG_MASK = 0xff, SSE_DROP = 0x100 /* this event is not whole: not delivered */, SSE_NO_MEMORY = 0x200 };

void sse_init(struct sse *s, size_t event_max, sse_event_fn event, void *ctx)
{
	*s = (struct sse){
		.event = event,
		.ctx = ctx,
		.line = BUF_INIT(event_max),
		.data = BUF_INIT(event_max),
		.type = BUF_INIT(MIN(event_max, 1024)),
		.id = BUF_INIT(MIN(event_max, 1024)),
		.state = SSE_START,
	};
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->type);
	buf_release(&s->id);
}

static void set_state(struct sse *s, enum sse_state state)
{
	s->state = (s->state & ~SSE_FLAG_MASK) | (int)state;
}

static void forget_event(struct sse *s)
{
	s->has_data = false;
	s->state &= ~SSE_DROP; /* that memory ran out is not forgotten */
	buf_reset(&s->data, KEEP);
	buf_reset(&s->type, KEEP);
}

/* The id outlives its event, as the standard has it. */
static void dispatch(struct sse *s)
{
	bool over = buf_error(&s->data) == -ENOBUFS || buf_error(&s->type) == -ENOBUFS;

	if (buf_error(&s->data) == -ENOMEM || buf_error(&s->type) == -ENOMEM)
		s->state |= SSE_DROP | SSE_NO_MEMORY;

	if (over && !(s->state & SSE_DROP))
		s->oversized++;
	else if (s->has_data && !(s->state & SSE_DROP) && !buf_error(&s->data)) {
		const struct sse_event event = {
			.type = s->type.len ? buf_slice(&s->type) : SLICE_NONE,
			.id = s->id.len ? buf_slice(&s->id) : SLICE_NONE,
			.data = buf_slice(&s->data),
		};

		s->event(s->ctx, &event);
	}
	forget_event(s);
}

static void set_field(struct sse *s, struct slice name, struct slice value)
{
	if (slice_eq(name, SLICE("data"))) {
		if (s->has_data)
			buf_add_char(&s->data, '\n');
		s->has_data = true;
		buf_add_slice(&s->data, value);
	} else if (slice_eq(name, SLICE("event"))) {
		buf_reset(&s->type, KEEP);
		buf_add_slice(&s->type, value);
	} else if (slice_eq(name, SLICE("id")) && slice_find_char(value, '\0') < 0) {
		buf_reset(&s->id, KEEP);
		buf_add_slice(&s->id, value);
	}
}

static void end_line(struct sse *s, struct slice line)
{
	struct slice value = line, name;

	if (!line.len) {
		dispatch(s);
		return;
	}
	name = slice_cut(&value, ':');
	if (!value.data)
		value = SLICE("");
	if (slice_starts(value, SLICE(" ")))
		value = slice_sub(value, 1, value.len);
	set_field(s, name, value);
}

/* A line that came in pieces, or that is over the ceiling. */
static void end_split_line(struct sse *s, struct slice tail)
{
	buf_add_slice(&s->line, tail);
	if (buf_error(&s->line)) {
		if (buf_error(&s->line) == -ENOMEM)
			s->state |= SSE_NO_MEMORY;
		else if (!(s->state & SSE_DROP))
			s->oversized++;
		s->state |= SSE_DROP;
	} else {
		end_line(s, buf_slice(&s->line));
	}
	buf_reset(&s->line, KEEP);
}

static bool take_bom(struct sse *s, struct slice *in)
{
	static const char bom[] = "\xef\xbb\xbf";

	while (in->len && s->line.len < 3 && in->data[0] == bom[s->line.len]) {
		buf_add_char(&s->line, in->data[0]);
		*in = slice_sub(*in, 1, in->len);
	}
	if (s->line.len == 3) {
		buf_reset(&s->line, KEEP);
		set_state(s, SSE_LINE);
	} else if (in->len) {
		set_state(s, SSE_LINE); /* what looked like a BOM begins a line */
	}
	return in->len > 0;
}

/* Index of the first CR or LF, or len. */
static size_t line_len(struct slice in)
{
	const char *lf = memchr(in.data, '\n', in.len);
	size_t len = lf ? (size_t)(lf - in.data) : in.len;
	const char *cr = memchr(in.data, '\r', len);

	return cr ? (size_t)(cr - in.data) : len;
}

int sse_feed(struct sse *s, const void *data, size_t len)
{
	struct slice in = { data, len };

	if (!len || ((s->state & SSE_FLAG_MASK) == SSE_START && !take_bom(s, &in)))
		return 0;
	while (in.len) {
		size_t n;

		if ((s->state & SSE_FLAG_MASK) == SSE_AFTER_CR) {
			set_state(s, SSE_LINE);
			if (in.data[0] == '\n') {
				in = slice_sub(in, 1, in.len);
				continue;
			}
		}
		n = line_len(in);
		if (n == in.len) {
			buf_add_slice(&s->line, in);
			break;
		}
		set_state(s, in.data[n] == '\r' ? SSE_AFTER_CR : SSE_LINE);
		if (s->line.len || buf_error(&s->line))
			end_split_line(s, slice_sub(in, 0, n));
		else
			end_line(s, slice_sub(in, 0, n));
		in = slice_sub(in, n + 1, in.len);
	}
	if (buf_error(&s->line) == -ENOMEM || buf_error(&s->data) == -ENOMEM)
		s->state |= SSE_NO_MEMORY;
	return s->state & SSE_NO_MEMORY ? -ENOMEM : 0;
}

void sse_hole(struct sse *s, uint64_t len)
{
	if (!len)
		return;
	/* The bytes may have ended this event and begun another: neither can be told. */
	if (!(s->state & SSE_DROP))
		s->damaged++;
	s->state |= SSE_DROP;
	buf_reset(&s->line, KEEP);
	buf_add_char(&s->line, ':'); /* the rest of the cut line is no field */
	set_state(s, SSE_LINE);
}

void sse_eof(struct sse *s)
{
	if (s->line.len || buf_error(&s->line))
		end_split_line(s, SLICE(""));
	dispatch(s);
	set_state(s, SSE_START);
}
