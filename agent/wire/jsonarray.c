/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonarray.h"

#include <errno.h>

#define PART_KEEP 4096 /* bytes that an idle buffer keeps */

void jsonarray_init(struct jsonarray *j, size_t element_max, jsonarray_element_fn element,
		    void *ctx)
{
	*j = (struct jsonarray){ .element = element, .ctx = ctx };
	buf_init(&j->part, element_max);
}

void jsonarray_release(struct jsonarray *j)
{
	buf_release(&j->part);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void begin_element(struct jsonarray *j, char c)
{
	j->state = JSONARRAY_ELEMENT;
	j->depth = 0;
	j->in_string = j->escaped = j->dropping = false;
	j->scalar = c != '{' && c != '[' && c != '"';
}

static void drop(struct jsonarray *j, int error)
{
	j->dropping = true;
	buf_reset(&j->part, PART_KEEP);
	if (error == -ENOBUFS)
		j->oversized++;
	else
		j->error = error;
}

static void keep(struct jsonarray *j, struct slice part)
{
	int r = j->dropping ? 0 : buf_add_slice(&j->part, part);

	if (r)
		drop(j, r);
}

static void end_element(struct jsonarray *j, struct slice last)
{
	struct slice whole = last;

	j->state = j->single ? JSONARRAY_DONE : JSONARRAY_BETWEEN;
	if (j->part.len) {
		keep(j, last);
		whole = buf_slice(&j->part);
	} else if (!j->dropping && last.len > j->part.max) {
		drop(j, -ENOBUFS);
	}
	if (!j->dropping)
		j->element(j->ctx, whole);
	buf_reset(&j->part, PART_KEEP);
}

/* The length of data that belongs to the element; *ret_ended when it ends there. */
static size_t scan_element(struct jsonarray *j, struct slice data, bool *ret_ended)
{
	*ret_ended = true;
	for (size_t i = 0; i < data.len; i++) {
		char c = data.data[i];

		if (j->in_string) {
			if (j->escaped)
				j->escaped = false;
			else if (c == '\\')
				j->escaped = true;
			else if (c == '"')
				j->in_string = false;
			if (!j->in_string && !j->depth)
				return i + 1;
		} else if (c == '"') {
			j->in_string = true;
		} else if (c == '{' || c == '[') {
			j->depth++;
		} else if (j->depth && (c == '}' || c == ']')) {
			if (!--j->depth)
				return i + 1;
		} else if (j->scalar && (is_space(c) || c == ',' || c == ']' || c == '}')) {
			return i;
		}
	}
	*ret_ended = false;
	return data.len;
}

static size_t take_element(struct jsonarray *j, struct slice data)
{
	bool ended;
	size_t n = scan_element(j, data, &ended);

	if (ended)
		end_element(j, slice_sub(data, 0, n));
	else
		keep(j, slice_sub(data, 0, n));
	return n;
}

/* One character outside of elements: 1 if it was used, 0 if an element begins with it. */
static size_t take_other(struct jsonarray *j, char c)
{
	if (j->state == JSONARRAY_SEEKING) {
		bool column_0 = j->column_0;

		j->column_0 = c == '\n' || (column_0 && c == '\r');
		if (!column_0 || (c != '{' && c != '}' && c != ','))
			return 1;
		j->state = JSONARRAY_BETWEEN;
		if (c != '{')
			return 1;
	}
	if (is_space(c) || j->state == JSONARRAY_DONE)
		return 1;
	if (j->state == JSONARRAY_START) {
		/* A byte order mark is no part of the document. */
		if (c == '\xef' || c == '\xbb' || c == '\xbf')
			return 1;
		j->single = c != '[';
		j->state = JSONARRAY_BETWEEN;
		if (!j->single)
			return 1;
	}
	if (c == ',' || c == '}')
		return 1;
	if (c == ']') {
		j->state = JSONARRAY_DONE;
		return 1;
	}
	begin_element(j, c);
	return 0;
}

int jsonarray_feed(struct jsonarray *j, const void *data, size_t len)
{
	struct slice rest = { data, len };

	j->error = 0;
	while (rest.len) {
		size_t n = j->state == JSONARRAY_ELEMENT ? take_element(j, rest)
							 : take_other(j, rest.data[0]);

		rest = slice_sub(rest, n, rest.len);
	}
	return j->error;
}

void jsonarray_hole(struct jsonarray *j, uint64_t len)
{
	if (!len || j->state == JSONARRAY_DONE)
		return;
	j->damaged++;
	buf_reset(&j->part, PART_KEEP);
	j->state = j->single ? JSONARRAY_DONE : JSONARRAY_SEEKING;
	j->column_0 = false;
}

void jsonarray_eof(struct jsonarray *j)
{
	if (j->state == JSONARRAY_ELEMENT && j->scalar)
		end_element(j, SLICE(""));
	else if (j->state == JSONARRAY_ELEMENT)
		j->damaged++;
	buf_reset(&j->part, PART_KEEP);
	j->state = JSONARRAY_DONE;
}
