/* SPDX-License-Identifier: Apache-2.0 */
#include "ndjson.h"

#include <errno.h>

#define PART_KEEP 4096 /* bytes that an idle buffer keeps */

void ndjson_init(struct ndjson *n, size_t line_max, ndjson_line_fn line, void *ctx)
{
	*n = (struct ndjson){ .line = line, .ctx = ctx };
	buf_init(&n->part, line_max);
}

void ndjson_release(struct ndjson *n)
{
	buf_release(&n->part);
}

static void give(struct ndjson *n, struct slice line)
{
	bool fits = line.len <= n->part.max;

	line = slice_trim(line);
	n->oversized += !fits;
	if (fits && line.len)
		n->line(n->ctx, line);
}

/* Keeps the beginning of a line; when it cannot be kept, the line is skipped. */
static int keep(struct ndjson *n, struct slice part)
{
	int r = n->skipping ? 0 : buf_add_slice(&n->part, part);

	if (!r)
		return 0;
	buf_reset(&n->part, PART_KEEP);
	n->skipping = true;
	if (r != -ENOBUFS)
		return r;
	n->oversized++;
	return 0;
}

static void end_line(struct ndjson *n)
{
	if (!n->skipping)
		give(n, buf_slice(&n->part));
	n->skipping = false;
	buf_reset(&n->part, PART_KEEP);
}

int ndjson_feed(struct ndjson *n, const void *data, size_t len)
{
	struct slice rest = { data, len };
	int result = 0, r;
	ssize_t end;

	while ((end = slice_find_char(rest, '\n')) >= 0) {
		struct slice line = slice_sub(rest, 0, (size_t)end);

		rest = slice_sub(rest, (size_t)end + 1, rest.len);
		if (!n->part.len && !n->skipping) {
			give(n, line);
			continue;
		}
		r = keep(n, line);
		result = r ? r : result;
		end_line(n);
	}
	r = keep(n, rest);
	return r ? r : result;
}

void ndjson_hole(struct ndjson *n, uint64_t len)
{
	if (!len)
		return;
	n->damaged++;
	n->skipping = true;
	buf_reset(&n->part, PART_KEEP);
}

void ndjson_eof(struct ndjson *n)
{
	end_line(n);
}
