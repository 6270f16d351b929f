/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz targets share. REQUIRE() is a property that must hold; a target derives
 * its random choices (splits, holes) from the input, so that a finding repeats.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A number below `limit` (which is not 0) from a chain that begins with any seed. */
static inline size_t fuzz_pick(uint64_t *chain, size_t limit)
{
	*chain = *chain * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(*chain >> 33) % limit;
}

static inline uint64_t fuzz_seed(const uint8_t *data, size_t len)
{
	return slice_hash(SLICE_HASH, (struct slice){ (const char *)data, len });
}

/* Feeds in random pieces, each in memory of its own size, so that ASan sees a read past
 * its end; stops at the first error. */
static inline int fuzz_feed_split(uint64_t *chain, const char *data, size_t len,
				  int (*feed)(void *parser, const void *data, size_t len),
				  void *parser)
{
	size_t piece_max = (size_t)1 << fuzz_pick(chain, 12);
	int r = 0;

	while (len && !r) {
		size_t n = 1 + fuzz_pick(chain, piece_max);
		char *copy;

		n = n > len ? len : n;
		copy = malloc(n);
		REQUIRE(copy);
		memcpy(copy, data, n);
		r = feed(parser, copy, n);
		free(copy);
		data += n;
		len -= n;
	}
	return r;
}

#endif
