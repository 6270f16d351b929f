/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as people read them on a terminal, and how many columns a text takes there.
 * The web page formats the same way. Pure.
 *
 *   money      $0.0041  $0.41  $12.40  $1,240     (of picodollars)
 *   counts     812  12.4k  3.1M
 *   durations  840 µs  42 ms  1.24 s  3 m 12 s  2 h 5 m  (of nanoseconds)
 */
#ifndef UI_NUMBERS_H
#define UI_NUMBERS_H

#include "buf.h"
#include "query.h"

void number_add_money(struct buf *b, double picodollars);
void number_add_count(struct buf *b, double n);
void number_add_duration(struct buf *b, double ns);
void number_add_percent(struct buf *b, double ratio);
void number_add_bytes(struct buf *b, double bytes);
/* "3 m ago" below a day, date and time of this zone from then on. */
void number_add_time(struct buf *b, int64_t ns, uint64_t now_ns);
/* A cell by the unit of its column; "-" when unknown, "≥" before what is a lower bound. */
void number_add_cell(struct buf *b, const struct query_column *c, const struct query_cell *cell,
		     uint64_t now_ns);

/* Columns of a terminal that the text takes; control characters take one ("?"). */
size_t text_width(struct slice s);
/* Adds the text without control characters, in at most `width` columns (then it ends with
 * "…"), filled up with spaces: behind it, or before it when `right`. */
void text_add_padded(struct buf *b, struct slice s, size_t width, bool right);

#endif
