/* SPDX-License-Identifier: Apache-2.0 */
/* A stored trace as the tree that waterfall.h draws. */
#ifndef TRACE_ROWS_H
#define TRACE_ROWS_H

#include "query.h"
#include "waterfall.h"

/* `id` as query_find_trace() takes it. 0 or its error, or that of the buffer. */
int trace_rows_print(struct query_db *db, struct slice id, const struct waterfall_style *style,
		     struct buf *to);

#endif
