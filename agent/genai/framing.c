/* SPDX-License-Identifier: Apache-2.0 */
#include "framing.h"

#include "cleanup.h"
#include "json.h"

#include <errno.h>

#define INNER_KEEP (64 * 1024)

static const struct {
	struct slice type; /* beginning of the content type */
	enum framing_kind kind;
} types[] = {
	{ SLICE("text/event-stream"), FRAMING_SSE },
	{ SLICE("application/x-ndjson"), FRAMING_NDJSON },
	{ SLICE("application/ndjson"), FRAMING_NDJSON },
	{ SLICE("application/jsonl"), FRAMING_NDJSON },
	{ SLICE("application/x-jsonlines"), FRAMING_NDJSON },
	{ SLICE("application/stream+json"), FRAMING_NDJSON }, /* Cohere v1 */
	{ SLICE("application/vnd.amazon.eventstream"), FRAMING_EVENTSTREAM },
	{ SLICE("application/grpc-web"), FRAMING_NONE },
	{ SLICE("application/grpc"), FRAMING_GRPC },
};

enum framing_kind framing_by_type(struct slice content_type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_starts_nocase(content_type, types[i].type))
			return types[i].kind;
	return FRAMING_NONE;
}

void framing_init(struct framing *f, size_t event_max, event_fn event, void *ctx)
{
	*f = (struct framing){ .event = event, .ctx = ctx, .event_max = event_max };
	buf_init(&f->inner, event_max);
}

void framing_release(struct framing *f)
{
	switch (f->kind) {
	case FRAMING_NONE:
		break;
	case FRAMING_SSE:
		sse_release(&f->sse);
		break;
	case FRAMING_NDJSON:
		ndjson_release(&f->ndjson);
		break;
	case FRAMING_ARRAY:
		jsonarray_release(&f->array);
		break;
	case FRAMING_EVENTSTREAM:
		eventstream_release(&f->eventstream);
		break;
	case FRAMING_GRPC:
		grpc_release(&f->grpc);
		break;
	}
	buf_release(&f->inner);
	f->kind = FRAMING_NONE;
}

static void on_sse(void *ctx, const struct sse_event *sse)
{
	struct framing *f = ctx;
	const struct event event = { .type = sse->type, .data = sse->data };

	if (event.data.len)
		f->event(f->ctx, &event);
}

/* A line, an element, a message. */
static void on_data(void *ctx, struct slice data)
{
	struct framing *f = ctx;
	const struct event event = { .data = data };

	f->event(f->ctx, &event);
}

/* The bytes of a chunk; its payload as it is when it has none. */
static int unpack_chunk(struct framing *f, struct slice *payload)
{
	struct json_val bytes;
	struct json doc;
	int r;

	buf_reset(&f->inner, INNER_KEEP);
	json_init(&doc);
	r = json_parse(&doc, *payload);
	bytes = json_get(json_root(&doc), "bytes");
	/* Base64 needs no escape in JSON but that of '/', which nobody writes. */
	if (!r && json_type(bytes) == JSON_STRING)
		r = buf_add_base64(&f->inner, json_raw(bytes));
	if (!r && json_type(bytes) == JSON_STRING)
		*payload = f->inner.len ? buf_slice(&f->inner) : SLICE("");
	json_release(&doc);
	return r == -ENOMEM ? r : 0;
}

static void on_message(void *ctx, const struct eventstream_message *m)
{
	static const struct slice exceptions[] = { SLICE("exception"), SLICE("error") };
	static const char *const names[] = { ":exception-type", ":error-code" };
	struct slice kind = eventstream_get(m, SLICE(":message-type"));
	struct framing *f = ctx;
	struct event event = { .type = eventstream_get(m, SLICE(":event-type")),
			       .data = m->payload };

	for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
		if (!slice_eq(kind, exceptions[i]))
			continue;
		event.exception = true;
		event.type = eventstream_get(m, slice_from(names[i]));
	}
	if (event.exception && !event.data.len)
		event.data = eventstream_get(m, SLICE(":error-message"));
	if (slice_eq(event.type, SLICE("chunk")) && unpack_chunk(f, &event.data)) {
		f->no_memory = true;
		return;
	}
	f->event(f->ctx, &event);
}

