/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP over HTTP or gRPC: batches, a bounded queue, retries. One exporter per endpoint
 * and signal; its items are spans, metrics or log records.
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

#include "loop.h"
#include "metric.h"

/* Of sums and histograms: since the last reading, or since the start. Low memory: delta, of
 * instruments that are read when they are exported, cumulative. */
enum otlp_preference { OTLP_PREFER_CUMULATIVE, OTLP_PREFER_DELTA, OTLP_PREFER_LOW_MEMORY };

struct otlp_options {
	enum otlp_signal signal;
	bool grpc;
	char *endpoint;	      /* full URL, or NULL: nothing is exported */
	char *endpoint_shown; /* without user, password and query: for logs */
	char *headers;	      /* k=v,k=v, percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS */
	enum otlp_encoding encoding;
	bool gzip;
	uint64_t timeout_ms; /* of one request */
	uint64_t delay_ms;   /* longest wait of an item for its batch */
	size_t queue_items_max;
	size_t queue_bytes_max;
	size_t batch_items_max;
	size_t request_bytes_max; /* before compression */
	uint64_t retry_ms;	  /* for which one batch is tried */
	uint64_t backoff_ms;	  /* first wait; doubles */
	uint64_t backoff_max_ms;
	char *certificate; /* CA bundle */
	char *client_certificate;
	char *client_key;
	enum semconv_profile profile;
	char *spool_dir; /* what cannot be delivered waits there (spool.h); NULL: nowhere */
	uint64_t spool_bytes_max;
	/* Of metrics. */
	uint64_t interval_ms; /* between two readings */
	enum otlp_preference temporality;
	bool exponential; /* histograms */
};

/* Where variables are read. */
struct otlp_env {
	void *ctx;
	const char *(*get)(void *ctx, const char *name); /* NULL: not set */
};

/*
 * Reads these through env, S being TRACES, METRICS or LOGS and B the batcher of that
 * signal, BSP or BLRP; the others of the specification do not concern an exporter. An empty
 * value is one that is not set.
 *
 *   OTEL_SDK_DISABLED, OTEL_S_EXPORTER     (otlp, none)
 *   OTEL_EXPORTER_OTLP_{S_,}PROTOCOL       http/protobuf, http/json, grpc
 *   OTEL_EXPORTER_OTLP_{S_,}ENDPOINT       the first verbatim; the second is a base, to
 *                                          which v1/traces (metrics, logs) is added. Of
 *                                          both gRPC takes scheme, host and port
 *   OTEL_EXPORTER_OTLP_{S_,}INSECURE       gRPC to an endpoint without a scheme
 *   OTEL_EXPORTER_OTLP_{S_,}{HEADERS,TIMEOUT,COMPRESSION,CERTIFICATE,CLIENT_CERTIFICATE,
 *                            CLIENT_KEY}
 *   OTEL_B_{SCHEDULE_DELAY,MAX_QUEUE_SIZE,MAX_EXPORT_BATCH_SIZE}
 *   OTEL_B_EXPORT_TIMEOUT                  sets retry_ms
 *   OTEL_METRIC_EXPORT_INTERVAL
 *   OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE           cumulative, delta, lowmemory
 *   OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION    explicit_bucket_histogram,
 *                                          base2_exponential_bucket_histogram
 *
 * No endpoint: nothing is exported, unless OTEL_S_EXPORTER names otlp; then it is
 * http://localhost:4318 (gRPC: 4317). The delay is 200 ms where SDKs have 5 s: who watches
 * live does not want to wait.
 *
 * Invalid values warn by *ret_warnings (newline-separated, owned by the caller; never
 * with the value of a header or URL) and leave the default. 0, or -ENOMEM with nothing
 * to release.
 */
int otlp_options_from_env(struct otlp_options *o, enum otlp_signal signal, struct otlp_env env,
			  struct buf *ret_warnings);
void otlp_options_release(struct otlp_options *o);
/* Cuts the next header off *rest (of options.headers) and leaves it in *line as curl
 * takes it ("name: value", "name;" without a value). 1; 0 at the end; -EBADMSG: not a
 * header, or one that the exporter sets itself, and skipped; or line's error. */
int otlp_header_next(struct slice *rest, struct buf *line);

/* In spans, data points of metrics, or log records.
 * items + recovered = exported + dropped_full + dropped_refused + dropped_expired + queued,
 * always. */
struct otlp_stats {
	uint64_t items;	       /* handed in */
	uint64_t recovered;    /* that an earlier process left on disk */
	uint64_t exported;     /* acknowledged */
	uint64_t dropped_full; /* queue or spool ceiling, an item over all limits, or no memory */
	uint64_t dropped_refused; /* status that must not be retried, or rejected in a partial
				     success */
	uint64_t dropped_expired; /* retried for too long */
	uint64_t retries;
	uint64_t requests;
	uint64_t tls_failures; /* attempts that ended at a certificate; they are retried */
	uint64_t queued;       /* now; those under way and on disk are among them */
	uint64_t stowed;       /* of them, by exporter_stow() on disk for the next process */
};

struct exporter;

/* loop, options and host are lent until exporter_free. 0; -EINVAL: no endpoint;
 * -ENOMEM; -EIO: libcurl. */
int exporter_new(struct exporter **ret, struct loop *loop, const struct otlp_options *options,
		 const struct otlp_host *host);
/* Each copies what it needs. Which of them fits the signal is the caller's to know. */
void exporter_span(struct exporter *x, const struct span *span);
void exporter_metric(struct exporter *x, const struct otlp_metric *m,
		     const struct otlp_point *points, size_t n_points);
void exporter_details(struct exporter *x, const struct span *span); /* its event */
/* Batches do not wait to be full, nor a failed one for its turn; until it is said
 * otherwise. */
void exporter_hurry(struct exporter *x, bool hurry);
/* Sends everything now and runs the loop for deadline_ms at most. 0; -ETIMEDOUT, and what
 * is left stays queued. */
int exporter_flush(struct exporter *x, uint64_t deadline_ms);
/* At the end, when nothing will be sent any more: what is queued goes onto disk, if there is
 * a spool. */
void exporter_stow(struct exporter *x);
const struct otlp_stats *exporter_stats(const struct exporter *x);
/* Drops what is queued; before loop_free. NULL is fine. */
void exporter_free(struct exporter *x);

#endif
