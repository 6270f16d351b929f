/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoded spans in the order they were made, each with the process that is its
 * Resource. A list that owns its spans: what is taken off one goes onto another, nothing
 * is copied and nothing fails on the way. Pure.
 */
#ifndef OTLP_QUEUE_H
#define OTLP_QUEUE_H

#include "encode.h"

struct queued_span {
	struct queued_span *next;
	struct process *process; /* counted; or NULL */
	uint64_t at_ns;		 /* when it came, CLOCK_MONOTONIC */
	uint64_t number;	 /* grows along the queue */
	size_t len;
	char data[];
};

/* What a span takes in memory. */
#define QUEUED_SPAN_SIZE(len) (sizeof(struct queued_span) + (len))

struct span_queue {
	struct queued_span *head;
	struct queued_span *tail;
	size_t count;
	size_t bytes; /* QUEUED_SPAN_SIZE of all */
	uint64_t added;
};

/* Copies the encoded span. 0 or -ENOMEM. */
int span_queue_add(struct span_queue *q, struct slice encoded, struct process *process,
		   uint64_t now_ns);
/* Moves spans from the head of `from` to the end of `to`: `count` at most, and no more
 * than `bytes` unless that would be none. */
void span_queue_move(struct span_queue *to, struct span_queue *from, size_t count, size_t bytes);
/* Puts all of `from` before the head of `to`. */
void span_queue_unget(struct span_queue *to, struct span_queue *from);
void span_queue_release(struct span_queue *q);

/* One request of all spans, grouped by process. buf's sticky error tells. */
void span_queue_encode(struct buf *b, const struct span_queue *q, enum otlp_encoding e,
		       enum semconv_profile profile, const struct otlp_host *host);

#endif
