/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstream.h"

#include "cleanup.h"

#include <errno.h>
#include <zlib.h>

#define PART_KEEP 16384 /* bytes that an idle buffer keeps */

void eventstream_init(struct eventstream *e, size_t message_max, eventstream_fn message, void *ctx)
{
	*e = (struct eventstream){ .message = message, .ctx = ctx };
	buf_init(&e->part, message_max);
}

void eventstream_release(struct eventstream *e)
{
	buf_release(&e->part);
}

static uint32_t get_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static uint32_t crc(const char *p, size_t len)
{
	return (uint32_t)crc32_z(0, (const Bytef *)p, len);
}

/* Length of the message that begins here, or 0 when this is no prelude. */
static size_t measure(const char *p)
{
	uint32_t total = get_u32(p), headers = get_u32(p + 4);

	if (total < EVENTSTREAM_OVERHEAD || total > EVENTSTREAM_MESSAGE_MAX ||
	    headers > EVENTSTREAM_HEADERS_MAX || headers > total - EVENTSTREAM_OVERHEAD)
		return 0;
	return crc(p, 8) == get_u32(p + 8) ? total : 0;
}

static void give(struct eventstream *e, struct slice m)
{
	size_t headers = get_u32(m.data + 4);
	struct eventstream_message message = {
		.headers = slice_sub(m, EVENTSTREAM_PRELUDE, headers),
		.payload = slice_sub(m, EVENTSTREAM_PRELUDE + headers,
				     m.len - EVENTSTREAM_OVERHEAD - headers),
	};

	if (crc(m.data, m.len - 4) != get_u32(m.data + m.len - 4))
		e->bad_crc++;
	else
		e->message(e->ctx, &message);
}

/* Takes from data, at a message's beginning, what can be told: whole messages and what
 * is skipped. Returns 0 when more bytes are needed. */
static size_t take(struct eventstream *e, struct slice data)
{
	size_t total;

	if (data.len < EVENTSTREAM_PRELUDE)
		return 0;
	total = measure(data.data);
	if (!total) {
		e->bad_prelude += !e->seeking;
		e->seeking = true;
		return 1;
	}
	e->seeking = false;
	if (total > e->part.max) {
		e->oversized++;
		e->skip = total;
		return MIN(total, data.len);
	}
	if (data.len < total)
		return 0;
	give(e, slice_sub(data, 0, total));
	return total;
}

/* How many bytes the message in `part` needs before take() can say more of it. */
static size_t wanted(const struct eventstream *e)
{
	if (e->part.len < EVENTSTREAM_PRELUDE)
		return EVENTSTREAM_PRELUDE - e->part.len;
	return get_u32(e->part.data) - e->part.len;
}

/* `part` holds the beginning of a message: adds to it as much as it needs. */
static int feed_part(struct eventstream *e, struct slice *rest)
{
	size_t n = MIN(wanted(e), rest->len), used;
	int r = buf_add(&e->part, rest->data, n);

	if (r < 0) {
		/* Without memory the message is skipped; its length is known or unknowable. */
		if (e->part.len >= EVENTSTREAM_PRELUDE)
			e->skip = get_u32(e->part.data) - e->part.len;
		else
			e->seeking = true;
		buf_reset(&e->part, PART_KEEP);
		return r;
	}
	*rest = slice_sub(*rest, n, rest->len);
	while ((used = take(e, buf_slice(&e->part)))) {
		e->skip -= MIN(e->skip, used);
		buf_drop(&e->part, used);
	}
	if (!e->part.len)
		buf_reset(&e->part, PART_KEEP);
	return 0;
}

int eventstream_feed(struct eventstream *e, const void *data, size_t len)
{
	struct slice rest = { data, len };
	int result = 0;

	while (rest.len) {
		size_t used;
		int r;

		if (e->skip) {
			used = MIN(e->skip, rest.len);
			e->skip -= used;
		} else if (e->part.len) {
			r = feed_part(e, &rest);
			result = r ? r : result;
			continue;
		} else {
			used = take(e, rest);
			e->skip -= MIN(e->skip, used);
		}
		if (!used) {
			r = buf_add_slice(&e->part, rest);
			if (r < 0) {
				buf_reset(&e->part, PART_KEEP);
				e->seeking = true;
				return r;
			}
			used = rest.len;
		}
		rest = slice_sub(rest, used, rest.len);
	}
	return result;
}

void eventstream_hole(struct eventstream *e, uint64_t len)
{
	size_t left = e->part.len >= EVENTSTREAM_PRELUDE ? wanted(e) : 0;

	if (!len)
		return;
	if (e->skip)
		left = e->skip;
	else if (!e->seeking)
		e->damaged++;
	buf_reset(&e->part, PART_KEEP);
	e->skip = len <= left ? left - len : 0;
	e->seeking = e->seeking || len > left;
}

/* ---- Headers ------------------------------------------------------------------------ */

static int64_t get_integer(const char *p, size_t len)
{
	uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | (unsigned char)p[i];
	return (int64_t)value;
}

static bool cut(struct slice *rest, size_t len, struct slice *ret)
{
	if (rest->len < len)
		return false;
	*ret = slice_sub(*rest, 0, len);
	*rest = slice_sub(*rest, len, rest->len);
	return true;
}

int eventstream_header_next(struct slice *rest, struct eventstream_header *ret)
{
	/* Bytes of the value; for those of variable length, of the length in front. */
	static const uint8_t lens[] = { 0, 0, 1, 2, 4, 8, 2, 2, 8, 16 };
	struct eventstream_header h = { 0 };
	struct slice part;
	size_t type;

	if (!rest->len)
		return 0;
	if (!cut(rest, 1, &part) || !cut(rest, (unsigned char)part.data[0], &h.name) ||
	    !cut(rest, 1, &part))
		return -EBADMSG;
	type = (unsigned char)part.data[0];
	if (type >= ARRAY_LEN(lens) || !cut(rest, lens[type], &part))
		return -EBADMSG;
	h.type = (enum eventstream_type)type;
	if (h.type == EVENTSTREAM_BYTES || h.type == EVENTSTREAM_STRING) {
		if (!cut(rest, (size_t)(get_integer(part.data, 2) & 0xffff), &h.bytes))
			return -EBADMSG;
	} else if (h.type == EVENTSTREAM_UUID) {
		h.bytes = part;
	} else {
		h.number = part.len ? get_integer(part.data, part.len) : h.type == EVENTSTREAM_TRUE;
	}
	*ret = h;
	return 1;
}

struct slice eventstream_get(const struct eventstream_message *m, struct slice name)
{
	struct slice rest = m->headers;
	struct eventstream_header h;

	while (eventstream_header_next(&rest, &h) == 1)
		if (h.type == EVENTSTREAM_STRING && slice_eq(h.name, name))
			return h.bytes;
	return SLICE_NONE;
}
