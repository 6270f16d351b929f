/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans, metrics and log records as OTLP (opentelemetry-proto 1.11): protobuf and
 * OTLP/JSON. Pure.
 *
 * An item is encoded on its own the moment it is made; a request is then put together
 * from encoded items, grouped by resource. So queues hold bytes with a known size,
 * not graphs.
 */
#ifndef OTLP_ENCODE_H
#define OTLP_ENCODE_H

#include "buf.h"
#include "semconv.h"
#include "span.h"

enum otlp_encoding { OTLP_PROTOBUF, OTLP_JSON };
enum otlp_signal { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS, OTLP_SIGNALS };

/* What the agent says of itself and of the host; lent, static for a run. */
struct otlp_host {
	struct slice host_name;
	struct slice host_id;
	struct slice host_arch;
	struct slice service_name; /* OTEL_SERVICE_NAME of the agent: overrides; else absent */
	struct slice resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES of the agent, k=v,k=v */
	struct slice version;
};

/* Appends one Span message (protobuf) or object (JSON). buf's sticky error tells. */
void otlp_encode_span(struct buf *b, enum otlp_encoding e, const struct span *s);
/* Appends one LogRecord: the event gen_ai.client.inference.operation.details, which says
 * what its span says; messages stand in it as values, not as JSON. */
void otlp_encode_details(struct buf *b, enum otlp_encoding e, const struct span *s);
/* Appends one Resource for the process (NULL: unknown); see resource.h. */
void otlp_encode_resource(struct buf *b, enum otlp_encoding e, const struct process *p,
			  const struct otlp_host *host);

/* Encoded items of one resource. */
struct otlp_group {
	struct slice resource;	   /* from otlp_encode_resource */
	const struct slice *items; /* from otlp_encode_span, _metric or _log */
	size_t n_items;
};
/* Appends one Export{Trace,Metrics,Logs}ServiceRequest (for JSON: one line without its
 * newline). */
void otlp_encode_request(struct buf *b, enum otlp_signal signal, enum otlp_encoding e,
			 const struct otlp_group *groups, size_t n_groups,
			 enum semconv_profile profile, struct slice version);
/* Reads the response to any of these: how much was rejected and a message (lent from data, in
 * JSON still escaped; absent when there is none). 0 or -EBADMSG. An empty one is full
 * success. */
int otlp_decode_response(enum otlp_encoding e, struct slice data, int64_t *ret_rejected,
			 struct slice *ret_message);

#endif
