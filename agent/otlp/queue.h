/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoded items (spans, metrics, log records) in the order they were made, each with the
 * process that is its Resource. A list that owns them: what is taken off one goes onto
 * another, nothing is copied and nothing fails on the way. Pure.
 */
#ifndef OTLP_QUEUE_H
#define OTLP_QUEUE_H

#include "encode.h"

struct queued {
	struct queued *next;
	struct process *process; /* counted; or NULL */
	uint64_t at_ns;		 /* when it came, CLOCK_MONOTONIC */
	uint64_t number;	 /* grows along the queue */
	uint32_t units;		 /* data points of a metric; else 1 */
	size_t len;
	char data[];
};

/* What an item takes in memory. */
#define QUEUED_SIZE(len) (sizeof(struct queued) + (len))

struct otlp_queue {
	struct queued *head;
	struct queued *tail;
	size_t count;
	size_t bytes;	/* QUEUED_SIZE of all */
	uint64_t units; /* of all */
	uint64_t added;
};

/* Copies the encoded item. 0 or -ENOMEM. */
int otlp_queue_add(struct otlp_queue *q, struct slice encoded, uint32_t units,
		   struct process *process, uint64_t now_ns);
/* Moves items from the head of `from` to the end of `to`: `count` at most, and no more
 * than `bytes` unless that would be none. */
void otlp_queue_move(struct otlp_queue *to, struct otlp_queue *from, size_t count, size_t bytes);
/* Puts all of `from` before the head of `to`. */
void otlp_queue_unget(struct otlp_queue *to, struct otlp_queue *from);
void otlp_queue_release(struct otlp_queue *q);

/* One request of all items, grouped by process. buf's sticky error tells. */
void otlp_queue_encode(struct buf *b, const struct otlp_queue *q, enum otlp_signal signal,
		       enum otlp_encoding e, enum semconv_profile profile,
		       const struct otlp_host *host);

#endif
