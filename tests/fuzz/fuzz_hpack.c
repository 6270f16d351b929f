/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field blocks (u8 length | bytes) into one decoder that knows its table from the start
 * and one that joined after the first block: what the second one reports, the first one
 * reports too, in the same order.
 */
#include "hpack.h"

#include <stdlib.h>

#define FIELDS_MAX 512

struct fields {
	uint64_t hashes[FIELDS_MAX];
	size_t n;
};

static void on_field(void *ctx, struct slice name, struct slice value)
{
	struct fields *f = ctx;

	if (f->n < FIELDS_MAX)
		f->hashes[f->n++] = slice_hash(slice_hash(SLICE_HASH, name), value);
}

static void compare(const struct fields *all, const struct fields *some)
{
	size_t at = 0;

	for (size_t i = 0; i < some->n; i++) {
		while (at < all->n && all->hashes[at] != some->hashes[i])
			at++;
		if (at++ == all->n && all->n < FIELDS_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct hpack knowing, joined;

	hpack_init(&knowing, true);
	hpack_init(&joined, false);
	for (int i = 0; rest.len > 1; i++) {
		struct fields all = { .n = 0 }, some = { .n = 0 };
		struct slice block = slice_sub(rest, 1, (unsigned char)rest.data[0]);
		size_t omitted;
		int r;

		rest = slice_sub(rest, 1 + block.len, rest.len);
		r = hpack_decode(&knowing, block, on_field, &all, &omitted);
		if (r < 0 || !knowing.known)
			break;
		if (omitted)
			abort();
		if (!i)
			continue;
		if (hpack_decode(&joined, block, on_field, &some, &omitted) < 0)
			abort();
		compare(&all, &some);
		if (all.n < FIELDS_MAX && some.n + omitted != all.n)
			abort();
	}
	hpack_release(&knowing);
	hpack_release(&joined);
	return 0;
}
