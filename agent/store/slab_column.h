/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One column of a slab as bytes: numbers that may be unknown, as the distance from the
 * smallest in as few bytes each as that takes.
 *
 *   width   one byte, 0 to 8
 *   least   8 bytes, little-endian
 *   codes   n of `width` bytes: 0 is unknown, else value - least + 1. Of width 0 every
 *           value is `least`. Of width 8 they are value - least, and n bits follow: known.
 *
 * A column of which nothing is known has no bytes. Pure.
 */
#ifndef STORE_SLAB_COLUMN_H
#define STORE_SLAB_COLUMN_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

#define SLAB_SPANS 8192

struct slab_column {
	int64_t values[SLAB_SPANS]; /* 0: where it is not known */
	bool known[SLAB_SPANS];
};

/* Of the first n. */
void slab_column_encode(const struct slab_column *c, size_t n, struct buf *to);
/* n is at most SLAB_SPANS. -EBADMSG: not n values of a column. */
int slab_column_decode(struct slice bytes, size_t n, struct slab_column *to);
/* The same, but only what stands at these n_at places is set. */
int slab_column_decode_at(struct slice bytes, size_t n, const uint16_t *at, size_t n_at,
			  struct slab_column *to);

#endif
