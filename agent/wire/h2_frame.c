/* SPDX-License-Identifier: Apache-2.0 */
#include "h2_frame.h"

#include "cleanup.h"

#include <errno.h>

enum where { ON_STREAM = 1, ON_CONNECTION = 2, ANYWHERE = 3 };

/* RFC 9113, section 6: the rules that a header alone shows. */
static const struct rule {
	uint8_t flags; /* those defined */
	uint8_t where;
	uint8_t length_min;
	uint8_t length_exact; /* 0: any */
	uint8_t length_unit;
} rules[] = {
	[H2_DATA] = { H2_END_STREAM | H2_PADDED, ON_STREAM, 0, 0, 1 },
	[H2_HEADERS] = { H2_END_STREAM | H2_END_HEADERS | H2_PADDED | H2_PRIORITIZED, ON_STREAM, 0,
			 0, 1 },
	[H2_PRIORITY] = { 0, ON_STREAM, 0, 5, 1 },
	[H2_RST_STREAM] = { 0, ON_STREAM, 0, 4, 1 },
	[H2_SETTINGS] = { H2_ACK, ON_CONNECTION, 0, 0, 6 },
	[H2_PUSH_PROMISE] = { H2_END_HEADERS | H2_PADDED, ON_STREAM, 4, 0, 1 },
	[H2_PING] = { H2_ACK, ON_CONNECTION, 0, 8, 1 },
	[H2_GOAWAY] = { 0, ON_CONNECTION, 8, 0, 1 },
	[H2_WINDOW_UPDATE] = { 0, ANYWHERE, 0, 4, 1 },
	[H2_CONTINUATION] = { H2_END_HEADERS, ON_STREAM, 0, 0, 1 },
};

struct h2_frame h2_frame_parse(const void *header)
{
	const uint8_t *p = header;

	return (struct h2_frame){
		.length = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2],
		.type = p[3],
		.flags = p[4],
		.stream = (uint32_t)(p[5] & 0x7f) << 24 | (uint32_t)p[6] << 16 |
			  (uint32_t)p[7] << 8 | p[8],
	};
}

uint32_t h2_frame_prefix(const struct h2_frame *f)
{
	uint32_t len = 0;

	if (f->type == H2_DATA || f->type == H2_HEADERS || f->type == H2_PUSH_PROMISE)
		len += f->flags & H2_PADDED ? 1 : 0;
	if (f->type == H2_HEADERS)
		len += f->flags & H2_PRIORITIZED ? 5 : 0;
	if (f->type == H2_PUSH_PROMISE)
		len += 4;
	return len;
}

bool h2_frame_legal(const struct h2_frame *f, uint32_t length_max)
{
	const struct rule *rule;

	if (f->length > length_max)
		return false;
	if (f->type >= ARRAY_LEN(rules))
		return true; /* extensions are skipped (section 5.5) */
	rule = &rules[f->type];
	if (!(rule->where & (f->stream ? ON_STREAM : ON_CONNECTION)))
		return false;
	if (rule->length_exact && f->length != rule->length_exact)
		return false;
	if (f->type == H2_SETTINGS && f->flags & H2_ACK && f->length)
		return false;
	return f->length >= rule->length_min && f->length % rule->length_unit == 0 &&
	       f->length >= h2_frame_prefix(f);
}

ssize_t h2_frame_measure(void *ctx, const void *data, size_t len)
{
	struct h2_frame f;

	(void)ctx;
	if (len < H2_FRAME_HEADER)
		return -EAGAIN;
	f = h2_frame_parse(data);
	if (f.type >= ARRAY_LEN(rules) || f.flags & ~rules[f.type].flags ||
	    ((const uint8_t *)data)[5] & 0x80)
		return -EBADMSG;
	/* Larger ones exist, but holding them is not worth it: the next small one will do. */
	if (!h2_frame_legal(&f, H2_FRAME_DEFAULT))
		return -EBADMSG;
	return H2_FRAME_HEADER + (ssize_t)f.length;
}
