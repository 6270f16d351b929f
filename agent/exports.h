/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where spans, metrics and log records go: one exporter for each signal of each destination,
 * that of the environment, those of --export and --export-preset.
 */
#ifndef EXPORTS_H
#define EXPORTS_H

#include "exporter.h"
#include "metrics_read.h"
#include "options.h"
#include "spool_place.h"

#define EXPORTS_MAX 32
#define EXPORTS_OWN_MAX 128 /* of the agent's own numbers; as many as a scrape has */

/* The agent's own numbers, at most EXPORTS_OWN_MAX; returns how many. */
typedef size_t (*exports_own_fn)(void *ctx, struct expose_value *to);

struct export
{
	struct otlp_options options;
	struct exporter *exporter;
	struct exports *exports;
	struct metrics_reader *reader; /* of metrics, once they are there */
	struct loop_source *timer;
};

struct exports {
	struct export items[EXPORTS_MAX];
	size_t count;
	struct loop *loop;
	struct otlp_host agent_host; /* whom metrics come from */
	struct spool_place place;    /* base NULL: none yet */
	exports_own_fn own;	     /* NULL: there are none */
	void *own_ctx;
};

/* `events`: log records are wanted. Says on stderr what is wrong. 0 or -errno; the caller
 * releases it, whatever happened. */
int exports_init(struct exports *e, const struct options *o, struct loop *loop,
		 const struct otlp_host *host, bool events);
void exports_release(struct exports *e);

bool exports_want(const struct exports *e, enum otlp_signal signal);
/* Does one of them want exponential histograms? */
bool exports_exponential(const struct exports *e);
/* Metrics are read from then on, once an interval. `m` is lent until exports_release(). */
int exports_start_metrics(struct exports *e, const struct metrics *m, uint64_t now_ns);
/* The agent's own numbers go with them; NULL: no longer. */
void exports_set_own(struct exports *e, exports_own_fn own, void *ctx);
void exports_span(struct exports *e, const struct span *s);
void exports_event(struct exports *e, const struct span *s); /* what there is to log of it */
/* Reads metrics once more, sends everything, runs the loop for deadline_ms at most. 0 or
 * -ETIMEDOUT. */
int exports_flush(struct exports *e, uint64_t deadline_ms);
/* Sums over all destinations. */
struct otlp_stats exports_stats(const struct exports *e, enum otlp_signal signal);
/* The first endpoint, without secrets; NULL: there is none. */
const char *exports_shown(const struct exports *e);

#endif
