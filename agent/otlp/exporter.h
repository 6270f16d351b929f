/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP over HTTP: batches, a bounded queue, retries. One exporter per endpoint.
 * Never blocks: libcurl's multi interface on the agent's loop. What does not fit, is
 * refused or times out is dropped and counted; capture never waits.
 *
 * Retry by the OTLP specification: 429, 502, 503, 504 and no answer, with Retry-After
 * (seconds or date) or exponential back-off with jitter, for five minutes at most; any
 * other status drops the batch; 413 splits it once; partial success is not retried. One
 * request is under way at a time; while the endpoint wants to be left alone, nothing is
 * sent to it.
 */
#ifndef OTLP_EXPORTER_H
#define OTLP_EXPORTER_H

#include "encode.h"
#include "loop.h"

struct otlp_options {
	char *endpoint;	      /* full URL, or NULL: nothing is exported */
	char *endpoint_shown; /* without user, password and query: for logs */
	char *headers;	      /* k=v,k=v, percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS */
	enum otlp_encoding encoding;
	bool gzip;
	uint64_t timeout_ms; /* of one request */
	uint64_t delay_ms;   /* longest wait of a span for its batch */
	size_t queue_spans_max;
	size_t queue_bytes_max;
	size_t batch_spans_max;
	size_t request_bytes_max; /* before compression */
	uint64_t retry_ms;	  /* for which one batch is tried */
	uint64_t backoff_ms;	  /* first wait; doubles */
	uint64_t backoff_max_ms;
	char *certificate; /* CA bundle */
	char *client_certificate;
	char *client_key;
	enum semconv_profile profile;
};

/*
 * Reads these through getenv_fn; the others of the specification do not concern an
 * exporter of spans. An empty value is one that is not set.
 *
 *   OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER (otlp, none)
 *   OTEL_EXPORTER_OTLP_{TRACES_,}ENDPOINT  the first verbatim; the second is a base, to
 *                                          which v1/traces is added
 *   OTEL_EXPORTER_OTLP_{TRACES_,}{PROTOCOL,HEADERS,TIMEOUT,COMPRESSION,CERTIFICATE,
 *                                 CLIENT_CERTIFICATE,CLIENT_KEY}
 *   OTEL_BSP_{SCHEDULE_DELAY,MAX_QUEUE_SIZE,MAX_EXPORT_BATCH_SIZE}
 *   OTEL_BSP_EXPORT_TIMEOUT                sets retry_ms
 *
 * No endpoint: nothing is exported, unless OTEL_TRACES_EXPORTER names otlp; then it is
 * http://localhost:4318/v1/traces. The delay is 200 ms where SDKs have 5 s: who watches
 * live does not want to wait.
 *
 * Invalid values warn by *ret_warnings (newline-separated, owned by the caller; never
 * with the value of a header or URL) and leave the default. 0, or -ENOMEM with nothing
 * to release.
 */
int otlp_options_from_env(struct otlp_options *o, const char *(*getenv_fn)(const char *),
			  struct buf *ret_warnings);
void otlp_options_release(struct otlp_options *o);
/* Cuts the next header off *rest (of options.headers) and leaves it in *line as curl
 * takes it ("name: value", "name;" without a value). 1; 0 at the end; -EBADMSG: not a
 * header, or one that the exporter sets itself, and skipped; or line's error. */
int otlp_header_next(struct slice *rest, struct buf *line);

/* spans = exported + dropped_full + dropped_refused + dropped_expired + queued, always. */
struct otlp_stats {
	uint64_t spans;		  /* handed in */
	uint64_t exported;	  /* acknowledged */
	uint64_t dropped_full;	  /* queue ceiling, a span over all limits, or no memory */
	uint64_t dropped_refused; /* status that must not be retried, or rejected in a partial
				     success */
	uint64_t dropped_expired; /* retried for too long */
	uint64_t retries;
	uint64_t requests;
	uint64_t tls_failures; /* attempts that ended at a certificate; they are retried */
	uint64_t queued;       /* now; those under way are among them */
};

struct exporter;

/* loop, options and host are lent until exporter_free. 0; -EINVAL: no endpoint;
 * -ENOMEM; -EIO: libcurl. */
int exporter_new(struct exporter **ret, struct loop *loop, const struct otlp_options *options,
		 const struct otlp_host *host);
/* Copies what it needs. */
void exporter_span(struct exporter *x, const struct span *span);
/* Sends everything now and runs the loop for deadline_ms at most. 0; -ETIMEDOUT, and what
 * is left stays queued. */
int exporter_flush(struct exporter *x, uint64_t deadline_ms);
const struct otlp_stats *exporter_stats(const struct exporter *x);
/* Drops what is queued; before loop_free. NULL is fine. */
void exporter_free(struct exporter *x);

#endif
