/* SPDX-License-Identifier: Apache-2.0 */
#include "sse.h"

#include <errno.h>
#include <string.h>

#define BUFFER_KEPT (64 * 1024) /* memory of each buffer kept from event to event */

void sse_init(struct sse *s, size_t event_max, sse_event_fn event, void *ctx)
{
	*s = (struct sse){
		.event = event,
		.ctx = ctx,
		.line = BUF_INIT(event_max),
		.data = BUF_INIT(event_max),
		.type = BUF_INIT(event_max),
		.id = BUF_INIT(event_max),
		.event_max = event_max,
		.first_line = true,
	};
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->type);
	buf_release(&s->id);
}

static void forget_event(struct sse *s)
{
	s->now = (struct sse_event){ 0 };
	s->event_len = 0;
	buf_reset(&s->line, BUFFER_KEPT);
	buf_reset(&s->data, BUFFER_KEPT);
	buf_reset(&s->type, BUFFER_KEPT);
	buf_reset(&s->id, BUFFER_KEPT);
}

/* Drops the event being read; `in_line` says whether bytes of its current line came. */
static void drop_event(struct sse *s, uint64_t *count, bool in_line)
{
	forget_event(s);
	s->first_line = false;
	s->dropping = true;
	s->in_line = in_line;
	++*count;
}

static void dispatch(struct sse *s)
{
	/* An event without a data line is none (the specification says so). */
	if (s->now.data.data)
		s->event(s->ctx, &s->now);
	forget_event(s);
}

/* Makes a slice of the current event outlive what it points into. */
static int keep(struct buf *own, struct slice *s)
{
	if (!s->data || s->data == own->data)
		return 0;
	buf_reset(own, BUFFER_KEPT);
	buf_add_slice(own, *s);
	*s = buf_slice(own);
	return buf_error(own);
}

static int keep_event(struct sse *s)
{
	int r = keep(&s->data, &s->now.data);

	r = r ? r : keep(&s->type, &s->now.type);
	return r ? r : keep(&s->id, &s->now.id);
}

static int add_data(struct sse *s, struct slice value)
{
	int r;

	if (!s->now.data.data) {
		s->now.data = value;
		return 0;
	}
	r = keep(&s->data, &s->now.data);
	if (r)
		return r;
	buf_add_char(&s->data, '\n');
	r = buf_add_slice(&s->data, value);
	s->now.data = buf_slice(&s->data);
	return r;
}

static int take_field(struct sse *s, struct slice line)
{
	struct slice value = line, name = slice_cut(&value, ':');

	if (!value.data) /* a line without a colon is a field with an empty value */
		value = SLICE("");
	else if (value.len && value.data[0] == ' ')
		value = slice_sub(value, 1, value.len);
	if (slice_eq(name, SLICE("data")))
		return add_data(s, value);
	if (slice_eq(name, SLICE("event")))
		s->now.type = value.len ? value : SLICE_NONE;
	else if (slice_eq(name, SLICE("id")) && slice_find_char(value, '\0') < 0)
		s->now.id = value;
	return 0;
}

/* One whole line, without its end. */
static int take_line(struct sse *s, struct slice line)
{
	s->event_len += line.len;
	if (s->event_len > s->event_max) {
		drop_event(s, &s->oversized, false);
		return 0;
	}
	if (s->first_line && slice_starts(line, SLICE("\xef\xbb\xbf")))
		line = slice_sub(line, 3, line.len);
	s->first_line = false;
	if (line.len)
		return take_field(s, line);
	dispatch(s);
	return 0;
}

/* The rest of a line whose beginning came with earlier feeds. */
static int take_split_line(struct sse *s, struct slice rest)
{
	int r = 0;

	/* Against the ceiling first: the buffer has the same one, and would call it an error. */
	if (rest.len > s->event_max - s->line.len)
		drop_event(s, &s->oversized, false);
	else
		r = buf_add_slice(&s->line, rest);
	if (!r && !s->dropping)
		r = take_line(s, buf_slice(&s->line));
	if (!r)
		r = keep_event(s);
	buf_reset(&s->line, BUFFER_KEPT);
	return r;
}

/* The rest of a feed, in which no line ends. */
static int take_part(struct sse *s, struct slice part)
{
	if (s->dropping) {
		s->in_line = true;
		return 0;
	}
	if (part.len > s->event_max - s->event_len - s->line.len) {
		drop_event(s, &s->oversized, true);
		return 0;
	}
	return buf_add_slice(&s->line, part);
}

static int end_line(struct sse *s, struct slice line)
{
	if (!s->dropping)
		return s->line.len ? take_split_line(s, line) : take_line(s, line);
	if (!s->in_line && !line.len)
		s->dropping = false;
	s->in_line = false;
	return 0;
}

/* First CR or LF from `at` on. *lf remembers the next LF, so that a feed with CR ends
 * only is not searched to its end for every line. */
static const char *line_end(const char *at, const char *end, const char **lf)
{
	const char *cr;

	if (!*lf || *lf < at)
		*lf = memchr(at, '\n', (size_t)(end - at));
	if (!*lf)
		*lf = end;
	cr = memchr(at, '\r', (size_t)(*lf - at));
	return cr ? cr : *lf < end ? *lf : NULL;
}

int sse_feed(struct sse *s, const void *data, size_t len)
{
	const char *at = data, *end = at + len, *lf = NULL;
	int failed = 0, r;

	while (at < end) {
		const char *eol;

		if (s->after_cr && *at == '\n')
			at++;
		s->after_cr = false;
		if (at == end)
			break;
		eol = line_end(at, end, &lf);
		if (eol)
			r = end_line(s, (struct slice){ at, (size_t)(eol - at) });
		else
			r = take_part(s, (struct slice){ at, (size_t)(end - at) });
		if (r) {
			drop_event(s, &s->damaged, !eol);
			failed = r;
		}
		s->after_cr = eol && *eol == '\r';
		at = eol ? eol + 1 : end;
	}
	r = keep_event(s);
	if (r) {
		drop_event(s, &s->damaged, s->line.len > 0);
		failed = r;
	}
	return failed;
}

void sse_hole(struct sse *s, uint64_t len)
{
	(void)len;
	s->after_cr = false;
	if (!s->dropping)
		drop_event(s, &s->damaged, true);
	/* The hole may have ended within a line: a line end now is not yet a blank line. */
	s->in_line = true;
}

void sse_eof(struct sse *s)
{
	if (!s->dropping && s->line.len && take_split_line(s, SLICE("")))
		drop_event(s, &s->damaged, false);
	if (!s->dropping)
		dispatch(s);
	forget_event(s);
	s->dropping = false;
	s->after_cr = false;
	s->first_line = true;
}
