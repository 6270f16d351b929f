/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request is at work at a time: of `batch`, being sent or waiting for its next try, or
 * of the spool's oldest record. A batch that was too large leaves its second half in `rest`,
 * which goes next. All that happens, happens in proceed(), which the timer and the answers
 * call.
 *
 * With a spool a batch that could not be delivered goes there, and while anything waits
 * there, all that comes goes behind it. The spool is emptied in its order; its records are
 * tried until they are delivered, refused, or pushed out at its ceiling.
 */
#include "exporter_impl.h"

#include "payload.h"
#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "retry.h"

#include <errno.h>
#include <sys/random.h>

#define ITEM_BYTES_MAX (48 * 1024 * 1024) /* of one, encoded */
#define SCRATCH_KEEP (64 * 1024)
#define BODY_KEEP (1024 * 1024)
#define MESSAGE_SHOWN_MAX 200
#define FLUSH_MAX_MS UINT64_C(86400000)

const char *const exporter_unit_names[OTLP_SIGNALS] = {
	[OTLP_TRACES] = "spans",
	[OTLP_METRICS] = "points",
	[OTLP_LOGS] = "records",
};

static void proceed(struct exporter *x);

static void release_batch(struct exporter *x)
{
	x->stats.queued -= x->batch.units;
	otlp_queue_release(&x->batch);
}

/* What the request has that is at work. */
static uint64_t current_units(const struct exporter *x)
{
	return x->from_spool ? x->record_units : x->batch.units;
}

/* It has its final answer. */
static void release_current(struct exporter *x)
{
	x->batch_tries = 0;
	if (!x->from_spool) {
		release_batch(x);
		return;
	}
	spool_done(x->spool);
	x->from_spool = false;
	x->stats.queued -= x->record_units;
}

static void drop_current(struct exporter *x, uint64_t *counter)
{
	*counter += current_units(x);
	release_current(x);
}

/* Half of the batch goes; the other half is the next. False: there are no halves. */
static bool halve(struct exporter *x)
{
	struct otlp_queue all = x->batch;

	if (all.count < 2)
		return false;
	x->batch = (struct otlp_queue){ 0 };
	otlp_queue_move(&x->batch, &all, all.count / 2, SIZE_MAX);
	otlp_queue_unget(&x->rest, &all);
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
	if (x->from_spool) {
		x->from_spool = false;
		spool_put_back(x->spool);
		return;
	}
	if (exporter_spool_batch(x, &x->batch) || tried_ms + wait_ms <= o->retry_ms)
		return;
	LOG_RATE(LOG_LEVEL_WARN, "otlp: given up after %llu ms %s=%llu endpoint=%s",
		 (unsigned long long)tried_ms, exporter_unit_names[o->signal],
		 (unsigned long long)x->batch.units, o->endpoint_shown);
	drop_current(x, &x->stats.dropped_expired);
}

static void accept_batch(struct exporter *x, struct slice body)
{
	struct slice message = SLICE_NONE;
	uint64_t units = current_units(x), n;
	int64_t rejected = 0;

	/* An answer that cannot be read still says 200: accepted. */
	otlp_decode_response(x->options->encoding, body, &rejected, &message);
	n = rejected > 0 ? MIN((uint64_t)rejected, units) : 0;
	if (n)
		LOG_RATE(LOG_LEVEL_WARN,
			 "otlp: rejected by the endpoint %s=%llu of=%llu endpoint=%s",
			 exporter_unit_names[x->options->signal], (unsigned long long)n,
			 (unsigned long long)units, x->options->endpoint_shown);
	if (message.len)
		LOG_RATE(LOG_LEVEL_DEBUG, "otlp: the endpoint says: %.*s",
			 (int)MIN(message.len, (size_t)MESSAGE_SHOWN_MAX), message.data);
	x->stats.dropped_refused += n;
	x->stats.exported += units - n;
	release_current(x);
}

static void refuse_batch(struct exporter *x, const struct sender_answer *a)
{
	const struct otlp_options *o = x->options;

	LOG_RATE(LOG_LEVEL_WARN, "otlp: refused %s=%d%s %s=%llu endpoint=%s",
		 a->grpc_status >= 0 ? "grpc_status" : "status",
		 a->grpc_status >= 0 ? a->grpc_status : a->status,
		 a->too_large ? " (answer too large)" : "", exporter_unit_names[o->signal],
		 (unsigned long long)current_units(x), o->endpoint_shown);
	drop_current(x, &x->stats.dropped_refused);
}

