/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How values are spread, for percentiles of roll-ups: 64 buckets for each power of two,
 * so a percentile is within 0.8 % of the value of that rank. As bytes: pairs of
 * (bucket minus the one before, count), each as a varint; merging is adding. In memory a
 * short list, and a window of counters when there are more. Pure.
 */
#ifndef STORE_HISTOGRAM_H
#define STORE_HISTOGRAM_H

#include "buf.h"

#define HISTOGRAM_BYTES_MAX (64 * 1024) /* all buckets, all full */

struct histogram_bucket {
	uint32_t at;
	uint64_t count;
};

struct histogram {
	struct histogram_bucket *sparse; /* by `at`; gone once there is a window */
	size_t n, size;
	uint64_t *dense;
	uint32_t dense_low, dense_n;
	uint64_t total;
};

void histogram_release(struct histogram *h);
/* 0 or -ENOMEM; below 0 counts as 0. */
int histogram_add(struct histogram *h, int64_t value, uint64_t count);
int histogram_add_all(struct histogram *to, const struct histogram *from);
/* Adds what stands in the bytes: 0, -ENOMEM, -EBADMSG (then some of it is added). */
int histogram_merge(struct histogram *h, struct slice bytes);
/* The bytes of both together, without a histogram of them. 0 or -EBADMSG; `to` says the rest. */
int histogram_merge_bytes(struct slice a, struct slice b, struct buf *to);
void histogram_encode(const struct histogram *h, struct buf *b);
/* Walks the buckets that are not empty; *at starts as 0. False: no more. */
bool histogram_next(const struct histogram *h, size_t *at, struct histogram_bucket *ret);
/* How many values are below it, by the middle of their buckets. */
uint64_t histogram_below(const struct histogram *h, int64_t value);
/* The value of rank ceil(q * total), by the middle of its bucket; 0 when empty. */
int64_t histogram_quantile(const struct histogram *h, double q);

#endif
