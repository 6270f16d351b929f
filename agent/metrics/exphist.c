/* SPDX-License-Identifier: Apache-2.0 */
#include "exphist.h"

#include <math.h>
#include <string.h>

void exphist_init(struct exphist *h)
{
	*h = (struct exphist){ .scale = EXPHIST_SCALE_MAX };
}

/* v > 0. Near a bound the logarithm may be off by one bucket, as the specification allows;
 * powers of two, of which there are many, are exact. */
static int32_t index_of(double v, int32_t scale)
{
	int exponent;
	double fraction = frexp(v, &exponent); /* v = fraction * 2^exponent, 0.5 <= fraction < 1 */

	if (fraction == 0.5) {
		int64_t at = exponent - 1;

		return (int32_t)(scale >= 0 ? at * (INT64_C(1) << scale) - 1 : (at - 1) >> -scale);
	}
	if (scale <= 0)
		return (exponent - 1) >> -scale;
	return (int32_t)floor(ldexp(log2(fraction), scale) + ldexp(exponent, scale));
}

/* Halves the resolution `by` times. */
static void downscale(struct exphist *h, int32_t by)
{
	int32_t offset = h->offset >> by;
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n; i++) {
		uint32_t to = (uint32_t)(((h->offset + (int32_t)i) >> by) - offset);
		uint64_t count = h->counts[i];

		h->counts[i] = 0;
		h->counts[to] += count;
		n = to + 1;
	}
	h->offset = offset;
	h->n = n;
	h->scale -= by;
}

/* How often the resolution has to be halved for low to high to fit. */
static int32_t excess(int64_t low, int64_t high)
{
	int32_t by = 0;

	while ((high >> by) - (low >> by) >= EXPHIST_BUCKETS)
		by++;
	return by;
}

void exphist_add(struct exphist *h, double value)
{
	int32_t index, last, by;

	if (!isfinite(value))
		return;
	if (!(value > 0)) {
		h->zeros++;
		return;
	}
	index = index_of(value, h->scale);
	last = h->offset + (int32_t)h->n - 1;
	if (h->n) {
		by = excess(index < h->offset ? index : h->offset, index > last ? index : last);
		if (by) {
			downscale(h, by);
			index = index_of(value, h->scale);
		}
	} else {
		h->offset = index;
	}
	if (index < h->offset) {
		uint32_t shift = (uint32_t)(h->offset - index);

		memmove(h->counts + shift, h->counts, h->n * sizeof(h->counts[0]));
		memset(h->counts, 0, shift * sizeof(h->counts[0]));
		h->offset = index;
		h->n += shift;
	}
	if ((uint32_t)(index - h->offset) >= h->n)
		h->n = (uint32_t)(index - h->offset) + 1;
	h->counts[index - h->offset]++;
}

void exphist_subtract(struct exphist *h, const struct exphist *before)
{
	struct exphist old = *before;
	uint32_t first = 0;

	downscale(&old, old.scale - h->scale);
	h->zeros -= old.zeros;
	for (uint32_t i = 0; i < old.n; i++)
		h->counts[old.offset + (int32_t)i - h->offset] -= old.counts[i];
	while (h->n && !h->counts[h->n - 1])
		h->n--;
	while (first < h->n && !h->counts[first])
		first++;
	memmove(h->counts, h->counts + first, (h->n - first) * sizeof(h->counts[0]));
	memset(h->counts + (h->n - first), 0, first * sizeof(h->counts[0]));
	h->n -= first;
	h->offset = h->n ? h->offset + (int32_t)first : 0;
}
