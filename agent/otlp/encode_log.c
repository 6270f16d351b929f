/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LogRecord of opentelemetry/proto/logs/v1: an event that says what its span says. Messages
 * are JSON text on a span and values in an event.
 */
#include "encode_impl.h"

#include "cleanup.h"
#include "json.h"
#include "pb.h"

#include <inttypes.h>

enum {
	LOG_TIME = 1,
	LOG_SEVERITY = 2,
	LOG_ATTRIBUTES = 6,
	LOG_FLAGS = 8,
	LOG_TRACE_ID = 9,
	LOG_SPAN_ID = 10,
	LOG_OBSERVED = 11,
	LOG_EVENT_NAME = 12,
};
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { ANY_STRING = 1, ANY_BOOL, ANY_INT, ANY_DOUBLE, ANY_ARRAY, ANY_KVLIST };
enum { LIST_VALUES = 1 };

/* ---- A JSON value as AnyValue -------------------------------------------------------------- */

/* What an event makes of a JSON value. Null has no value in AnyValue: nothing is set. */
struct scalar {
	enum { SCALAR_NONE, SCALAR_TEXT, SCALAR_BOOL, SCALAR_INT, SCALAR_DOUBLE } type;
	bool boolean;
	int64_t integer;
	double number;
	struct buf text;
};

