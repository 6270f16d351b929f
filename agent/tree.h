/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects spans for a waterfall at the end: rows whose names are copied, up to
 * WATERFALL_ROWS_MAX of them; what is beyond is counted there.
 */
#ifndef TREE_H
#define TREE_H

#include "arena.h"
#include "span.h"
#include "waterfall.h"

#include <stdio.h>

struct tree {
	struct arena names;
	struct waterfall_row *rows;
	size_t count;
	size_t size;
	uint64_t left_out;
};

void tree_init(struct tree *t);
void tree_release(struct tree *t);
void tree_add(struct tree *t, const struct span *span);
/* As wide as the terminal that `out` is; in colour and in UTF-8 where it can. 0 or -errno. */
int tree_print(struct tree *t, FILE *out);

#endif
