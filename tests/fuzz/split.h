/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differential fuzzing of a push parser: the same input whole, cut once, and in single
 * bytes must give the same log. The first four bytes of the input say where a hole is
 * (0 0 0: none) and where to cut; the rest is what the parser gets.
 */
#ifndef FUZZ_SPLIT_H
#define FUZZ_SPLIT_H

#include "cutter.h"

#include <stdio.h>

static inline int fuzz_splits(parser_run_fn run, size_t stride, const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data + 4, size - 4 };
	struct buf want = BUF_INIT(1 << 26);

	if (size < 4)
		return 0;
	for (int i = 0; i < 3; i++) {
		struct cutter c = { text, (size_t)data[0] << 8 | data[1], data[2], 0, stride, 0 };
		struct buf log = BUF_INIT(1 << 26);

		c.cut = i == 0 ? 0 : i == 1 ? text.len * data[3] / 256 : SIZE_MAX;
		run(i ? &log : &want, &c);
		if (i && !slice_eq(buf_slice(&log), buf_slice(&want))) {
			fprintf(stderr, "whole: %s\ncut:   %s\n", want.data, log.data);
			abort();
		}
		buf_release(&log);
	}
	buf_release(&want);
	return 0;
}

#endif