void framing_start(struct framing *f, enum framing_kind kind, struct slice coding)
{
	size_t max = f->event_max;

	f->kind = kind;
	switch (kind) {
	case FRAMING_NONE:
		break;
	case FRAMING_SSE:
		sse_init(&f->sse, MIN(max, (size_t)SSE_EVENT_MAX), on_sse, f);
		break;
	case FRAMING_NDJSON:
		ndjson_init(&f->ndjson, max, on_data, f);
		break;
	case FRAMING_ARRAY:
		jsonarray_init(&f->array, max, on_data, f);
		break;
	case FRAMING_EVENTSTREAM:
		eventstream_init(&f->eventstream, MIN(max, (size_t)EVENTSTREAM_MESSAGE_MAX),
				 on_message, f);
		break;
	case FRAMING_GRPC:
		grpc_init(&f->grpc, coding, max, on_data, f);
		break;
	}
}

int framing_feed(struct framing *f, const void *data, size_t len)
{
	int r;

	switch (f->kind) {
	case FRAMING_NONE:
		break;
	case FRAMING_SSE:
		return sse_feed(&f->sse, data, len);
	case FRAMING_NDJSON:
		return ndjson_feed(&f->ndjson, data, len);
	case FRAMING_ARRAY:
		return jsonarray_feed(&f->array, data, len);
	case FRAMING_EVENTSTREAM:
		r = eventstream_feed(&f->eventstream, data, len);
		return f->no_memory ? -ENOMEM : r;
	case FRAMING_GRPC:
		return grpc_feed(&f->grpc, data, len);
	}
	return 0;
}

void framing_hole(struct framing *f, uint64_t len)
{
	switch (f->kind) {
	case FRAMING_NONE:
		break;
	case FRAMING_SSE:
		sse_hole(&f->sse, len);
		break;
	case FRAMING_NDJSON:
		ndjson_hole(&f->ndjson, len);
		break;
	case FRAMING_ARRAY:
		jsonarray_hole(&f->array, len);
		break;
	case FRAMING_EVENTSTREAM:
		eventstream_hole(&f->eventstream, len);
		break;
	case FRAMING_GRPC:
		grpc_hole(&f->grpc, len);
		break;
	}
}

void framing_eof(struct framing *f)
{
	if (f->kind == FRAMING_SSE)
		sse_eof(&f->sse);
	else if (f->kind == FRAMING_NDJSON)
		ndjson_eof(&f->ndjson);
	else if (f->kind == FRAMING_ARRAY)
		jsonarray_eof(&f->array);
	/* A frame that says it is longer than its stream. */
	else if (f->kind == FRAMING_EVENTSTREAM)
		f->eventstream.damaged += f->eventstream.part.len > 0 || f->eventstream.skip;
	else if (f->kind == FRAMING_GRPC)
		f->grpc.lost += f->grpc.part.len > 0;
}

size_t framing_held(const struct framing *f)
{
	switch (f->kind) {
	case FRAMING_SSE:
		return f->sse.line.len + f->sse.data.len;
	case FRAMING_NDJSON:
		return f->ndjson.part.len;
	case FRAMING_ARRAY:
		return f->array.part.len;
	case FRAMING_EVENTSTREAM:
		return f->eventstream.part.len;
	case FRAMING_GRPC:
		return f->grpc.part.len + f->grpc.plain.len;
	case FRAMING_NONE:
		break;
	}
	return 0;
}

bool framing_lost(const struct framing *f)
{
	switch (f->kind) {
	case FRAMING_NONE:
		break;
	case FRAMING_SSE:
		return f->sse.oversized || f->sse.damaged;
	case FRAMING_NDJSON:
		return f->ndjson.oversized || f->ndjson.damaged;
	case FRAMING_ARRAY:
		return f->array.oversized || f->array.damaged;
	case FRAMING_EVENTSTREAM:
		return f->eventstream.bad_crc || f->eventstream.bad_prelude ||
		       f->eventstream.oversized || f->eventstream.damaged;
	case FRAMING_GRPC:
		return f->grpc.ended || f->grpc.oversized || f->grpc.lost;
	}
	return false;
}
