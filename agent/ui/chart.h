/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query's answer as a picture in a terminal: bars by group, lines over time, one big
 * number, a heat map of groups over time. Plain ASCII where the terminal is not UTF-8.
 * Pure.
 */
#ifndef UI_CHART_H
#define UI_CHART_H

#include "query.h"

struct chart_style {
	size_t width; /* columns of the terminal */
	bool utf8;
	bool colour;
	uint64_t now_ns;
};

/* 0, or -EINVAL when the answer has not the shape for it: *ret_why says what is missing. */
int chart_print(const struct query_result *r, enum query_display display,
		const struct chart_style *style, struct buf *b, const char **ret_why);

#endif
