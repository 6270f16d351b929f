/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include <errno.h>
#include <stdlib.h>

#define SUB_BITS 6
#define SUB (1u << SUB_BITS)

/* Values below 64 stand for themselves; above, the exponent and six bits behind the
 * leading one. */
static uint32_t bucket_of(int64_t value)
{
	uint64_t v = value > 0 ? (uint64_t)value : 0;
	unsigned int shift;

	if (v < SUB)
		return (uint32_t)v;
	shift = 63 - (unsigned int)__builtin_clzll(v) - SUB_BITS;
	return (shift + 1) * SUB + (uint32_t)(v >> shift & (SUB - 1));
}

static int64_t middle_of(uint32_t at)
{
	unsigned int shift = at / SUB ? at / SUB - 1 : 0;
	uint64_t low = at < SUB ? at : ((uint64_t)(SUB + at % SUB)) << shift;

	return (int64_t)(low + (UINT64_C(1) << shift) / 2);
}

void histogram_release(struct histogram *h)
{
	free(h->buckets);
	*h = (struct histogram){ 0 };
}

static int add_at(struct histogram *h, uint32_t at, uint64_t count)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (h->buckets[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == h->n || h->buckets[low].at != at) {
		if (h->n == h->size) {
			size_t size = h->size ? 2 * h->size : 8;
			void *grown = realloc(h->buckets, size * sizeof(*h->buckets));

			if (!grown)
				return -ENOMEM;
			h->buckets = grown;
			h->size = size;
		}
		memmove(h->buckets + low + 1, h->buckets + low, (h->n - low) * sizeof(*h->buckets));
		h->buckets[low] = (struct histogram_bucket){ .at = at };
		h->n++;
	}
	h->buckets[low].count += count;
	h->total += count;
	return 0;
}

int histogram_add(struct histogram *h, int64_t value, uint64_t count)
{
	return add_at(h, bucket_of(value), count);
}

int histogram_add_bucket(struct histogram *h, const struct histogram_bucket *b)
{
	return add_at(h, b->at, b->count);
}

static bool get_varint(struct slice *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < s->len && i < 10; i++) {
		unsigned char c = (unsigned char)s->data[i];

		v |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c & 0x80)
			continue;
		*s = slice_sub(*s, i + 1, s->len);
		*ret = v;
		return true;
	}
	return false;
}

int histogram_merge(struct histogram *h, struct slice bytes)
{
	uint64_t at = 0, step, count;

	while (bytes.len) {
		if (!get_varint(&bytes, &step) || !get_varint(&bytes, &count) || step > 64 * SUB ||
		    (at += step) > 64 * SUB)
			return -EBADMSG;
		if (add_at(h, (uint32_t)at, count))
			return -ENOMEM;
	}
	return 0;
}

static void put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_char(b, (char)(v | 0x80));
	buf_add_char(b, (char)v);
}

void histogram_encode(const struct histogram *h, struct buf *b)
{
	uint32_t before = 0;

	for (size_t i = 0; i < h->n; i++) {
		put_varint(b, h->buckets[i].at - before);
		put_varint(b, h->buckets[i].count);
		before = h->buckets[i].at;
	}
}

int64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)h->total), seen = 0;

	rank = rank ? rank : 1;
	for (size_t i = 0; i < h->n; i++) {
		seen += h->buckets[i].count;
		if (seen >= rank)
			return middle_of(h->buckets[i].at);
	}
	return 0;
}
