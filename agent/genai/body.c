/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"

#include "cleanup.h"

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

void body_set_coding(struct body *b, struct slice coding, uint64_t out_max)
{
	int r;

	if (!coding.len || slice_eq_nocase(coding, SLICE("identity")) || b->inflate)
		return;
	r = inflate_new(&b->inflate, coding, out_max, b->out, b->ctx);
	if (r)
		body_stop(b, r == -ENOMEM ? "memory" : "coding_unknown");
}

void body_feed(struct body *b, struct slice data)
{
	int r;

	if (b->reason)
		return;
	if (!b->inflate) {
		b->out(b->ctx, data);
		return;
	}
	r = inflate_feed(b->inflate, data.data, data.len);
	if (r)
		body_stop(b, r == -ENOMEM    ? "memory"
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
