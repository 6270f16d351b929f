/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cuts a streamed body into events, whatever its format: server-sent events, lines
 * of JSON, the elements of a JSON array, AWS event stream messages, gRPC messages. The
 * one place that knows which format a content type means.
 *
 * An event stream's `chunk` whose payload is {"bytes": "<base64>"} (Bedrock's
 * InvokeModelWithResponseStream and InvokeAgent) is unpacked: data is what is inside.
 */
#ifndef GENAI_FRAMING_H
#define GENAI_FRAMING_H

#include "eventstream.h"
#include "grpc.h"
#include "jsonarray.h"
#include "ndjson.h"
#include "sse.h"

/* One event; lent until the callback returns. */
struct event {
	struct slice type; /* SSE's event, :event-type or :exception-type; else absent */
	struct slice data;
	bool exception; /* reports an error: an event stream's exception */
};

typedef void (*event_fn)(void *ctx, const struct event *event);

enum framing_kind {
	FRAMING_NONE,
	FRAMING_SSE,
	FRAMING_NDJSON,
	FRAMING_ARRAY,
	FRAMING_EVENTSTREAM,
	FRAMING_GRPC,
};

struct framing {
	enum framing_kind kind;
	event_fn event;
	void *ctx;
	size_t event_max;
	union {
		struct sse sse;
		struct ndjson ndjson;
		struct jsonarray array;
		struct eventstream eventstream;
		struct grpc grpc;
	};
	struct buf inner; /* of a chunk, decoded */
	bool no_memory;	  /* to decode one */
};

/* FRAMING_NONE: not a type that says. */
enum framing_kind framing_by_type(struct slice content_type);

void framing_init(struct framing *f, size_t event_max, event_fn event, void *ctx);
void framing_release(struct framing *f);
/* Once, before the first byte. `coding`: the value of grpc-encoding, else absent. */
void framing_start(struct framing *f, enum framing_kind kind, struct slice coding);
/* 0; -ENOMEM: an event was lost; -EBADMSG: nothing more can be read. */
int framing_feed(struct framing *f, const void *data, size_t len);
void framing_hole(struct framing *f, uint64_t len); /* 0: size not known */
void framing_eof(struct framing *f);
/* Bytes of events that have not come to their end. */
size_t framing_held(const struct framing *f);
/* Were events lost to damage or to the ceiling? */
bool framing_lost(const struct framing *f);

#endif
