/* SPDX-License-Identifier: Apache-2.0 */
#include "encode_impl.h"
#include "pb.h"

/* Field numbers of opentelemetry/proto/{collector/trace,trace,resource,common}/v1. */
enum { REQUEST_RESOURCE_SPANS = 1 };
enum { RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPE_SPANS = 2 };
enum { SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2, SCOPE_SPANS_SCHEMA_URL = 3 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2 };
enum { RESOURCE_ATTRIBUTES = 1 };
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { ANY_STRING = 1, ANY_BOOL = 2, ANY_INT = 3, ANY_DOUBLE = 4, ANY_ARRAY = 5 };
enum { ARRAY_VALUES = 1 };
enum {
	SPAN_FIELD_TRACE_ID = 1,
	SPAN_FIELD_SPAN_ID = 2,
	SPAN_FIELD_TRACE_STATE = 3,
	SPAN_FIELD_PARENT_ID = 4,
	SPAN_FIELD_NAME = 5,
	SPAN_FIELD_KIND = 6,
	SPAN_FIELD_START = 7,
	SPAN_FIELD_END = 8,
	SPAN_FIELD_ATTRIBUTES = 9,
	SPAN_FIELD_DROPPED_ATTRIBUTES = 10,
	SPAN_FIELD_STATUS = 15,
	SPAN_FIELD_FLAGS = 16,
};
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3 };

static void add_strings(struct buf *b, const struct attr *a)
{
	size_t array = pb_begin(b, ANY_ARRAY);

	for (size_t i = 0; i < a->strings.count; i++) {
		size_t value = pb_begin(b, ARRAY_VALUES);

		pb_string(b, ANY_STRING, a->strings.items[i]);
		pb_end(b, value);
	}
	pb_end(b, array);
}

/* AnyValue is a oneof: the member is written whatever its value, or it would be gone. */
static void add_any(struct buf *b, const struct attr *a)
{
	switch (a->type) {
	case ATTR_STRING:
		pb_string(b, ANY_STRING, a->string);
		break;
	case ATTR_BOOL:
		pb_uint(b, ANY_BOOL, a->boolean);
		break;
	case ATTR_INT:
		pb_uint(b, ANY_INT, (uint64_t)a->integer);
		break;
	case ATTR_DOUBLE:
		pb_double(b, ANY_DOUBLE, a->number);
		break;
	case ATTR_STRINGS:
		add_strings(b, a);
		break;
	}
}

static void add_attrs(struct buf *b, uint32_t field, const struct attr *attrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t pair = pb_begin(b, field), value;

		pb_string(b, KEY_VALUE_KEY, slice_from(attrs[i].key));
		value = pb_begin(b, KEY_VALUE_VALUE);
		add_any(b, &attrs[i]);
		pb_end(b, value);
		pb_end(b, pair);
	}
}

static void add_id(struct buf *b, uint32_t field, const uint8_t *id, size_t len)
{
	pb_bytes(b, field, (struct slice){ (const char *)id, len });
}

static void add_status(struct buf *b, struct slice message)
{
	size_t status = pb_begin(b, SPAN_FIELD_STATUS);

	if (message.len)
		pb_string(b, STATUS_MESSAGE, message);
	pb_uint(b, STATUS_CODE, STATUS_ERROR);
	pb_end(b, status);
}

static void encode_span(struct buf *b, const struct span *s)
{
	add_id(b, SPAN_FIELD_TRACE_ID, s->trace_id, sizeof(s->trace_id));
	add_id(b, SPAN_FIELD_SPAN_ID, s->span_id, sizeof(s->span_id));
	if (s->trace_state.len)
		pb_string(b, SPAN_FIELD_TRACE_STATE, s->trace_state);
	if (span_has_parent(s))
		add_id(b, SPAN_FIELD_PARENT_ID, s->parent_id, sizeof(s->parent_id));
	pb_string(b, SPAN_FIELD_NAME, s->name);
	pb_uint(b, SPAN_FIELD_KIND, s->kind);
	pb_fixed64(b, SPAN_FIELD_START, s->start_ns);
	pb_fixed64(b, SPAN_FIELD_END, s->end_ns);
	add_attrs(b, SPAN_FIELD_ATTRIBUTES, s->attrs, s->n_attrs);
	if (s->dropped_attrs)
		pb_uint(b, SPAN_FIELD_DROPPED_ATTRIBUTES, s->dropped_attrs);
	if (s->error)
		add_status(b, s->status_message);
	pb_fixed32(b, SPAN_FIELD_FLAGS, span_flags(s));
}

static void encode_resource(struct buf *b, const struct attr *attrs, size_t n_attrs)
{
	add_attrs(b, RESOURCE_ATTRIBUTES, attrs, n_attrs);
}

static size_t scope_spans_len(const struct otlp_group *g, struct slice scope, struct slice url)
{
	size_t len = pb_len_size(SCOPE_SPANS_SCOPE, scope.len) +
		     pb_len_size(SCOPE_SPANS_SCHEMA_URL, url.len);

	for (size_t i = 0; i < g->n_spans; i++)
		len += pb_len_size(SCOPE_SPANS_SPANS, g->spans[i].len);
	return len;
}

/* All lengths are known beforehand here, so nothing large is moved. */
static void encode_request(struct buf *b, const struct otlp_group *groups, size_t n_groups,
			   struct slice schema_url, struct slice version)
{
	struct buf scope = BUF_INIT(4096);

	pb_string(&scope, SCOPE_NAME, SLICE(SEMCONV_SCOPE));
	pb_string(&scope, SCOPE_VERSION, version);
	if (buf_error(&scope))
		b->error = buf_error(&scope);
	for (size_t i = 0; i < n_groups; i++) {
		const struct otlp_group *g = &groups[i];
		size_t len = scope_spans_len(g, buf_slice(&scope), schema_url);

		pb_len(b, REQUEST_RESOURCE_SPANS,
		       pb_len_size(RESOURCE_SPANS_RESOURCE, g->resource.len) +
			       pb_len_size(RESOURCE_SPANS_SCOPE_SPANS, len));
		pb_bytes(b, RESOURCE_SPANS_RESOURCE, g->resource);
		pb_len(b, RESOURCE_SPANS_SCOPE_SPANS, len);
		pb_bytes(b, SCOPE_SPANS_SCOPE, buf_slice(&scope));
		for (size_t k = 0; k < g->n_spans; k++)
			pb_bytes(b, SCOPE_SPANS_SPANS, g->spans[k]);
		pb_bytes(b, SCOPE_SPANS_SCHEMA_URL, schema_url);
	}
	buf_release(&scope);
}

const struct encoder encoder_pb = { encode_span, encode_resource, encode_request };
