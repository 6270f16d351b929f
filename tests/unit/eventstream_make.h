/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: AWS event stream messages, made byte by byte. */
#ifndef TESTS_EVENTSTREAM_MAKE_H
#define TESTS_EVENTSTREAM_MAKE_H

#include "buf.h"
#include "eventstream.h"

#include <string.h>
#include <zlib.h>

static inline void add_u32(struct buf *b, uint32_t v)
{
	const char bytes[] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_add(b, bytes, 4);
}

static inline void add_crc(struct buf *b, size_t from)
{
	add_u32(b, (uint32_t)crc32(0, (const Bytef *)b->data + from, (uInt)(b->len - from)));
}

static inline void add_header(struct buf *b, const char *name, const char *value)
{
	buf_add_char(b, (char)strlen(name));
	buf_add_str(b, name);
	buf_add(b, "\x07\0", 2);
	buf_add_char(b, (char)strlen(value));
	buf_add_str(b, value);
}

/* A message with one or two headers of type string; `name` NULL: none. */
static inline void add_message_with(struct buf *b, const char *name, const char *value,
				    const char *name2, const char *value2, struct slice payload)
{
	struct buf headers = BUF_INIT(1024);
	size_t from = b->len;

	if (name)
		add_header(&headers, name, value);
	if (name2)
		add_header(&headers, name2, value2);
	add_u32(b, (uint32_t)(headers.len + payload.len + EVENTSTREAM_OVERHEAD));
	add_u32(b, (uint32_t)headers.len);
	add_crc(b, from);
	buf_add_slice(b, buf_slice(&headers));
	buf_add_slice(b, payload);
	add_crc(b, from);
	buf_release(&headers);
}

static inline void add_message(struct buf *b, const char *type, struct slice payload)
{
	add_message_with(b, ":event-type", type, NULL, NULL, payload);
}

#endif
