/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application's own instrumentation tells of its model calls: the GenAI spans among those
 * that it exports over OTLP (opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest, in
 * protobuf or JSON). Spans count by their attributes: gen_ai.*, and the names that came before
 * (OpenInference, OpenLLMetry). Pure; nothing is kept.
 */
#ifndef GENAI_SDK_SPAN_H
#define GENAI_SDK_SPAN_H

#include "slice.h"

#include <stdint.h>

/* What a span is of, one bit each. */
enum sdk_kind { SDK_CALL = 1, SDK_TOOL = 2, SDK_AGENT = 4 };

struct sdk_span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	enum sdk_kind kind;
	struct slice response_id; /* lent; absent: it does not say */
};

typedef void (*sdk_span_fn)(void *ctx, const struct sdk_span *span);

/* Tells each; what is damaged is left out. 0 or -ENOMEM. */
int sdk_spans_read(struct slice request, bool json, sdk_span_fn fn, void *ctx);

#endif
