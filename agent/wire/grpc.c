/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc.h"

#include "cleanup.h"

#include <errno.h>

#define KEEP 4096 /* bytes that an idle buffer keeps */

void grpc_init(struct grpc *g, struct slice coding, size_t message_max, grpc_message_fn message,
	       void *ctx)
{
	*g = (struct grpc){
		.message = message,
		.ctx = ctx,
		.packed_known =
			slice_eq(coding, SLICE("gzip")) || slice_eq(coding, SLICE("deflate")),
	};
	buf_init(&g->part, message_max + GRPC_PREFIX);
	buf_init(&g->plain, message_max);
}

void grpc_release(struct grpc *g)
{
	buf_release(&g->part);
	buf_release(&g->plain);
}

static size_t message_len(const char *prefix)
{
	const unsigned char *p = (const unsigned char *)prefix;

	return (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
}

static int give_packed(struct grpc *g, struct slice packed)
{
	struct unpack u;
	int r;

	unpack_init(&u, UNPACK_WRAPPED);
	r = g->packed_known ? unpack_add(&u, &packed, &g->plain) : -EBADMSG;
	unpack_release(&u);
	if (r == 1) {
		g->messages++;
		g->message(g->ctx, buf_slice(&g->plain));
	} else if (r == -ENOBUFS) {
		g->oversized++;
	} else {
		g->lost++;
	}
	buf_reset(&g->plain, KEEP);
	return r == -ENOMEM ? r : 0;
}

static int give(struct grpc *g, struct slice whole)
{
	struct slice message = slice_sub(whole, GRPC_PREFIX, whole.len);

	if (whole.data[0])
		return give_packed(g, message);
	g->messages++;
	g->message(g->ctx, message);
	return 0;
}

/* Looks at a prefix: the whole length of its message; 0 when it is none. */
static size_t measure(struct grpc *g, const char *prefix)
{
	if ((unsigned char)prefix[0] > 1) {
		g->ended = true;
		return 0;
	}
	return GRPC_PREFIX + message_len(prefix);
}

/* Adds to `part` up to `len` bytes in all. */
static int fill(struct grpc *g, size_t len, struct slice *rest)
{
	size_t n = MIN(len - g->part.len, rest->len);
	int r = buf_add(&g->part, rest->data, n);

	if (!r)
		*rest = slice_sub(*rest, n, rest->len);
	return r;
}

/* The message being collected cannot be kept. */
static int skip_message(struct grpc *g, size_t total, int error)
{
	g->skip = total - g->part.len;
	buf_reset(&g->part, KEEP);
	if (error == -ENOBUFS)
		g->oversized++;
	else
		g->lost++;
	return error == -ENOBUFS ? 0 : error;
}

/* A message that lies whole in *rest is given out there. 1 if there was one. */
static int give_whole(struct grpc *g, struct slice *rest)
{
	struct slice whole;
	size_t total;
	int r;

	if (g->part.len || rest->len < GRPC_PREFIX)
		return 0;
	total = measure(g, rest->data);
	if (!total)
		return -EBADMSG;
	if (total > rest->len || total > g->part.max)
		return 0;
	whole = slice_sub(*rest, 0, total);
	*rest = slice_sub(*rest, total, rest->len);
	r = give(g, whole);
	return r < 0 ? r : 1;
}

static int collect(struct grpc *g, struct slice *rest)
{
	size_t total;
	int r;

	if (g->part.len < GRPC_PREFIX) {
		r = fill(g, GRPC_PREFIX, rest);
		g->ended = r < 0;
		if (r < 0 || g->part.len < GRPC_PREFIX)
			return r;
	}
	total = measure(g, g->part.data);
	if (!total)
		return -EBADMSG;
	if (total > g->part.max)
		return skip_message(g, total, -ENOBUFS);
	r = fill(g, total, rest);
	if (r < 0)
		return skip_message(g, total, r);
	if (g->part.len == total) {
		r = give(g, buf_slice(&g->part));
		buf_reset(&g->part, KEEP);
	}
	return r;
}

/* A skipped part, a whole message, or what there is of one. */
static int step(struct grpc *g, struct slice *rest)
{
	size_t n = MIN(g->skip, rest->len);
	int r;

	if (n) {
		g->skip -= n;
		*rest = slice_sub(*rest, n, rest->len);
		return 0;
	}
	r = give_whole(g, rest);
	return r ? MIN(r, 0) : collect(g, rest);
}

int grpc_feed(struct grpc *g, const void *data, size_t len)
{
	struct slice rest = { data, len };
	int result = 0;

	while (rest.len && !g->ended) {
		int r = step(g, &rest);

		result = r ? r : result;
	}
	return result;
}

void grpc_hole(struct grpc *g, uint64_t len)
{
	size_t left = g->skip;

	if (!len || g->ended)
		return;
	if (g->part.len >= GRPC_PREFIX)
		left = GRPC_PREFIX + message_len(g->part.data) - g->part.len;
	g->lost += !g->skip;
	buf_reset(&g->part, KEEP);
	g->ended = len > left;
	g->skip = g->ended ? 0 : left - len;
}
