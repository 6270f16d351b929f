/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP/JSON is Protocol Buffers' JSON mapping with two deviations (OTLP specification,
 * "JSON Protobuf Encoding"): ids are hexadecimal, enums are numbers. 64-bit integers
 * are decimal strings.
 */
#include "encode_impl.h"

void otlp_json_double(struct buf *b, double v)
{
	char text[32];

	if (isnan(v) || isinf(v)) {
		buf_add_str(b, isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	/* The shortest that reads back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_add_str(b, text);
	/* Readers that tell integers from doubles would lose the sign of -0. */
	if (!strpbrk(text, ".e"))
		buf_add_str(b, ".0");
}

void otlp_json_any(struct buf *b, const struct attr *a)
{
	switch (a->type) {
	case ATTR_STRING:
		buf_add_str(b, "{\"stringValue\":");
		buf_add_json(b, a->string);
		break;
	case ATTR_BOOL:
		buf_add_str(b, a->boolean ? "{\"boolValue\":true" : "{\"boolValue\":false");
		break;
	case ATTR_INT:
		buf_printf(b, "{\"intValue\":\"%" PRId64 "\"", a->integer);
		break;
	case ATTR_DOUBLE:
		buf_add_str(b, "{\"doubleValue\":");
		otlp_json_double(b, a->number);
		break;
	case ATTR_STRINGS:
		buf_add_str(b, "{\"arrayValue\":{\"values\":[");
		for (size_t i = 0; i < a->strings.count; i++) {
			buf_add_str(b, i ? ",{\"stringValue\":" : "{\"stringValue\":");
			buf_add_json(b, a->strings.items[i]);
			buf_add_char(b, '}');
		}
		buf_add_str(b, "]}");
		break;
	}
	buf_add_char(b, '}');
}

void otlp_json_attrs(struct buf *b, const struct attr *attrs, size_t n)
{
	buf_add_str(b, "\"attributes\":[");
	for (size_t i = 0; i < n; i++) {
		buf_add_str(b, i ? ",{\"key\":" : "{\"key\":");
		buf_add_json(b, slice_from(attrs[i].key));
		buf_add_str(b, ",\"value\":");
		otlp_json_any(b, &attrs[i]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

void otlp_json_id(struct buf *b, const char *name, const uint8_t *id, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	buf_add_str(b, name);
	for (size_t i = 0; i < len; i++) {
		buf_add_char(b, digits[id[i] >> 4]);
		buf_add_char(b, digits[id[i] & 15]);
	}
	buf_add_char(b, '"');
}

static void add_status(struct buf *b, struct slice message)
{
	buf_add_str(b, ",\"status\":{");
	if (message.len) {
		buf_add_str(b, "\"message\":");
		buf_add_json(b, message);
		buf_add_char(b, ',');
	}
	buf_printf(b, "\"code\":%d}", STATUS_ERROR);
}

static void encode_span(struct buf *b, const struct span *s)
{
	otlp_json_id(b, "{\"traceId\":\"", s->trace_id, sizeof(s->trace_id));
	otlp_json_id(b, ",\"spanId\":\"", s->span_id, sizeof(s->span_id));
	if (s->trace_state.len) {
		buf_add_str(b, ",\"traceState\":");
		buf_add_json(b, s->trace_state);
	}
	if (span_has_parent(s))
		otlp_json_id(b, ",\"parentSpanId\":\"", s->parent_id, sizeof(s->parent_id));
	buf_printf(b, ",\"flags\":%u,\"name\":", span_flags(s));
	buf_add_json(b, s->name);
	buf_printf(b,
		   ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64
		   "\",\"endTimeUnixNano\":\"%" PRIu64 "\",",
		   (int)s->kind, s->start_ns, s->end_ns);
	otlp_json_attrs(b, s->attrs, s->n_attrs);
	if (s->dropped_attrs)
		buf_printf(b, ",\"droppedAttributesCount\":%" PRIu32, s->dropped_attrs);
	if (s->error)
		add_status(b, s->status_message);
	buf_add_char(b, '}');
}

static void encode_resource(struct buf *b, const struct attr *attrs, size_t n_attrs)
{
	buf_add_char(b, '{');
	otlp_json_attrs(b, attrs, n_attrs);
	buf_add_char(b, '}');
}

static void encode_request(struct buf *b, enum otlp_signal signal, const struct otlp_group *groups,
			   size_t n_groups, struct slice schema_url, struct slice version)
{
	static const struct {
		const char *resources, *scopes, *items;
	} names[] = {
		[OTLP_TRACES] = { "resourceSpans", "scopeSpans", "spans" },
		[OTLP_METRICS] = { "resourceMetrics", "scopeMetrics", "metrics" },
		[OTLP_LOGS] = { "resourceLogs", "scopeLogs", "logRecords" },
	};

	buf_printf(b, "{\"%s\":[", names[signal].resources);
	for (size_t i = 0; i < n_groups; i++) {
		const struct otlp_group *g = &groups[i];

		buf_add_str(b, i ? ",{\"resource\":" : "{\"resource\":");
		buf_add_slice(b, g->resource);
		buf_printf(b, ",\"%s\":[{\"scope\":{\"name\":\"" SEMCONV_SCOPE "\",\"version\":",
			   names[signal].scopes);
		buf_add_json(b, version);
		buf_printf(b, "},\"%s\":[", names[signal].items);
		for (size_t k = 0; k < g->n_items; k++) {
			buf_add_str(b, k ? "," : "");
			buf_add_slice(b, g->items[k]);
		}
		buf_add_str(b, "],\"schemaUrl\":");
		buf_add_json(b, schema_url);
		buf_add_str(b, "}]}");
	}
	buf_add_str(b, "]}");
}

const struct encoder encoder_json = { encode_span, otlp_json_metric, otlp_json_log, encode_resource,
				      encode_request };
