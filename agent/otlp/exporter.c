/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch is at work at a time: `batch`, being sent or waiting for its next try. A
 * batch that was too large leaves its second half in `rest`, which goes next. All that
 * happens, happens in proceed(), which the timer and the answers call.
 */
#include "exporter.h"

#include "cleanup.h"
#include "clock.h"
#include "gzip.h"
#include "log.h"
#include "queue.h"
#include "retry.h"
#include "sender.h"

#include <errno.h>
#include <sys/random.h>

#define SPAN_BYTES_MAX (48 * 1024 * 1024) /* of one encoded span */
#define SCRATCH_KEEP (64 * 1024)
#define BODY_KEEP (1024 * 1024)
#define MESSAGE_SHOWN_MAX 200
#define FLUSH_MAX_MS UINT64_C(86400000)

struct exporter {
	struct loop *loop;
	const struct otlp_options *options;
	const struct otlp_host *host;
	struct sender *sender;
	struct loop_source *timer;
	struct span_queue queue;
	struct span_queue batch;
	struct span_queue rest;
	bool in_flight;
	bool split; /* batch is one half of a larger one */
	bool flushing;
	bool told_to_wait;     /* hold_ns is the endpoint's wish, not our back-off */
	unsigned int failures; /* tries in a row that got no final answer */
	uint64_t batch_since_ns;
	unsigned int batch_tries;
	uint64_t hold_ns; /* nothing is sent before this */
	struct buf scratch;
	struct buf body;
	struct otlp_stats stats;
};

static void proceed(struct exporter *x);

static void release_batch(struct exporter *x)
{
	x->stats.queued -= x->batch.count;
	span_queue_release(&x->batch);
}

static void drop_batch(struct exporter *x, uint64_t *counter)
{
	*counter += x->batch.count;
	release_batch(x);
}

/* A request's body: spans, perhaps compressed. 0, -ENOBUFS: too large, or -ENOMEM. */
static int make_body(struct exporter *x)
{
	_cleanup_(buf_cleanup) struct buf plain = BUF_INIT(x->options->request_bytes_max);

	buf_reset(&x->body, BODY_KEEP);
	if (!x->options->gzip) {
		span_queue_encode(&x->body, &x->batch, x->options->encoding, x->options->profile,
				  x->host);
		return buf_error(&x->body);
	}
	span_queue_encode(&plain, &x->batch, x->options->encoding, x->options->profile, x->host);
	return buf_error(&plain) ? buf_error(&plain) : gzip_add(&x->body, buf_slice(&plain));
}

/* Half of the batch goes; the other half is the next. False: there are no halves. */
static bool halve(struct exporter *x)
{
	struct span_queue all = x->batch;

	if (all.count < 2)
		return false;
	x->batch = (struct span_queue){ 0 };
	span_queue_move(&x->batch, &all, all.count / 2, SIZE_MAX);
	span_queue_unget(&x->rest, &all);
	return true;
}

static void start_half(struct exporter *x)
{
	x->split = true;
	x->batch_tries = 0; /* another request, not the same again */
}

static void wait_to_retry(struct exporter *x, int64_t told_ms)
{
	const struct otlp_options *o = x->options;
	uint64_t now = clock_mono_ns(), wait_ms,
		 tried_ms = (now - x->batch_since_ns) / NSEC_PER_MSEC;
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)now;
	wait_ms = retry_backoff_ms(o->backoff_ms, o->backoff_max_ms, x->failures, random);
	x->failures++;
	x->told_to_wait = told_ms >= 0;
	/* What the endpoint asks for, and a little more, so that agents that were told
	 * the same do not come back together. Years are not waited for. */
	if (x->told_to_wait)
		wait_ms = MIN((uint64_t)told_ms, o->retry_ms) + wait_ms % (o->backoff_ms / 4 + 1);
	x->hold_ns = now + wait_ms * NSEC_PER_MSEC;
	if (tried_ms + wait_ms <= o->retry_ms)
		return;
	LOG_RATE(LOG_LEVEL_WARN, "otlp: given up after %llu ms spans=%zu endpoint=%s",
		 (unsigned long long)tried_ms, x->batch.count, o->endpoint_shown);
	drop_batch(x, &x->stats.dropped_expired);
}

