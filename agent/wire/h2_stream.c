/* SPDX-License-Identifier: Apache-2.0 */
#include "h2_stream.h"

#include "h2_head.h"

#include <errno.h>

/* A damaged stream that has been silent while so many others came and went has most
 * likely ended in what was lost. */
#define STALE_AFTER 32

static struct h2_stream *find(const struct h2 *h, uint32_t id)
{
	return table_get(&h->streams, &id, sizeof(id));
}

static void end_half(struct h2 *h, struct h2_stream *s, int dir, enum http_end how)
{
	if (s->half[dir] == H2_OPEN)
		h->sink.end(h->sink.ctx, s, dir, how);
	s->half[dir] = H2_ENDED;
}

/* Ends what is open of a stream that is out of the table already, and frees it. */
static void finish(struct h2 *h, struct h2_stream *s, bool reset)
{
	for (int dir = 0; dir < 2; dir++)
		end_half(h, s, dir, s->damaged[dir] && !reset ? HTTP_END_LOST : HTTP_END_TRUNCATED);
	if (s->damaged[0] || s->damaged[1])
		h->n_damaged--;
	h->closed++;
	h->sink.closed(h->sink.ctx, s);
	free(s);
}

static int pick_stale(void *value, void *arg)
{
	struct h2_stream *s = value;
	struct h2 *h = arg;

	if (!(s->damaged[0] || s->damaged[1]) || h->closed - s->last < STALE_AFTER)
		return 0;
	finish(h, s, false);
	return 1;
}

static void close_stream(struct h2 *h, struct h2_stream *s, bool reset)
{
	table_take(&h->streams, &s->id, sizeof(s->id));
	finish(h, s, reset);
	if (h->n_damaged)
		table_sweep(&h->streams, pick_stale, h);
}

static struct h2_stream *open_stream(struct h2 *h, uint32_t id)
{
	struct h2_stream *s;

	if (h->streams.count == h->streams.max) {
		h->stats.streams_evicted++;
		finish(h, table_take_oldest(&h->streams), false);
	}
	h->last_id = id;
	s = calloc(1, sizeof(*s));
	if (!s || table_add(&h->streams, &id, sizeof(id), s)) {
		h->stats.no_memory++;
		free(s);
		return NULL;
	}
	s->id = id;
	return s;
}

static void give_head(struct h2 *h, struct h2_stream *s, int dir, struct http_head *head)
{
	head->response = dir != h->client;
	s->half[dir] = H2_OPEN;
	h->sink.head(h->sink.ctx, s, dir, head);
}

/* A body begins: there was a head, then, even if nothing of it could be read. */
static bool has_head(struct h2 *h, struct h2_stream *s, int dir)
{
	if (s->half[dir] == H2_IDLE) {
		struct http_head empty = { .version = 20, .inferred = true };

		give_head(h, s, dir, &empty);
		if (s->damaged[dir])
			h->sink.hole(h->sink.ctx, s, dir, 0);
	}
	return s->half[dir] == H2_OPEN;
}

static void learn_client(struct h2 *h, int dir, const struct http_head *head)
{
	if (h2_head_is_request(head))
		h->client = dir;
	else if (head->response)
		h->client = !dir;
}

/* Joined midway, the first block of a stream that is seen may be its trailers. */
static bool may_begin(const struct h2 *h, uint32_t id, const struct http_head *head)
{
	return id & 1 && id > h->last_id && (h2_head_is_request(head) || head->inferred);
}

