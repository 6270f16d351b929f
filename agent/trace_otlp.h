/* SPDX-License-Identifier: Apache-2.0 */
/* A stored trace as OTLP has it: one Export request in JSON, as a Collector takes it. */
#ifndef TRACE_OTLP_H
#define TRACE_OTLP_H

#include "buf.h"
#include "query.h"
#include "semconv.h"

/* Appends the trace's line, with its line feed. 0, or an error of the query or the buffer. */
int trace_otlp_add(struct query_db *db, const uint8_t trace_id[16], enum semconv_profile profile,
		   struct buf *to);

#endif