static void accept_batch(struct exporter *x, struct slice body)
{
	struct slice message = SLICE_NONE;
	int64_t rejected = 0;
	size_t n;

	/* An answer that cannot be read still says 200: accepted. */
	otlp_decode_response(x->options->encoding, body, &rejected, &message);
	n = rejected > 0 ? MIN((uint64_t)rejected, x->batch.count) : 0;
	if (n)
		LOG_RATE(LOG_LEVEL_WARN,
			 "otlp: rejected by the endpoint spans=%zu of=%zu endpoint=%s", n,
			 x->batch.count, x->options->endpoint_shown);
	if (message.len)
		LOG_RATE(LOG_LEVEL_DEBUG, "otlp: the endpoint says: %.*s",
			 (int)MIN(message.len, (size_t)MESSAGE_SHOWN_MAX), message.data);
	x->stats.dropped_refused += n;
	x->stats.exported += x->batch.count - n;
	release_batch(x);
}

static void refuse_batch(struct exporter *x, const struct sender_answer *a)
{
	LOG_RATE(LOG_LEVEL_WARN, "otlp: refused status=%d%s spans=%zu endpoint=%s", a->status,
		 a->too_large ? " (answer too large)" : "", x->batch.count,
		 x->options->endpoint_shown);
	drop_batch(x, &x->stats.dropped_refused);
}

static void log_failure(struct exporter *x, const struct sender_answer *a)
{
	/* Once when it begins; while it lasts the counters tell. */
	if (x->failures)
		return;
	if (a->status)
		LOG_RATE(LOG_LEVEL_WARN, "otlp: not delivered, trying again status=%d endpoint=%s",
			 a->status, x->options->endpoint_shown);
	else
		LOG_RATE(LOG_LEVEL_WARN, "otlp: not delivered, trying again: %s endpoint=%s",
			 a->problem, x->options->endpoint_shown);
}

static void on_answer(void *ctx, const struct sender_answer *a)
{
	struct exporter *x = ctx;
	enum retry_verdict verdict = a->too_large ? RETRY_REFUSED : retry_verdict(a->status);

	x->in_flight = false;
	x->stats.tls_failures += a->tls;
	if (verdict == RETRY_AGAIN) {
		log_failure(x, a);
		wait_to_retry(x, a->retry_after_ms);
		proceed(x);
		return;
	}
	if (x->failures)
		LOG_RATE(LOG_LEVEL_INFO, "otlp: answering again failed_tries=%u endpoint=%s",
			 x->failures, x->options->endpoint_shown);
	x->failures = 0;
	x->hold_ns = 0;
	if (verdict == RETRY_DONE)
		accept_batch(x, a->body);
	else if (verdict == RETRY_SPLIT && !x->split && halve(x))
		start_half(x);
	else
		refuse_batch(x, a);
	proceed(x);
}

/* Sends the batch. What is too large for one request is halved until it is not. */
static void send_batch(struct exporter *x)
{
	int r;

	while ((r = make_body(x)) == -ENOBUFS && halve(x))
		;
	if (r == -ENOBUFS) {
		LOG_RATE(LOG_LEVEL_WARN, "otlp: a span is too large for a request endpoint=%s",
			 x->options->endpoint_shown);
		drop_batch(x, &x->stats.dropped_full);
		return;
	}
	if (!r)
		r = sender_post(x->sender, buf_slice(&x->body), on_answer, x);
	if (r) {
		wait_to_retry(x, -1);
		return;
	}
	x->in_flight = true;
	x->stats.requests++;
	x->stats.retries += x->batch_tries++ > 0;
}

/* The next batch: the other half of the last one, or what the queue has. */
static bool next_batch(struct exporter *x, uint64_t now)
{
	const struct otlp_options *o = x->options;
	bool due;

	x->batch_tries = 0;
	x->batch_since_ns = now;
	if (x->rest.count) {
		span_queue_move(&x->batch, &x->rest, SIZE_MAX, SIZE_MAX);
		return true;
	}
	x->split = false;
	if (!x->queue.count)
		return false;
	due = x->flushing || x->queue.count >= o->batch_spans_max ||
	      now - x->queue.head->at_ns >= o->delay_ms * NSEC_PER_MSEC;
	if (due)
		span_queue_move(&x->batch, &x->queue, o->batch_spans_max, o->request_bytes_max);
	return due;
}