void h2_stream_head(struct h2 *h, int dir, uint32_t id, struct http_head *head, bool readable,
		    bool end_stream)
{
	struct h2_stream *s = find(h, id);

	if (h->client == H2_ROLE_UNKNOWN)
		learn_client(h, dir, head);
	if (!s && dir == h->client && may_begin(h, id, head))
		s = open_stream(h, id);
	if (!s)
		return;
	s->last = h->closed;
	if (s->half[dir] == H2_OPEN) {
		if (end_stream && head->n_fields && h->sink.trailers)
			h->sink.trailers(h->sink.ctx, s, dir, head);
	} else if (s->half[dir] == H2_IDLE &&
		   (end_stream || dir == h->client || (readable && head->status / 100 != 1))) {
		/* One that cannot be read may be informational: the first DATA decides. */
		give_head(h, s, dir, head);
	}
	if (end_stream)
		h2_stream_end(h, dir, id);
}

void h2_stream_data(struct h2 *h, int dir, uint32_t id, struct slice data)
{
	struct h2_stream *s = find(h, id);

	if (!s || !has_head(h, s, dir))
		return;
	s->last = h->closed;
	h->sink.body(h->sink.ctx, s, dir, data);
}

static void mark_damaged(struct h2 *h, struct h2_stream *s, int dir)
{
	h->n_damaged += !(s->damaged[0] || s->damaged[1]);
	s->damaged[dir] = true;
}

void h2_stream_hole(struct h2 *h, int dir, uint32_t id, uint64_t len)
{
	struct h2_stream *s = find(h, id);

	if (s && has_head(h, s, dir))
		h->sink.hole(h->sink.ctx, s, dir, len);
}

void h2_stream_end(struct h2 *h, int dir, uint32_t id)
{
	struct h2_stream *s = find(h, id);

	if (!s)
		return;
	has_head(h, s, dir);
	end_half(h, s, dir, HTTP_END_COMPLETE);
	/* Nobody answers in full and then waits for a request whose end was lost. */
	if (dir != h->client && s->damaged[!dir])
		end_half(h, s, !dir, HTTP_END_LOST);
	if (s->half[!dir] == H2_ENDED)
		close_stream(h, s, false);
}

void h2_stream_reset(struct h2 *h, uint32_t id)
{
	struct h2_stream *s = find(h, id);

	if (s)
		close_stream(h, s, true);
}

struct each_arg {
	struct h2 *h;
	int dir;
	uint32_t last;
};

static int pick_unprocessed(void *value, void *arg)
{
	struct h2_stream *s = value;
	struct each_arg *a = arg;

	if (s->id <= a->last)
		return 0;
	finish(a->h, s, true);
	return 1;
}

void h2_stream_goaway(struct h2 *h, int dir, uint32_t last)
{
	struct each_arg arg = { .h = h, .last = last };

	if (h->client == !dir)
		table_sweep(&h->streams, pick_unprocessed, &arg);
}

static int damage(void *value, void *arg)
{
	struct h2_stream *s = value;
	struct each_arg *a = arg;

	if (s->half[a->dir] == H2_ENDED)
		return 0;
	mark_damaged(a->h, s, a->dir);
	if (s->half[a->dir] == H2_OPEN)
		a->h->sink.hole(a->h->sink.ctx, s, a->dir, 0);
	return 0;
}

void h2_stream_all_damaged(struct h2 *h, int dir)
{
	struct each_arg arg = { .h = h, .dir = dir };

	table_each(&h->streams, damage, &arg);
}

static int pick_all(void *value, void *arg)
{
	finish(arg, value, false);
	return 1;
}

void h2_stream_all_end(struct h2 *h)
{
	table_sweep(&h->streams, pick_all, h);
}

static int pick_silently(void *value, void *arg)
{
	struct h2 *h = arg;

	h->sink.closed(h->sink.ctx, value);
	free(value);
	return 1;
}

void h2_stream_release(struct h2 *h)
{
	table_sweep(&h->streams, pick_silently, h);
	table_release(&h->streams, NULL);
}

int h2_stream_adopt(struct h2 *h, void *user)
{
	struct h2_stream *s = open_stream(h, 1);

	if (!s)
		return -ENOMEM;
	s->user = user;
	s->half[h->client] = H2_ENDED;
	return 0;
}
