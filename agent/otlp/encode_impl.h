/* SPDX-License-Identifier: Apache-2.0 */
/* The two encodings behind encode.h. */
#ifndef OTLP_ENCODE_IMPL_H
#define OTLP_ENCODE_IMPL_H

#include "encode.h"

/* Span.flags: the low byte is the W3C trace flags, these tell about the parent. */
#define SPAN_FLAG_HAS_IS_REMOTE 0x100u
#define SPAN_FLAG_IS_REMOTE 0x200u
#define STATUS_ERROR 2

static inline uint32_t span_flags(const struct span *s)
{
	return s->trace_flags | SPAN_FLAG_HAS_IS_REMOTE |
	       (s->parent_remote ? SPAN_FLAG_IS_REMOTE : 0);
}

static inline bool span_has_parent(const struct span *s)
{
	static const uint8_t none[sizeof(s->parent_id)];

	return memcmp(s->parent_id, none, sizeof(none));
}

struct encoder {
	void (*span)(struct buf *b, const struct span *s);
	void (*resource)(struct buf *b, const struct attr *attrs, size_t n_attrs);
	void (*request)(struct buf *b, const struct otlp_group *groups, size_t n_groups,
			struct slice schema_url, struct slice version);
};

extern const struct encoder encoder_pb, encoder_json;

#endif
