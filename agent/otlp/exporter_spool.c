/* SPDX-License-Identifier: Apache-2.0 */
/* What of an exporter is on disk. */
#include "exporter_impl.h"

#include "payload.h"
#include "cleanup.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <sys/epoll.h>

#define SLOW_NS (50 * NSEC_PER_MSEC)
#define SLOW_REST 10

void exporter_count_losses(struct exporter *x)
{
	const struct spool_stats *s = spool_stats(x->spool);
	uint64_t known = s->dropped + s->damaged, news = known - x->spool_lost;

	if (!news)
		return;
	LOG_RATE(LOG_LEVEL_WARN, "otlp: lost on disk %s=%llu endpoint=%s",
		 exporter_unit_names[x->options->signal], (unsigned long long)news,
		 x->options->endpoint_shown);
	x->spool_lost = known;
	x->stats.dropped_full += news;
	x->stats.queued -= MIN(news, x->stats.queued);
}

/*
 * Writing is to the kernel's cache and takes microseconds; only a disk that cannot keep up lets
 * writers wait, and capture with them. Then it is left alone for ten times as long: of the
 * main loop's time it gets a tenth at most, and batches stay in memory meanwhile.
 */
static int add_timed(struct exporter *x, struct slice body, uint32_t units)
{
	uint64_t took, now, before = clock_mono_ns();
	int r = spool_add(x->spool, body, units);

	now = clock_mono_ns();
	took = now - before;
	if (took > SLOW_NS) {
		x->spool_rest_ns = now + SLOW_REST * took;
		LOG_RATE(LOG_LEVEL_WARN, "otlp: the disk is slow ms=%llu directory=%s",
			 (unsigned long long)(took / NSEC_PER_MSEC), x->options->spool_dir);
	}
	return r;
}

bool exporter_spool_batch(struct exporter *x, struct otlp_queue *q)
{
	/* Not in x->body: a request may be under way with that. */
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(x->options->request_bytes_max);
	uint64_t units = q->units;
	int r;

	if (!x->spool || !q->count || clock_mono_ns() < x->spool_rest_ns)
		return false;
	r = otlp_payload_add(&body, q, x->options, x->host);
	if (!r)
		r = add_timed(x, buf_slice(&body), (uint32_t)units);
	exporter_count_losses(x);
	if (r) {
		x->spool_rest_ns = MAX(x->spool_rest_ns, clock_mono_ns() + NSEC_PER_SEC);
		LOG_RATE(LOG_LEVEL_WARN, "otlp: cannot be kept on disk: %s %s=%llu endpoint=%s",
			 strerror(-r), exporter_unit_names[x->options->signal],
			 (unsigned long long)units, x->options->endpoint_shown);
		return false;
	}
	otlp_queue_release(q); /* still queued: on disk */
	return true;
}

static void on_synced(void *ctx, int fd, uint32_t events)
{
	struct exporter *x = ctx;
	uint64_t failures = spool_stats(x->spool)->sync_failures;

	(void)fd;
	(void)events;
	spool_synced(x->spool);
	if (spool_stats(x->spool)->sync_failures > failures)
		LOG_RATE(LOG_LEVEL_WARN, "otlp: cannot be synced to disk directory=%s",
			 x->options->spool_dir);
}

void exporter_open_spool(struct exporter *x)
{
	const struct otlp_options *o = x->options;
	int r;

	if (!o->spool_dir)
		return;
	r = spool_open(&x->spool, o->spool_dir, o->spool_bytes_max);
	if (r) {
		log_warn("otlp: nothing is kept on disk: %s directory=%s", strerror(-r),
			 o->spool_dir);
		return;
	}
	if (spool_fd(x->spool) >= 0 &&
	    loop_add_fd(x->loop, &x->spool_source, spool_fd(x->spool), EPOLLIN, on_synced, x))
		log_warn("otlp: is not synced to disk directory=%s", o->spool_dir);
	x->stats.recovered = spool_stats(x->spool)->units;
	x->stats.queued = x->stats.recovered;
	x->spool_lost = spool_stats(x->spool)->damaged; /* nobody knows how many these were */
	if (spool_stats(x->spool)->damaged)
		log_warn("otlp: on disk a part is damaged and left out directory=%s", o->spool_dir);
	if (x->stats.queued)
		loop_set_timer(x->timer, 1);
}

void exporter_relieve(struct exporter *x)
{
	const struct otlp_options *o = x->options;
	struct otlp_queue some = { 0 };

	while (x->spool && (x->queue.units > o->queue_items_max / 2 ||
			    x->queue.bytes > o->queue_bytes_max / 2)) {
		otlp_queue_move(&some, &x->queue, o->batch_items_max, o->request_bytes_max);
		if (exporter_spool_batch(x, &some))
			continue;
		otlp_queue_unget(&x->queue, &some);
		return;
	}
}

void exporter_stow(struct exporter *x)
{
	if (!x->spool)
		return;
	x->spool_rest_ns = 0; /* nothing is captured any more */
	do {
		otlp_queue_unget(&x->queue, &x->rest);
		otlp_queue_unget(&x->queue, &x->batch);
		otlp_queue_move(&x->batch, &x->queue, x->options->batch_items_max,
				x->options->request_bytes_max);
	} while (x->batch.count && exporter_spool_batch(x, &x->batch));
	x->stats.stowed = spool_stats(x->spool)->units;
}
