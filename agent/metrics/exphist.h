/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A base-2 exponential histogram (OpenTelemetry data model, "ExponentialHistogram"): its
 * resolution is as fine as its buckets suffice for, and halves when a value is too far from
 * the others. Bucket i at a scale s holds base^i < v <= base^(i+1) with base = 2^(2^-s).
 * Pure.
 */
#ifndef METRICS_EXPHIST_H
#define METRICS_EXPHIST_H

#include <stdint.h>

#define EXPHIST_BUCKETS 160 /* OpenTelemetry's default */
#define EXPHIST_SCALE_MAX 20

struct exphist {
	int32_t scale;
	int32_t offset; /* index of counts[0] */
	uint32_t n;	/* buckets from the first to the last that is used */
	uint64_t zeros;
	uint64_t counts[EXPHIST_BUCKETS];
};

void exphist_init(struct exphist *h);
/* Not finite: not added. Below or at 0: into `zeros`. */
void exphist_add(struct exphist *h, double value);
/* What was added to `h` since it was like `before`. */
void exphist_subtract(struct exphist *h, const struct exphist *before);

#endif
