/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON array that arrives piece by piece (Gemini's streamGenerateContent without
 * alt=sse): its elements as text, each as soon as its last byte is there. Push style,
 * any split gives the same elements. A document that is no array is one element.
 *
 * Only brackets and strings are followed; whether an element is valid JSON is for the
 * reader to see. An element over the ceiling is dropped and counted in `oversized`. A
 * hole drops the element it falls into (`damaged`), and reading goes on where a line
 * begins, in its first column, with `{`, `}` or `,`: a raw newline is never inside a
 * string, and the senders indent what is nested or write it in one line.
 */
#ifndef WIRE_JSONARRAY_H
#define WIRE_JSONARRAY_H

#include "buf.h"

/* Lent until it returns. */
typedef void (*jsonarray_element_fn)(void *ctx, struct slice element);

enum jsonarray_state {
	JSONARRAY_START,
	JSONARRAY_BETWEEN, /* two elements */
	JSONARRAY_ELEMENT,
	JSONARRAY_SEEKING, /* after a hole */
	JSONARRAY_DONE,
};

struct jsonarray {
	jsonarray_element_fn element;
	void *ctx;
	struct buf part; /* of an element that is split between feeds */
	enum jsonarray_state state;
	uint64_t depth; /* open brackets within the element */
	bool single;	/* the document is no array */
	bool in_string;
	bool escaped;  /* the next character of the string is */
	bool scalar;   /* the element is a number or a literal: ends before what follows */
	bool dropping; /* the element is over the ceiling or lacked memory */
	bool column_0; /* seeking: at the beginning of a line */
	int error;     /* of this feed */
	uint64_t oversized;
	uint64_t damaged;
};

void jsonarray_init(struct jsonarray *j, size_t element_max, jsonarray_element_fn element,
		    void *ctx);
void jsonarray_release(struct jsonarray *j);
/* 0, or -ENOMEM: an element was lost. */
int jsonarray_feed(struct jsonarray *j, const void *data, size_t len);
void jsonarray_hole(struct jsonarray *j, uint64_t len);
/* End of the stream: an element that was cut off is not delivered but counted. */
void jsonarray_eof(struct jsonarray *j);

#endif