static void log_failure(struct exporter *x, const struct sender_answer *a)
{
	/* Once when it begins; while it lasts the counters tell. */
	if (x->failures)
		return;
	if (a->status)
		LOG_RATE(LOG_LEVEL_WARN,
			 "otlp: not delivered, trying again status=%d grpc_status=%d endpoint=%s",
			 a->status, a->grpc_status, x->options->endpoint_shown);
	else
		LOG_RATE(LOG_LEVEL_WARN, "otlp: not delivered, trying again: %s endpoint=%s",
			 a->problem, x->options->endpoint_shown);
}

static enum retry_verdict verdict_of(const struct exporter *x, const struct sender_answer *a)
{
	if (a->too_large)
		return RETRY_REFUSED;
	if (x->options->grpc && a->status == 200)
		return a->grpc_status < 0
			       ? RETRY_REFUSED
			       : retry_verdict_grpc(a->grpc_status, a->retry_after_ms >= 0,
						    a->grpc_message);
	return retry_verdict(a->status);
}

static void on_answer(void *ctx, const struct sender_answer *a)
{
	struct exporter *x = ctx;
	enum retry_verdict verdict = verdict_of(x, a);

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
	else if (verdict == RETRY_SPLIT && !x->from_spool && !x->split && halve(x))
		start_half(x);
	else
		refuse_batch(x, a);
	proceed(x);
}

/* The body goes out; `r`: there is none. */
static void post(struct exporter *x, int r)
{
	if (!r)
		r = sender_post(x->sender, buf_slice(&x->body), on_answer, x);
	if (r) {
		wait_to_retry(x, -1);
		return;
	}
	x->in_flight = true;
	x->stats.requests++;
	x->stats.retries += x->from_spool ? x->failures > 0 : x->batch_tries++ > 0;
}

/* Sends the batch. What is too large for one request is halved until it is not. */
static void send_batch(struct exporter *x)
{
	int r;

	do {
		buf_reset(&x->body, BODY_KEEP);
		r = otlp_payload_add(&x->body, &x->batch, x->options, x->host);
	} while (r == -ENOBUFS && halve(x));
	if (r == -ENOBUFS) {
		LOG_RATE(LOG_LEVEL_WARN, "otlp: one item is too large for a request endpoint=%s",
			 x->options->endpoint_shown);
		drop_current(x, &x->stats.dropped_full);
		return;
	}
	post(x, r);
}

/* Sends the oldest of what is on disk. False: there is nothing. */
static bool send_record(struct exporter *x)
{
	int r = x->spool ? spool_peek(x->spool, &x->body, &x->record_units) : 0;

	if (x->spool)
		exporter_count_losses(x);
	if (!r)
		return false;
	if (r < 0)
		LOG_RATE(LOG_LEVEL_WARN, "otlp: cannot read what is on disk: %s endpoint=%s",
			 strerror(-r), x->options->endpoint_shown);
	x->from_spool = r > 0;
	post(x, MIN(r, 0));
	return true;
}

/* The next batch: the other half of the last one, or what the queue has. */
static bool next_batch(struct exporter *x, uint64_t now)
{
	const struct otlp_options *o = x->options;
	bool due;

	x->batch_tries = 0;
	x->batch_since_ns = now;
	if (x->rest.count) {
		otlp_queue_move(&x->batch, &x->rest, SIZE_MAX, SIZE_MAX);
		return true;
	}
	x->split = false;
	if (!x->queue.count)
		return false;
	due = x->flushing || x->queue.count >= o->batch_items_max ||
	      now - x->queue.head->at_ns >= o->delay_ms * NSEC_PER_MSEC;
	if (due)
		otlp_queue_move(&x->batch, &x->queue, o->batch_items_max, o->request_bytes_max);
	return due;
}

static void arm(struct exporter *x, uint64_t now, uint64_t at)
{
	loop_set_timer(x->timer, at > now ? at - now : 1);
}

/* While nothing is delivered, what is due goes onto disk. */
static void spool_due(struct exporter *x, uint64_t now)
{
	if (!x->spool || !(spool_stats(x->spool)->units || now < x->hold_ns))
		return;
	if (x->batch.count && (x->in_flight || !exporter_spool_batch(x, &x->batch)))
		return;
	while (next_batch(x, now) && exporter_spool_batch(x, &x->batch))
		;
}

static void arm_for_hold(struct exporter *x, uint64_t now)
{
	uint64_t at = x->hold_ns;

	if (x->batch.count && x->spool) /* the disk did not take it */
		at = MIN(at, MAX(x->spool_rest_ns, now));
	else if (x->queue.count && x->spool)
		at = MIN(at, x->queue.head->at_ns + x->options->delay_ms * NSEC_PER_MSEC);
	if (x->stats.queued)
		arm(x, now, at);
}

