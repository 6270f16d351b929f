/* SPDX-License-Identifier: Apache-2.0 */
/* What of an exporter is on disk. */
#include "exporter_impl.h"

#include "payload.h"
#include "cleanup.h"
#include "log.h"

#include <errno.h>

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

bool exporter_spool_batch(struct exporter *x)
{
	/* Not in x->body: a request may be under way with that. */
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(x->options->request_bytes_max);
	uint64_t units = x->batch.units;
	int r;

	if (!x->spool || !x->batch.count)
		return false;
	r = otlp_payload_add(&body, &x->batch, x->options, x->host);
	if (!r)
		r = spool_add(x->spool, buf_slice(&body), (uint32_t)units);
	exporter_count_losses(x);
	if (r) {
		LOG_RATE(LOG_LEVEL_WARN, "otlp: cannot be kept on disk: %s %s=%llu endpoint=%s",
			 strerror(-r), exporter_unit_names[x->options->signal],
			 (unsigned long long)units, x->options->endpoint_shown);
		return false;
	}
	otlp_queue_release(&x->batch); /* still queued: on disk */
	return true;
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
	x->stats.recovered = spool_stats(x->spool)->units;
	x->stats.queued = x->stats.recovered;
	x->spool_lost = spool_stats(x->spool)->damaged; /* nobody knows how many these were */
	if (spool_stats(x->spool)->damaged)
		log_warn("otlp: on disk a part is damaged and left out directory=%s", o->spool_dir);
	if (x->stats.queued)
		loop_set_timer(x->timer, 1);
}

void exporter_stow(struct exporter *x)
{
	if (!x->spool)
		return;
	do {
		otlp_queue_unget(&x->queue, &x->rest);
		otlp_queue_unget(&x->queue, &x->batch);
		otlp_queue_move(&x->batch, &x->queue, x->options->batch_items_max,
				x->options->request_bytes_max);
	} while (x->batch.count && exporter_spool_batch(x));
	x->stats.stowed = spool_stats(x->spool)->units;
}
