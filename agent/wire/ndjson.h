/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newline-delimited JSON: a stream cut into its lines, push style. LF or CRLF, blank
 * lines skipped, a last line without its newline counts. Any split of the input gives
 * the same lines. Whether a line is JSON is for the reader to see.
 *
 * A line over the ceiling is dropped and counted in `oversized`. A hole drops what
 * lies between the newlines around it and counts it in `damaged`.
 */
#ifndef WIRE_NDJSON_H
#define WIRE_NDJSON_H

#include "buf.h"

/* The line is lent until it returns. */
typedef void (*ndjson_line_fn)(void *ctx, struct slice line);

struct ndjson {
	ndjson_line_fn line;
	void *ctx;
	struct buf part; /* of a line that is split between feeds */
	bool skipping;	 /* up to the next newline */
	uint64_t oversized;
	uint64_t damaged;
};

void ndjson_init(struct ndjson *n, size_t line_max, ndjson_line_fn line, void *ctx);
void ndjson_release(struct ndjson *n);
/* 0, or -ENOMEM: a line was lost. */
int ndjson_feed(struct ndjson *n, const void *data, size_t len);
void ndjson_hole(struct ndjson *n, uint64_t len);
void ndjson_eof(struct ndjson *n);

#endif
