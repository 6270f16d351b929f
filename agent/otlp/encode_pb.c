/* SPDX-License-Identifier: Apache-2.0 */
#include "encode_impl.h"
#include "pb.h"

/* Field numbers of opentelemetry/proto/{collector/trace,trace,resource,common}/v1. A request
 * of any signal has the same ones: its resources, their scopes, their items. */
enum { REQUEST_RESOURCES = 1 };
enum { OF_RESOURCE_RESOURCE = 1, OF_RESOURCE_SCOPES = 2 };
enum { OF_SCOPE_SCOPE = 1, OF_SCOPE_ITEMS = 2, OF_SCOPE_SCHEMA_URL = 3 };
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

void otlp_pb_attrs(struct buf *b, uint32_t field, const struct attr *attrs, size_t n)
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

void otlp_pb_id(struct buf *b, uint32_t field, const uint8_t *id, size_t len)
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
	otlp_pb_id(b, SPAN_FIELD_TRACE_ID, s->trace_id, sizeof(s->trace_id));
	otlp_pb_id(b, SPAN_FIELD_SPAN_ID, s->span_id, sizeof(s->span_id));
	if (s->trace_state.len)
		pb_string(b, SPAN_FIELD_TRACE_STATE, s->trace_state);
	if (span_has_parent(s))
		otlp_pb_id(b, SPAN_FIELD_PARENT_ID, s->parent_id, sizeof(s->parent_id));
	pb_string(b, SPAN_FIELD_NAME, s->name);
	pb_uint(b, SPAN_FIELD_KIND, s->kind);
	pb_fixed64(b, SPAN_FIELD_START, s->start_ns);
	pb_fixed64(b, SPAN_FIELD_END, s->end_ns);
	otlp_pb_attrs(b, SPAN_FIELD_ATTRIBUTES, s->attrs, s->n_attrs);
	if (s->dropped_attrs)
		pb_uint(b, SPAN_FIELD_DROPPED_ATTRIBUTES, s->dropped_attrs);
	if (s->error)
		add_status(b, s->status_message);
	pb_fixed32(b, SPAN_FIELD_FLAGS, span_flags(s));
}

static void encode_resource(struct buf *b, const struct attr *attrs, size_t n_attrs)
{
	otlp_pb_attrs(b, RESOURCE_ATTRIBUTES, attrs, n_attrs);
}

static size_t of_scope_len(const struct otlp_group *g, struct slice scope, struct slice url)
{
	size_t len =
		pb_len_size(OF_SCOPE_SCOPE, scope.len) + pb_len_size(OF_SCOPE_SCHEMA_URL, url.len);

	for (size_t i = 0; i < g->n_items; i++)
		len += pb_len_size(OF_SCOPE_ITEMS, g->items[i].len);
	return len;
}

/* All lengths are known beforehand here, so nothing large is moved. */
static void encode_request(struct buf *b, enum otlp_signal signal, const struct otlp_group *groups,
			   size_t n_groups, struct slice schema_url, struct slice version)
{
	struct buf scope = BUF_INIT(4096);

	(void)signal; /* all have the same shape */
	pb_string(&scope, SCOPE_NAME, SLICE(SEMCONV_SCOPE));
	pb_string(&scope, SCOPE_VERSION, version);
	if (buf_error(&scope))
		b->error = buf_error(&scope);
	for (size_t i = 0; i < n_groups; i++) {
		const struct otlp_group *g = &groups[i];
		size_t len = of_scope_len(g, buf_slice(&scope), schema_url);

		pb_len(b, REQUEST_RESOURCES,
		       pb_len_size(OF_RESOURCE_RESOURCE, g->resource.len) +
			       pb_len_size(OF_RESOURCE_SCOPES, len));
		pb_bytes(b, OF_RESOURCE_RESOURCE, g->resource);
		pb_len(b, OF_RESOURCE_SCOPES, len);
		pb_bytes(b, OF_SCOPE_SCOPE, buf_slice(&scope));
		for (size_t k = 0; k < g->n_items; k++)
			pb_bytes(b, OF_SCOPE_ITEMS, g->items[k]);
		pb_bytes(b, OF_SCOPE_SCHEMA_URL, schema_url);
	}
	buf_release(&scope);
}

const struct encoder encoder_pb = { encode_span, otlp_pb_metric, otlp_pb_log, encode_resource,
				    encode_request };
