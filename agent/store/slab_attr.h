/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attribute that has no column of its own, of the spans of one slab: each value that
 * there is once, and which of them each span has.
 *
 *   count   4 bytes, little-endian: of values
 *   values  a byte of enum slab_value_type, then 8 bytes of a number, or 4 of a length
 *           and a text
 *   codes   one byte for each span, two of more than 255 values: 0 is unknown, else the
 *           value's number, from 1
 *
 * Pure.
 */
#ifndef STORE_SLAB_ATTR_H
#define STORE_SLAB_ATTR_H

#include "arena.h"
#include "buf.h"
#include "slab_column.h"

#define SLAB_VALUE_MAX 512		/* bytes of one text */
#define SLAB_VALUES_BYTES (512u * 1024) /* and of all */

enum slab_value_type {
	SLAB_INT,
	SLAB_REAL,
	SLAB_TRUE,
	SLAB_FALSE,
	SLAB_TEXT,
	SLAB_JSON, /* a list or an object, as it is written */
	SLAB_TYPES
};

struct slab_value {
	enum slab_value_type type;
	int64_t integer;
	double real;
	struct slice text;
};

/* Making one: values are put in span by span. */
struct slab_attr_maker;

int slab_attr_maker_new(struct slab_attr_maker **ret);
void slab_attr_maker_free(struct slab_attr_maker *m);
/* Of a span that has a value already the first one counts. 0, -EMSGSIZE: too long to be kept
 * (the attribute is not whole then), -ENOMEM. */
int slab_attr_add(struct slab_attr_maker *m, size_t row, const struct slab_value *v);
/* Of the first n spans. */
void slab_attr_encode(const struct slab_attr_maker *m, size_t n, struct buf *to);

struct slab_attr {
	uint16_t codes[SLAB_SPANS]; /* 0: unknown; else of values[code - 1] */
	struct slab_value *values;
	size_t n_values, size;
};

/* Texts are lent of `bytes`; no bytes: nothing is known. -EBADMSG: none of n spans. The array of
 * values is kept for the next one; slab_attr_release() frees it. */
int slab_attr_decode(struct slice bytes, size_t n, struct slab_attr *to);
void slab_attr_release(struct slab_attr *a);

#endif
