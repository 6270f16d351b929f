/* SPDX-License-Identifier: Apache-2.0 */
#include "resync.h"

#include "cleanup.h"

#include <errno.h>

void resync_init(struct resync *r, resync_measure_fn measure, void *ctx, size_t chain)
{
	*r = (struct resync){ .measure = measure, .ctx = ctx, .chain = chain };
	buf_init(&r->held, RESYNC_HELD_MAX);
}

void resync_release(struct resync *r)
{
	buf_release(&r->held);
	r->n_marks = r->next = r->n_frames = 0;
	r->end = 0;
}

/* The candidate is refused: the next record start becomes one. */
static void refuse(struct resync *r)
{
	size_t skip = r->n_marks > 1 ? r->marks[1] : 0;

	if (!skip) {
		resync_release(r);
		return;
	}
	buf_drop(&r->held, skip);
	r->end -= MIN(r->end, skip);
	r->n_marks--;
	for (size_t i = 0; i < r->n_marks; i++)
		r->marks[i] = r->marks[i + 1] - skip;
	r->next = r->n_frames = 0;
}

static bool is_edge(const struct resync *r, size_t at)
{
	if (at == r->end)
		return true;
	for (size_t i = 1; i < r->n_marks; i++)
		if (r->marks[i] == at)
			return true;
	return false;
}

/* Follows the chain as far as the held bytes go. 1 found, 0 not yet. */
static int follow(struct resync *r)
{
	while (r->n_marks) {
		ssize_t len;

		if (r->n_frames && is_edge(r, r->next))
			return 1;
		if (r->next > r->held.len)
			return 0;
		len = r->measure(r->ctx, r->held.data + r->next, r->held.len - r->next);
		if (len == -EAGAIN)
			return 0;
		if (len < 0) {
			refuse(r);
			continue;
		}
		if (++r->n_frames == r->chain)
			return 1;
		r->next += (size_t)len;
		if (r->next >= RESYNC_HELD_MAX)
			refuse(r);
	}
	return 0;
}

int resync_mark(struct resync *r, uint64_t len)
{
	if (__builtin_add_overflow(r->held.len, len, &r->end) || !len)
		r->end = 0;
	if (r->n_marks && r->marks[r->n_marks - 1] == r->held.len)
		return 0; /* the one before was empty */
	if (r->n_marks == RESYNC_MARKS_MAX)
		r->n_marks--;
	r->marks[r->n_marks++] = r->held.len;
	return r->n_marks > 1 ? follow(r) : 0;
}

int resync_feed(struct resync *r, const void *data, size_t len, size_t *ret_used)
{
	size_t used = 0;

	*ret_used = len;
	while (used < len && r->n_marks) {
		/* Up to the next header at once, then byte by byte: no more is held than
		 * the decision needs. */
		size_t part = r->next > r->held.len ? MIN(r->next - r->held.len, len - used) : 1;

		if (buf_add(&r->held, (const char *)data + used, part)) {
			int error = buf_error(&r->held);

			resync_release(r);
			return error == -ENOMEM ? error : 0;
		}
		used += part;
		if (follow(r)) {
			*ret_used = used;
			return 1;
		}
	}
	return 0;
}

struct buf resync_take(struct resync *r)
{
	struct buf held = r->held;

	buf_init(&r->held, RESYNC_HELD_MAX);
	resync_release(r);
	return held;
}