/* Not for arrays and objects, but for those that are too deep: they stay text. */
static void read_scalar(struct json_val v, size_t max, struct scalar *ret)
{
	*ret = (struct scalar){ .text = BUF_INIT(max) };
	switch (json_type(v)) {
	case JSON_TRUE:
	case JSON_FALSE:
		ret->type = SCALAR_BOOL;
		ret->boolean = json_type(v) == JSON_TRUE;
		break;
	case JSON_NUMBER:
		/* 1.0 is a double that is whole. */
		if (slice_find_char(json_raw(v), '.') < 0 && !json_i64(v, &ret->integer))
			ret->type = SCALAR_INT;
		else if (!json_f64(v, &ret->number))
			ret->type = SCALAR_DOUBLE;
		break;
	case JSON_STRING:
		ret->type = SCALAR_TEXT;
		json_str(v, &ret->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		ret->type = SCALAR_TEXT;
		buf_add_slice(&ret->text, json_raw(v));
		break;
	case JSON_NULL:
	case JSON_ABSENT:
		break;
	}
}

static void decode_key(struct json_val member, struct buf *to)
{
	_cleanup_(buf_cleanup) struct buf quoted = BUF_INIT(to->max);
	struct slice key = json_key(member);
	struct json j;

	if (slice_find_char(key, '\\') < 0) {
		buf_add_slice(to, key);
		return;
	}
	json_init(&j);
	buf_add_char(&quoted, '"');
	buf_add_slice(&quoted, key);
	buf_add_char(&quoted, '"');
	if (!buf_error(&quoted) && !json_parse(&j, buf_slice(&quoted)))
		json_str(json_root(&j), to);
	json_release(&j);
}

static void pb_value(struct buf *b, struct json_val v, unsigned int depth)
{
	enum json_type type = json_type(v);
	bool nested = (type == JSON_ARRAY || type == JSON_OBJECT) && depth < LOG_JSON_DEPTH_MAX;
	struct scalar s;
	size_t list;

	if (!nested) {
		read_scalar(v, b->max, &s);
		if (s.type == SCALAR_TEXT)
			pb_string(b, ANY_STRING, buf_slice(&s.text));
		else if (s.type == SCALAR_BOOL)
			pb_uint(b, ANY_BOOL, s.boolean);
		else if (s.type == SCALAR_INT)
			pb_uint(b, ANY_INT, (uint64_t)s.integer);
		else if (s.type == SCALAR_DOUBLE)
			pb_double(b, ANY_DOUBLE, s.number);
		if (buf_error(&s.text) && !b->error)
			b->error = buf_error(&s.text);
		buf_release(&s.text);
		return;
	}
	list = pb_begin(b, type == JSON_ARRAY ? ANY_ARRAY : ANY_KVLIST);
	for (struct json_val i = json_first(v); i.doc; i = json_next(i)) {
		_cleanup_(buf_cleanup) struct buf key = BUF_INIT(b->max);
		size_t item = pb_begin(b, LIST_VALUES), value;

		if (type == JSON_ARRAY) {
			pb_value(b, i, depth + 1);
		} else {
			decode_key(i, &key);
			pb_string(b, KEY_VALUE_KEY, buf_slice(&key));
			value = pb_begin(b, KEY_VALUE_VALUE);
			pb_value(b, i, depth + 1);
			pb_end(b, value);
		}
		pb_end(b, item);
	}
	pb_end(b, list);
}

static void json_scalar(struct buf *b, const struct scalar *s)
{
	struct attr a = { .key = "" };

	switch (s->type) {
	case SCALAR_NONE:
		buf_add_str(b, "{}");
		return;
	case SCALAR_TEXT:
		a.type = ATTR_STRING;
		a.string = s->text.len ? buf_slice(&s->text) : SLICE("");
		break;
	case SCALAR_BOOL:
		a.type = ATTR_BOOL;
		a.boolean = s->boolean;
		break;
	case SCALAR_INT:
		a.type = ATTR_INT;
		a.integer = s->integer;
		break;
	case SCALAR_DOUBLE:
		a.type = ATTR_DOUBLE;
		a.number = s->number;
		break;
	}
	otlp_json_any(b, &a);
}

static void json_value(struct buf *b, struct json_val v, unsigned int depth)
{
	enum json_type type = json_type(v);
	bool nested = (type == JSON_ARRAY || type == JSON_OBJECT) && depth < LOG_JSON_DEPTH_MAX;
	struct scalar s;

	if (!nested) {
		read_scalar(v, b->max, &s);
		json_scalar(b, &s);
		if (buf_error(&s.text) && !b->error)
			b->error = buf_error(&s.text);
		buf_release(&s.text);
		return;
	}
	buf_add_str(b, type == JSON_ARRAY ? "{\"arrayValue\":{\"values\":["
					  : "{\"kvlistValue\":{\"values\":[");
	for (struct json_val first = json_first(v), i = first; i.doc; i = json_next(i)) {
		_cleanup_(buf_cleanup) struct buf key = BUF_INIT(b->max);

		if (i.at != first.at)
			buf_add_char(b, ',');
		if (type == JSON_ARRAY) {
			json_value(b, i, depth + 1);
			continue;
		}
		decode_key(i, &key);
		buf_add_str(b, "{\"key\":");
		buf_add_json(b, key.len ? buf_slice(&key) : SLICE(""));
		buf_add_str(b, ",\"value\":");
		json_value(b, i, depth + 1);
		buf_add_char(b, '}');
	}
	buf_add_str(b, "]}}");
}

/* ---- Records ------------------------------------------------------------------------------- */

/* What an attribute holds as JSON; false: it is none, or all of it is not there. */
static bool parse(const struct attr *a, struct json *j)
{
	json_init(j);
	return otlp_is_structured(a) && !json_parse(j, a->string) && !json_truncated(j);
}

void otlp_pb_log(struct buf *b, const struct span *s, const char *event)
{
	pb_fixed64(b, LOG_TIME, s->end_ns);
	pb_uint(b, LOG_SEVERITY, LOG_SEVERITY_DEBUG);
	for (size_t i = 0; i < s->n_attrs; i++) {
		struct json j;

		if (parse(&s->attrs[i], &j)) {
			size_t pair = pb_begin(b, LOG_ATTRIBUTES), value;

			pb_string(b, KEY_VALUE_KEY, slice_from(s->attrs[i].key));
			value = pb_begin(b, KEY_VALUE_VALUE);
			pb_value(b, json_root(&j), 0);
			pb_end(b, value);
			pb_end(b, pair);
		} else {
			otlp_pb_attrs(b, LOG_ATTRIBUTES, &s->attrs[i], 1);
		}
		json_release(&j);
	}
	pb_fixed32(b, LOG_FLAGS, s->trace_flags);
	otlp_pb_id(b, LOG_TRACE_ID, s->trace_id, sizeof(s->trace_id));
	otlp_pb_id(b, LOG_SPAN_ID, s->span_id, sizeof(s->span_id));
	pb_fixed64(b, LOG_OBSERVED, s->end_ns);
	pb_string(b, LOG_EVENT_NAME, slice_from(event));
}

void otlp_json_log(struct buf *b, const struct span *s, const char *event)
{
	buf_printf(b,
		   "{\"timeUnixNano\":\"%" PRIu64 "\",\"observedTimeUnixNano\":\"%" PRIu64
		   "\",\"severityNumber\":%d,\"eventName\":",
		   s->end_ns, s->end_ns, LOG_SEVERITY_DEBUG);
	buf_add_json(b, slice_from(event));
	buf_add_str(b, ",\"attributes\":[");
	for (size_t i = 0; i < s->n_attrs; i++) {
		struct json j;

		buf_add_str(b, i ? ",{\"key\":" : "{\"key\":");
		buf_add_json(b, slice_from(s->attrs[i].key));
		buf_add_str(b, ",\"value\":");
		if (parse(&s->attrs[i], &j))
			json_value(b, json_root(&j), 0);
		else
			otlp_json_any(b, &s->attrs[i]);
		buf_add_char(b, '}');
		json_release(&j);
	}
	buf_printf(b, "],\"flags\":%u", (unsigned int)s->trace_flags);
	otlp_json_id(b, ",\"traceId\":\"", s->trace_id, sizeof(s->trace_id));
	otlp_json_id(b, ",\"spanId\":\"", s->span_id, sizeof(s->span_id));
	buf_add_char(b, '}');
}