static void arm(struct exporter *x, uint64_t now, uint64_t at)
{
	loop_set_timer(x->timer, at > now ? at - now : 1);
}

static void proceed(struct exporter *x)
{
	while (!x->in_flight) {
		uint64_t now = clock_mono_ns();

		if (now < x->hold_ns) {
			if (x->stats.queued)
				arm(x, now, x->hold_ns);
			return;
		}
		if (!x->batch.count && !next_batch(x, now)) {
			if (x->queue.count)
				arm(x, now,
				    x->queue.head->at_ns + x->options->delay_ms * NSEC_PER_MSEC);
			return;
		}
		send_batch(x);
	}
}

static void on_timer(void *ctx)
{
	proceed(ctx);
}

void exporter_span(struct exporter *x, const struct span *span)
{
	const struct otlp_options *o = x->options;
	size_t bytes = x->queue.bytes + x->batch.bytes + x->rest.bytes;
	uint64_t now = clock_mono_ns();

	x->stats.spans++;
	buf_reset(&x->scratch, SCRATCH_KEEP);
	if (x->stats.queued < o->queue_spans_max)
		otlp_encode_span(&x->scratch, o->encoding, span);
	if (x->stats.queued >= o->queue_spans_max || buf_error(&x->scratch) ||
	    bytes + QUEUED_SPAN_SIZE(x->scratch.len) > o->queue_bytes_max ||
	    span_queue_add(&x->queue, buf_slice(&x->scratch), span->process, now)) {
		x->stats.dropped_full++;
		LOG_RATE(LOG_LEVEL_WARN, "otlp: no room for a span queued=%llu endpoint=%s",
			 (unsigned long long)x->stats.queued, o->endpoint_shown);
		return;
	}
	x->stats.queued++;
	if (x->in_flight || x->batch.count)
		return;
	/* From the loop, not from here: sending takes the time of encoding a batch. */
	if (x->queue.count == o->batch_spans_max)
		arm(x, now, MAX(now, x->hold_ns));
	else if (x->queue.count == 1)
		arm(x, now, MAX(now + o->delay_ms * NSEC_PER_MSEC, x->hold_ns));
}

int exporter_flush(struct exporter *x, uint64_t deadline_ms)
{
	uint64_t now = clock_mono_ns();
	uint64_t end = now + MIN(deadline_ms, FLUSH_MAX_MS) * NSEC_PER_MSEC;
	int r = 0;

	x->flushing = true;
	/* Our own back-off may be cut short once; what the endpoint asked for, not. */
	if (!x->told_to_wait)
		x->hold_ns = 0;
	proceed(x);
	while (r >= 0 && x->stats.queued && (now = clock_mono_ns()) < end)
		r = loop_run_once(x->loop, (int)MIN((end - now) / NSEC_PER_MSEC + 1, 1000ul));
	x->flushing = false;
	if (r < 0)
		return r;
	return x->stats.queued ? -ETIMEDOUT : 0;
}

const struct otlp_stats *exporter_stats(const struct exporter *x)
{
	return &x->stats;
}

int exporter_new(struct exporter **ret, struct loop *loop, const struct otlp_options *options,
		 const struct otlp_host *host)
{
	struct exporter *x;
	int r;

	if (!options->endpoint)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->loop = loop;
	x->options = options;
	x->host = host;
	buf_init(&x->scratch, SPAN_BYTES_MAX);
	buf_init(&x->body, options->request_bytes_max);
	r = loop_add_timer(loop, &x->timer, 0, on_timer, x);
	if (!r)
		r = sender_new(&x->sender, loop, options);
	if (r) {
		exporter_free(x);
		return r;
	}
	*ret = x;
	return 0;
}

void exporter_free(struct exporter *x)
{
	if (!x)
		return;
	sender_free(x->sender);
	loop_remove(x->timer);
	span_queue_release(&x->queue);
	span_queue_release(&x->batch);
	span_queue_release(&x->rest);
	buf_release(&x->scratch);
	buf_release(&x->body);
	free(x);
}
