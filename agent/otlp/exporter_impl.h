/* SPDX-License-Identifier: Apache-2.0 */
/* What exporter.c and exporter_spool.c share. */
#ifndef OTLP_EXPORTER_IMPL_H
#define OTLP_EXPORTER_IMPL_H

#include "exporter.h"
#include "queue.h"
#include "sender.h"
#include "spool.h"

struct exporter {
	struct loop *loop;
	const struct otlp_options *options;
	const struct otlp_host *host;
	struct sender *sender;
	struct loop_source *timer;
	struct otlp_queue queue;
	struct otlp_queue batch;
	struct otlp_queue rest;
	struct spool *spool; /* NULL: there is none */
	struct loop_source *spool_source;
	uint64_t spool_rest_ns; /* it is not written to before this */
	bool from_spool;	/* the request is of its oldest record */
	uint32_t record_units;	/* which has so many */
	bool in_flight;
	bool split; /* batch is one half of a larger one */
	bool flushing;
	bool told_to_wait;     /* hold_ns is the endpoint's wish, not our back-off */
	unsigned int failures; /* tries in a row that got no final answer */
	uint64_t batch_since_ns;
	unsigned int batch_tries;
	uint64_t spool_lost; /* of its losses, those that are counted */
	uint64_t hold_ns;    /* nothing is sent before this */
	struct buf scratch;
	struct buf body;
	struct otlp_stats stats;
};

extern const char *const exporter_unit_names[OTLP_SIGNALS]; /* what is counted */

/* With options.spool_dir; a spool that cannot be used is said, and done without. */
void exporter_open_spool(struct exporter *x);
/* What is in `q` (a batch) goes onto disk. False: it stays as it is. */
bool exporter_spool_batch(struct exporter *x, struct otlp_queue *q);
/* A request is under way and the queue grows: the oldest of it go onto disk until it is half
 * empty. */
void exporter_relieve(struct exporter *x);
/* What the spool had to give up, or could not read. */
void exporter_count_losses(struct exporter *x);

#endif