static void proceed(struct exporter *x)
{
	while (!x->in_flight) {
		uint64_t now = clock_mono_ns();

		spool_due(x, now);
		if (now < x->hold_ns) {
			arm_for_hold(x, now);
			return;
		}
		if (!x->batch.count && send_record(x))
			continue;
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
	struct exporter *x = ctx;

	if (x->in_flight)
		exporter_relieve(x);
	proceed(x);
}

static bool has_room(const struct exporter *x, size_t len)
{
	size_t bytes = x->queue.bytes + x->batch.bytes + x->rest.bytes;
	uint64_t units = x->queue.units + x->batch.units + x->rest.units;

	return units < x->options->queue_items_max &&
	       bytes + QUEUED_SIZE(len) <= x->options->queue_bytes_max;
}

/* What scratch holds; empty when there is no room anyway. */
static void add(struct exporter *x, uint32_t units, struct process *process)
{
	const struct otlp_options *o = x->options;
	uint64_t now = clock_mono_ns();

	x->stats.items += units;
	if (!x->scratch.len || buf_error(&x->scratch) || !has_room(x, x->scratch.len) ||
	    otlp_queue_add(&x->queue, buf_slice(&x->scratch), units, process, now)) {
		x->stats.dropped_full += units;
		LOG_RATE(LOG_LEVEL_WARN, "otlp: no room for %s queued=%llu endpoint=%s",
			 exporter_unit_names[o->signal], (unsigned long long)x->stats.queued,
			 o->endpoint_shown);
		return;
	}
	x->stats.queued += units;
	if (x->in_flight && x->spool && x->queue.units > o->queue_items_max / 2)
		arm(x, now, MAX(now, x->spool_rest_ns));
	if (x->in_flight || x->batch.count)
		return;
	/* From the loop, not from here: sending takes the time of encoding a batch. */
	if (x->queue.count == o->batch_items_max)
		arm(x, now, MAX(now, x->hold_ns));
	else if (x->queue.count == 1)
		arm(x, now,
		    x->spool ? now + o->delay_ms * NSEC_PER_MSEC
			     : MAX(now + o->delay_ms * NSEC_PER_MSEC, x->hold_ns));
}

void exporter_span(struct exporter *x, const struct span *span)
{
	buf_reset(&x->scratch, SCRATCH_KEEP);
	if (has_room(x, 0))
		otlp_encode_span(&x->scratch, x->options->encoding, span);
	add(x, 1, span->process);
}

void exporter_details(struct exporter *x, const struct span *span)
{
	buf_reset(&x->scratch, SCRATCH_KEEP);
	if (has_room(x, 0))
		otlp_encode_details(&x->scratch, x->options->encoding, span);
	add(x, 1, span->process);
}

void exporter_metric(struct exporter *x, const struct otlp_metric *m,
		     const struct otlp_point *points, size_t n_points)
{
	buf_reset(&x->scratch, SCRATCH_KEEP);
	if (has_room(x, 0))
		otlp_encode_metric(&x->scratch, x->options->encoding, m, points, n_points);
	add(x, (uint32_t)n_points, NULL);
}

void exporter_hurry(struct exporter *x, bool hurry)
{
	x->flushing = hurry;
	if (!hurry)
		return;
	/* Our own back-off may be cut short once; what the endpoint asked for, not. */
	if (!x->told_to_wait)
		x->hold_ns = 0;
	proceed(x);
}

int exporter_flush(struct exporter *x, uint64_t deadline_ms)
{
	uint64_t now = clock_mono_ns();
	uint64_t end = now + MIN(deadline_ms, FLUSH_MAX_MS) * NSEC_PER_MSEC;
	int r = 0;

	exporter_hurry(x, true);
	while (r >= 0 && x->stats.queued && (now = clock_mono_ns()) < end)
		r = loop_run_once(x->loop, (int)MIN((end - now) / NSEC_PER_MSEC + 1, 1000ul));
	exporter_hurry(x, false);
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
	buf_init(&x->scratch, ITEM_BYTES_MAX);
	buf_init(&x->body, options->request_bytes_max);
	r = loop_add_timer(loop, &x->timer, 0, on_timer, x);
	if (!r)
		r = sender_new(&x->sender, loop, options);
	if (!r)
		exporter_open_spool(x);
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
	loop_remove(x->spool_source);
	spool_close(x->spool);
	otlp_queue_release(&x->queue);
	otlp_queue_release(&x->batch);
	otlp_queue_release(&x->rest);
	buf_release(&x->scratch);
	buf_release(&x->body);
	free(x);
}
