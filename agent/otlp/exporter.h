/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP over HTTP: batches, a bounded queue, retries. One exporter per endpoint.
 * Never blocks: libcurl's multi interface on the agent's loop. What does not fit, is
 * refused or times out is dropped and counted; capture never waits.
 *
 * Retry by the OTLP specification: 429, 502, 503, 504 and no answer, with Retry-After
 * (seconds or date) or exponential back-off with jitter, for five minutes at most; any
 * other status drops the batch; 413 splits it once; partial success is not retried.
 */
#ifndef OTLP_EXPORTER_H
#define OTLP_EXPORTER_H

#include "encode.h"
#include "loop.h"

struct otlp_options {
	char *endpoint; /* full URL, or NULL: nothing is exported */
	char *headers;	/* k=v,k=v, percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS */
	enum otlp_encoding encoding;
	bool gzip;
	uint64_t timeout_ms;
	uint64_t delay_ms; /* longest wait of a span for its batch */
	size_t queue_spans_max;
	size_t queue_bytes_max;
	size_t batch_spans_max;
	char *certificate; /* CA bundle */
	char *client_certificate;
	char *client_key;
	enum semconv_profile profile;
};

/* Reads OTEL_EXPORTER_OTLP_* and OTEL_BSP_* (traces variants first) through getenv_fn.
 * Invalid values warn by *ret_warnings (newline-separated, owned by the caller) and
 * leave the default. 0, -ENOMEM. */
int otlp_options_from_env(struct otlp_options *o, const char *(*getenv_fn)(const char *),
			  struct buf *ret_warnings);
void otlp_options_release(struct otlp_options *o);

struct otlp_stats {
	uint64_t spans;		  /* handed in */
	uint64_t exported;	  /* acknowledged */
	uint64_t dropped_full;	  /* queue ceiling */
	uint64_t dropped_refused; /* status that must not be retried, or rejected in a partial
				     success */
	uint64_t dropped_expired; /* retried for too long, or unsent at the end */
	uint64_t retries;
	uint64_t requests;
	uint64_t queued; /* now */
};

struct exporter;

int exporter_new(struct exporter **ret, struct loop *loop, const struct otlp_options *options,
		 const struct otlp_host *host);
/* Copies what it needs. */
void exporter_span(struct exporter *x, const struct span *span);
/* Sends everything now; runs the loop until done or deadline. 0, or -ETIMEDOUT. */
int exporter_flush(struct exporter *x, uint64_t deadline_ms);
const struct otlp_stats *exporter_stats(const struct exporter *x);
void exporter_free(struct exporter *x);

#endif
