/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk_span.h"

#include "cleanup.h"
#include "json.h"
#include "protobuf.h"

#include <errno.h>
#include <string.h>

struct reading {
	struct sdk_span span;
	bool genai;
};

static enum sdk_kind kind_of(struct slice value)
{
	static const struct {
		struct slice value;
		enum sdk_kind kind;
	} rows[] = {
		{ SLICE("execute_tool"), SDK_TOOL },  { SLICE("tool"), SDK_TOOL },
		{ SLICE("invoke_agent"), SDK_AGENT }, { SLICE("create_agent"), SDK_AGENT },
		{ SLICE("agent"), SDK_AGENT },	      { SLICE("workflow"), SDK_AGENT },
		{ SLICE("chain"), SDK_AGENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(value, rows[i].value))
			return rows[i].kind;
	return SDK_CALL;
}

static void read_attribute(struct reading *r, struct slice key, struct slice value)
{
	static const struct slice kinds[] = { SLICE("gen_ai.operation.name"),
					      SLICE("openinference.span.kind"),
					      SLICE("traceloop.span.kind") };
	static const struct slice others[] = { SLICE("gen_ai.system"),
					       SLICE("gen_ai.provider.name"),
					       SLICE("gen_ai.request.model"),
					       SLICE("llm.request.type") };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eq(key, kinds[i])) {
			r->genai = true;
			r->span.kind = kind_of(value);
		}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		r->genai |= slice_eq(key, others[i]);
	if (slice_eq(key, SLICE("gen_ai.response.id")))
		r->span.response_id = value;
}

/* ---- Protobuf: the numbers are those of trace.proto and common.proto ------------------------- */

enum { RESOURCE_SPANS = 1, SCOPE_SPANS = 2, SPANS = 2 };
enum { SPAN_TRACE_ID = 1, SPAN_SPAN_ID = 2, SPAN_ATTRIBUTES = 9 };
enum { PAIR_KEY = 1, PAIR_VALUE = 2, VALUE_STRING = 1 };

static bool copy_id(struct slice from, uint8_t *to, size_t len)
{
	if (from.len != len)
		return false;
	memcpy(to, from.data, len);
	return true;
}

static void read_span(struct slice span, sdk_span_fn fn, void *ctx)
{
	struct reading r = { .span.kind = SDK_CALL };
	struct protobuf_field f;

	if (!copy_id(protobuf_bytes(span, SPAN_TRACE_ID), r.span.trace_id, 16) ||
	    !copy_id(protobuf_bytes(span, SPAN_SPAN_ID), r.span.span_id, 8))
		return;
	while (protobuf_next(&span, &f) == 1)
		if (f.number == SPAN_ATTRIBUTES)
			read_attribute(
				&r, protobuf_bytes(f.bytes, PAIR_KEY),
				protobuf_bytes(protobuf_bytes(f.bytes, PAIR_VALUE), VALUE_STRING));
	if (r.genai)
		fn(ctx, &r.span);
}

static void read_protobuf(struct slice request, sdk_span_fn fn, void *ctx)
{
	struct protobuf_field resource, scope, span;

	while (protobuf_next(&request, &resource) == 1)
		while (resource.number == RESOURCE_SPANS &&
		       protobuf_next(&resource.bytes, &scope) == 1)
			while (scope.number == SCOPE_SPANS &&
			       protobuf_next(&scope.bytes, &span) == 1)
				if (span.number == SPANS)
					read_span(span.bytes, fn, ctx);
}

/* ---- JSON: ids are hexadecimal, unlike in other protobuf's JSON ------------------------------ */

static int nibble(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool hex_id(struct slice text, uint8_t *to, size_t len)
{
	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(text.data[2 * i]), low = nibble(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void read_json_span(struct json_val span, sdk_span_fn fn, void *ctx)
{
	struct reading r = { .span.kind = SDK_CALL };

	if (!hex_id(json_raw(json_get(span, "traceId")), r.span.trace_id, 16) ||
	    !hex_id(json_raw(json_get(span, "spanId")), r.span.span_id, 8))
		return;
	for (struct json_val i = json_first(json_get(span, "attributes")); i.doc; i = json_next(i))
		read_attribute(&r, json_raw(json_get(i, "key")),
			       json_raw(json_path(i, "value.stringValue")));
	if (r.genai)
		fn(ctx, &r.span);
}

static int read_json(struct slice request, sdk_span_fn fn, void *ctx)
{
	struct json doc;
	int r;

	json_init(&doc);
	r = json_parse(&doc, request);
	for (struct json_val a = json_first(json_get(json_root(&doc), "resourceSpans"));
	     !r && a.doc; a = json_next(a))
		for (struct json_val b = json_first(json_get(a, "scopeSpans")); b.doc;
		     b = json_next(b))
			for (struct json_val c = json_first(json_get(b, "spans")); c.doc;
			     c = json_next(c))
				read_json_span(c, fn, ctx);
	json_release(&doc);
	return r == -ENOMEM ? r : 0;
}

int sdk_spans_read(struct slice request, bool json, sdk_span_fn fn, void *ctx)
{
	if (json)
		return read_json(request, fn, ctx);
	read_protobuf(request, fn, ctx);
	return 0;
}
