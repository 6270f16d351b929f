/* SPDX-License-Identifier: Apache-2.0 */
/* The two encodings behind encode.h, metric.h and log.h. */
#ifndef OTLP_ENCODE_IMPL_H
#define OTLP_ENCODE_IMPL_H

#include "encode.h"
#include "metric.h"

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
	void (*metric)(struct buf *b, const struct otlp_metric *m, const struct otlp_point *points,
		       size_t n_points);
	/* An event of this span; attributes that hold JSON stand as what it says. */
	void (*log)(struct buf *b, const struct span *s, const char *event);
	void (*resource)(struct buf *b, const struct attr *attrs, size_t n_attrs);
	void (*request)(struct buf *b, enum otlp_signal signal, const struct otlp_group *groups,
			size_t n_groups, struct slice schema_url, struct slice version);
};

extern const struct encoder encoder_pb, encoder_json;

/* Parts that spans, metrics and logs share. */
void otlp_pb_attrs(struct buf *b, uint32_t field, const struct attr *attrs, size_t n);
void otlp_pb_id(struct buf *b, uint32_t field, const uint8_t *id, size_t len);
void otlp_pb_metric(struct buf *b, const struct otlp_metric *m, const struct otlp_point *points,
		    size_t n_points);
void otlp_pb_log(struct buf *b, const struct span *s, const char *event);
void otlp_json_attrs(struct buf *b, const struct attr *attrs, size_t n);
void otlp_json_any(struct buf *b, const struct attr *a);
void otlp_json_double(struct buf *b, double v);
void otlp_json_id(struct buf *b, const char *name, const uint8_t *id, size_t len);
void otlp_json_metric(struct buf *b, const struct otlp_metric *m, const struct otlp_point *points,
		      size_t n_points);
void otlp_json_log(struct buf *b, const struct span *s, const char *event);
/* Does this attribute of a span hold JSON that an event has as values? */
bool otlp_is_structured(const struct attr *a);
#define LOG_SEVERITY_DEBUG 5
#define LOG_JSON_DEPTH_MAX 24 /* what is deeper stays text: readers have limits of their own */

#endif
