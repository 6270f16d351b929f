/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include "cleanup.h"

#include <errno.h>

#define SUB_BITS 6
#define SUB (1u << SUB_BITS)
#define BUCKETS (58 * SUB) /* of all int64_t */
#define SPARSE_MAX 32

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
	free(h->sparse);
	free(h->dense);
	*h = (struct histogram){ 0 };
}

/* Widens the window so that it holds `at`. */
static int make_room(struct histogram *h, uint32_t at)
{
	uint32_t low = h->dense_n ? MIN(h->dense_low, at & ~(SUB - 1)) : at & ~(SUB - 1);
	uint32_t high = MAX(h->dense_low + h->dense_n, (at | (SUB - 1)) + 1);
	uint64_t *grown = calloc(high - low, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	if (h->dense_n)
		memcpy(grown + (h->dense_low - low), h->dense, h->dense_n * sizeof(*grown));
	free(h->dense);
	h->dense = grown;
	h->dense_low = low;
	h->dense_n = high - low;
	return 0;
}

static int add_dense(struct histogram *h, uint32_t at, uint64_t count)
{
	if ((at < h->dense_low || at >= h->dense_low + h->dense_n) && make_room(h, at))
		return -ENOMEM;
	h->dense[at - h->dense_low] += count;
	return 0;
}

static int make_dense(struct histogram *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (add_dense(h, h->sparse[i].at, h->sparse[i].count))
			return -ENOMEM;
	free(TAKE(h->sparse));
	h->n = h->size = 0;
	return 0;
}

static int add_sparse(struct histogram *h, uint32_t at, uint64_t count)
{
	size_t i = h->n;

	while (i && h->sparse[i - 1].at > at)
		i--;
	if (i && h->sparse[i - 1].at == at) {
		h->sparse[i - 1].count += count;
		return 0;
	}
	if (h->n == SPARSE_MAX) {
		int r = make_dense(h);

		return r ? r : add_dense(h, at, count);
	}
	if (h->n == h->size) {
		size_t size = h->size ? 2 * h->size : 4;
		void *grown = realloc(h->sparse, size * sizeof(*h->sparse));

		if (!grown)
			return -ENOMEM;
		h->sparse = grown;
		h->size = size;
	}
	memmove(h->sparse + i + 1, h->sparse + i, (h->n - i) * sizeof(*h->sparse));
	h->sparse[i] = (struct histogram_bucket){ at, count };
	h->n++;
	return 0;
}

static int add_at(struct histogram *h, uint32_t at, uint64_t count)
{
	int r = h->dense ? add_dense(h, at, count) : add_sparse(h, at, count);

	if (!r)
		h->total += count;
	return r;
}

int histogram_add(struct histogram *h, int64_t value, uint64_t count)
{
	return add_at(h, bucket_of(value), count);
}

bool histogram_next(const struct histogram *h, size_t *at, struct histogram_bucket *ret)
{
	if (!h->dense) {
		if (*at >= h->n)
			return false;
		*ret = h->sparse[(*at)++];
		return true;
	}
	while (*at < h->dense_n && !h->dense[*at])
		++*at;
	if (*at >= h->dense_n)
		return false;
	*ret = (struct histogram_bucket){ h->dense_low + (uint32_t)*at, h->dense[*at] };
	++*at;
	return true;
}

int histogram_add_all(struct histogram *to, const struct histogram *from)
{
	struct histogram_bucket b;
	size_t at = 0;
	int r = 0;

	while (!r && histogram_next(from, &at, &b))
		r = add_at(to, b.at, b.count);
	return r;
}

static bool get_varint(struct slice *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s->len && !(*s->data & 0x80)) { /* most are short */
		*ret = (unsigned char)*s->data++;
		s->len--;
		return true;
	}
	for (unsigned int i = 0; i < s->len && i < 9; i++) {
		unsigned char c = (unsigned char)s->data[i];

		v |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c & 0x80)
			continue;
		s->data += i + 1;
		s->len -= i + 1;
		*ret = v;
		return true;
	}
	return false;
}

/* The next pair of the bytes. 1; 0 at the end; -EBADMSG. */
static int get_bucket(struct slice *bytes, struct histogram_bucket *b)
{
	uint64_t step;

	if (!bytes->len)
		return 0;
	if (!get_varint(bytes, &step) || !get_varint(bytes, &b->count) || step >= BUCKETS ||
	    b->at + step >= BUCKETS)
		return -EBADMSG;
	b->at += (uint32_t)step;
	return 1;
}

int histogram_merge(struct histogram *h, struct slice bytes)
{
	struct histogram_bucket b = { 0 };
	int r;

	while ((r = get_bucket(&bytes, &b)) > 0)
		if (add_at(h, b.at, b.count))
			return -ENOMEM;
	return r;
}

#define VARINT_MAX 10 /* bytes */

static char *put_varint(char *to, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*to++ = (char)(v | 0x80);
	*to++ = (char)v;
	return to;
}

/* Room for one more pair; false: there is none, which the buffer says. */
static bool put_bucket(struct buf *b, uint32_t step, uint64_t count)
{
	char *to = buf_reserve(b, 2 * VARINT_MAX);

	if (to)
		buf_commit(b, (size_t)(put_varint(put_varint(to, step), count) - to));
	return to;
}

void histogram_encode(const struct histogram *h, struct buf *b)
{
	struct histogram_bucket bucket;
	uint32_t before = 0;
	size_t at = 0;

	while (histogram_next(h, &at, &bucket) && put_bucket(b, bucket.at - before, bucket.count))
		before = bucket.at;
}

int histogram_merge_bytes(struct slice a, struct slice b, struct buf *to)
{
	struct histogram_bucket x = { 0 }, y = { 0 };
	/* A pair is no longer than those that it comes from. */
	char *start = buf_reserve(to, a.len + b.len), *end = start;
	int more_x = get_bucket(&a, &x), more_y = get_bucket(&b, &y);
	uint32_t before = 0;

	if (!start)
		return 0;
	while (more_x > 0 || more_y > 0) {
		bool take_x = more_x > 0 && (more_y <= 0 || x.at <= y.at);
		bool take_y = more_y > 0 && (more_x <= 0 || y.at <= x.at);
		uint32_t at = take_x ? x.at : y.at;

		end = put_varint(end, at - before);
		end = put_varint(end, (take_x ? x.count : 0) + (take_y ? y.count : 0));
		before = at;
		if (take_x)
			more_x = get_bucket(&a, &x);
		if (take_y)
			more_y = get_bucket(&b, &y);
	}
	buf_commit(to, (size_t)(end - start));
	return more_x | more_y;
}

int64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)h->total), seen = 0;
	struct histogram_bucket bucket = { 0 };
	size_t at = 0;

	rank = rank ? rank : 1;
	while (histogram_next(h, &at, &bucket)) {
		seen += bucket.count;
		if (seen >= rank)
			return middle_of(bucket.at);
	}
	return 0;
}

uint64_t histogram_below(const struct histogram *h, int64_t value)
{
	struct histogram_bucket bucket = { 0 };
	uint64_t n = 0;
	size_t at = 0;

	while (histogram_next(h, &at, &bucket) && middle_of(bucket.at) < value)
		n += bucket.count;
	return n;
}
