/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0. Names are
 * OpenTelemetry's, translated as its Prometheus exporter does.
 */
#ifndef METRICS_EXPOSE_H
#define METRICS_EXPOSE_H

#include "buf.h"
#include "metrics.h"

#define EXPOSE_MAX (64 * 1024 * 1024) /* of one exposition */

enum expose_format { EXPOSE_TEXT, EXPOSE_OPENMETRICS };

/* By a request's Accept header; absent: text. */
enum expose_format expose_format(struct slice accept);
const char *expose_content_type(enum expose_format f);
/* 0, or the buffer's error. */
int expose(const struct metrics *m, const struct expose_value *own, size_t n_own,
	   enum expose_format f, struct buf *to);

#endif
