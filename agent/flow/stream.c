/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include "cleanup.h"

struct stream_held {
	struct stream_held *next;
	struct gentap_event ev;
	char data[];
};

void stream_init(struct stream *s, const struct stream_sink *sink)
{
	*s = (struct stream){ .sink = *sink };
}

void stream_release(struct stream *s)
{
	while (s->held) {
		struct stream_held *next = s->held->next;

		free(s->held);
		s->held = next;
	}
	s->n_held = 0;
	s->held_bytes = 0;
}

bool stream_sound(const struct gentap_event *ev, size_t len)
{
	uint64_t end;

	return ev->type >= GENTAP_EV_DATA && ev->type <= GENTAP_EV_HELLO &&
	       ev->dir <= GENTAP_READ && ev->data_len <= GENTAP_CHUNK_MAX &&
	       ev->data_len <= len - sizeof(*ev) &&
	       !(ev->flags & GENTAP_F_NOCOPY && ev->data_len) &&
	       !__builtin_add_overflow(ev->pos, ev->call_len, &end) &&
	       !__builtin_add_overflow(ev->pos, ev->data_len, &end);
}

static int32_t seq_distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static void skip_to(struct stream *s, uint64_t pos, uint64_t ts_ns)
{
	uint64_t len;

	if (pos <= s->pos)
		return;
	len = pos - s->pos;
	s->pos = pos;
	s->sink.hole(s->sink.ctx, len, ts_ns);
}

/* In order by now, or as much in order as it will ever be. */
static void deliver(struct stream *s, const struct gentap_event *ev, struct slice data)
{
	bool first = ev->flags & GENTAP_F_FIRST;
	uint64_t overlap;

	s->lost_records += ev->seq - s->seq;
	s->started = true;
	s->seq = ev->seq + 1;
	skip_to(s, ev->pos, ev->ts_ns);
	if (first) {
		s->call_end = ev->pos + ev->call_len;
		s->in_call = ev->call_len >= ev->data_len;
	} else if (s->in_call && ev->pos >= s->call_end) {
		s->in_call = false; /* of a later call, whose first record was lost */
	}
	overlap = s->pos - ev->pos;
	if (overlap < data.len) {
		data = slice_sub(data, (size_t)overlap, data.len);
		s->pos += data.len;
		s->sink.data(s->sink.ctx, data, first && !overlap, ev->ts_ns);
	}
	/* What the call transferred beyond its last record was not copied. */
	if (ev->flags & GENTAP_F_LAST && s->in_call) {
		s->in_call = false;
		skip_to(s, s->call_end, ev->ts_ns);
	}
}

static bool fits(const struct stream *s, const struct gentap_event *ev)
{
	return ev->seq == s->seq || ev->pos <= s->pos;
}

static void deliver_held(struct stream *s)
{
	struct stream_held *h = s->held;

	s->held = h->next;
	s->n_held--;
	s->held_bytes -= h->ev.data_len;
	if (seq_distance(s->seq, h->ev.seq) >= 0)
		deliver(s, &h->ev, (struct slice){ h->data, h->ev.data_len });
	free(h);
}

static void deliver_what_fits(struct stream *s)
{
	while (s->held && fits(s, &s->held->ev))
		deliver_held(s);
}

void stream_flush(struct stream *s)
{
	while (s->held)
		deliver_held(s);
}

void stream_flush_both(struct stream *a, struct stream *b)
{
	bool swap = stream_waits_since(b) < stream_waits_since(a);

	stream_flush(swap ? b : a);
	stream_flush(swap ? a : b);
}

void stream_end_both(struct stream *const sides[2], const struct gentap_event *close)
{
	const uint64_t ends[2] = { [GENTAP_WRITE] = close->pos, [GENTAP_READ] = close->call_len };

	stream_flush_both(sides[0], sides[1]);
	for (int dir = 0; dir < 2; dir++) {
		sides[dir]->lost_records += ends[dir] > sides[dir]->pos; /* one at least */
		skip_to(sides[dir], ends[dir], close->ts_ns);
	}
}

/* False without memory. */
static bool hold(struct stream *s, const struct gentap_event *ev, struct slice data)
{
	struct stream_held **at = &s->held, *h;

	while (*at && seq_distance((*at)->ev.seq, ev->seq) > 0)
		at = &(*at)->next;
	if (*at && (*at)->ev.seq == ev->seq)
		return true;
	h = malloc(sizeof(*h) + data.len);
	if (!h)
		return false;
	h->ev = *ev;
	if (data.len)
		memcpy(h->data, data.data, data.len);
	h->next = *at;
	*at = h;
	s->n_held++;
	s->held_bytes += data.len;
	return true;
}

static bool waited_enough(const struct stream *s, uint64_t now_ns)
{
	return s->n_held > STREAM_HELD_MAX || s->held_bytes > STREAM_HELD_BYTES ||
	       now_ns > s->held->ev.ts_ns + STREAM_HELD_NS;
}

void stream_record(struct stream *s, const struct gentap_event *ev, struct slice data)
{
	int32_t gap = seq_distance(s->seq, ev->seq);

	if (!s->started && (gap < 0 || gap > STREAM_HELD_MAX)) {
		s->rejoined = true;
		s->seq = ev->seq;
		s->pos = ev->pos;
		gap = 0;
	}
	if (gap < 0)
		return;
	if (fits(s, ev) || gap > STREAM_HELD_MAX) {
		if (gap > STREAM_HELD_MAX)
			stream_flush(s);
		deliver(s, ev, data);
	} else if (!hold(s, ev, data)) {
		stream_flush(s);
		deliver(s, ev, data);
	}
	deliver_what_fits(s);
	while (s->held && waited_enough(s, ev->ts_ns)) {
		deliver_held(s);
		deliver_what_fits(s);
	}
}

uint64_t stream_waits_since(const struct stream *s)
{
	return s->held ? s->held->ev.ts_ns : UINT64_MAX;
}
