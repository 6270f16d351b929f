/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans as a tree with bars on a time scale, as text: what `gentap exec` ends with, and
 * `gentap show` prints. One trace is one block with its own scale. Whoever has spans makes
 * rows of them; strings are lent. Pure.
 *
 *   invoke_agent coder        ██████████████████████████████████████████  41.2 s  $0.41
 *   ├ chat claude-sonnet-4-6  ▒▒▓▓▓▓                                       6.1 s  …
 *   └ execute_tool Bash             ███                                    2.2 s
 *
 * ▒ waiting for the first token, ▓ streaming, ┄ inferred. Plain ASCII where the terminal is
 * not UTF-8. Control characters of names, which peers may choose, become '?'.
 */
#ifndef UI_WATERFALL_H
#define UI_WATERFALL_H

#include "buf.h"

#define WATERFALL_ROWS_MAX 20000 /* what is beyond is counted in the last line */
#define WATERFALL_DEPTH_MAX 40

enum waterfall_kind {
	WATERFALL_OTHER, /* HTTP, databases, processes */
	WATERFALL_AGENT,
	WATERFALL_CALL,
	WATERFALL_TOOL,
	WATERFALL_MCP,
};

struct waterfall_row {
	uint8_t trace_id[16];
	uint8_t id[8];
	uint8_t parent[8];
	enum waterfall_kind kind;
	struct slice name;
	uint64_t start_ns, end_ns;
	uint64_t first_token_ns; /* 0: not known */
	int64_t input, output;	 /* tokens; -1: not known */
	double cost;		 /* USD; NAN: not known */
	bool cost_is_bound;	 /* some of what it sums has no price */
	struct slice error;	 /* absent: it went well */
	struct slice inferred;	 /* rule by which something of it was concluded */
	bool partial;
};

struct waterfall_style {
	int width; /* columns; 0: 100 */
	bool utf8;
	bool colour;
};

/* Appends the text. 0, -ENOMEM, or the buffer's error. Rows are sorted in place. */
int waterfall_print(struct buf *to, struct waterfall_row *rows, size_t n,
		    const struct waterfall_style *style);

#endif
