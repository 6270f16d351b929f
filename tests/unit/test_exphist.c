/* SPDX-License-Identifier: Apache-2.0 */
#include "exphist.h"

#include "cleanup.h"
#include "test.h"

#include <math.h>

static uint64_t total(const struct exphist *h)
{
	uint64_t sum = h->zeros;

	for (uint32_t i = 0; i < EXPHIST_BUCKETS; i++) {
		CHECK(i < h->n || !h->counts[i]);
		sum += h->counts[i];
	}
	return sum;
}

/* How many of the values lie where bucket i says they do; the bounds have some slack. */
static uint64_t within(const struct exphist *h, uint32_t i, const double *values, size_t n)
{
	double low = exp2(ldexp(h->offset + (int32_t)i, -h->scale)),
	       high = exp2(ldexp(h->offset + (int32_t)i + 1, -h->scale));
	uint64_t found = 0;

	for (size_t k = 0; k < n; k++)
		found += values[k] > low * (1 - 1e-12) && values[k] <= high * (1 + 1e-12);
	return found;
}

static double random_value(uint64_t *state, int spread)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return exp2((double)(int)(*state >> 33 & 0xffff) / 65536 * spread - spread / 2.0);
}

TEST(one_value_is_held_at_the_finest_scale)
{
	static const double values[] = { 1, 2, 0.5, 1024, 3, 0.1, 1e-300, 1e300 };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct exphist h;

		test_row("%g", values[i]);
		exphist_init(&h);
		exphist_add(&h, values[i]);
		CHECK_INT(h.scale, EXPHIST_SCALE_MAX);
		CHECK_INT(h.n, 1);
		CHECK_INT(within(&h, 0, &values[i], 1), 1);
	}
	test_row(NULL);
}

TEST(a_power_of_two_is_the_upper_bound_of_its_bucket)
{
	for (int32_t scale = EXPHIST_SCALE_MAX; scale >= -4; scale--) {
		struct exphist h;

		test_row("scale %d", scale);
		exphist_init(&h);
		h.scale = scale;
		exphist_add(&h, 1);
		CHECK_INT(h.offset, -1);
		h = (struct exphist){ .scale = scale };
		exphist_add(&h, 4);
		CHECK_INT(h.offset, scale >= 0 ? 2 * (1 << scale) - 1 : 1 >> -scale);
	}
	test_row(NULL);
}

TEST(what_is_not_positive_or_finite)
{
	struct exphist h;

	exphist_init(&h);
	exphist_add(&h, 0);
	exphist_add(&h, -3);
	exphist_add(&h, NAN);
	exphist_add(&h, INFINITY);
	CHECK_INT(h.zeros, 2);
	CHECK_INT(h.n, 0);
}

TEST(buckets_hold_what_they_say_whatever_the_order)
{
	double values[500];
	uint64_t state = 7;

	for (int spread = 1; spread <= 2000; spread = spread * 3 + 1) {
		struct exphist h;

		test_row("2^+-%d", spread / 2);
		exphist_init(&h);
		for (size_t i = 0; i < ARRAY_LEN(values); i++) {
			values[i] = random_value(&state, spread);
			exphist_add(&h, values[i]);
		}
		CHECK_INT(total(&h), ARRAY_LEN(values));
		/* As fine as it can be: one step more would not fit. */
		CHECK(h.scale == EXPHIST_SCALE_MAX || h.n > EXPHIST_BUCKETS / 2 - 1);
		for (uint32_t i = 0; i < h.n; i++)
			CHECK(h.counts[i] <= within(&h, i, values, ARRAY_LEN(values)));
	}
	test_row(NULL);
}

TEST(a_difference_is_what_came_since)
{
	uint64_t state = 11;

	for (int round = 0; round < 200; round++) {
		struct exphist h, before, since;
		double values[60];
		size_t n = 0;

		test_row("round %d", round);
		exphist_init(&h);
		for (int i = 0; i < 50; i++)
			exphist_add(&h, random_value(&state, 2 + round % 20));
		exphist_add(&h, 0);
		before = h;
		while (n < (size_t)round % ARRAY_LEN(values)) {
			values[n] = random_value(&state, 2 + round % 90);
			exphist_add(&h, values[n++]);
		}
		since = h;
		exphist_subtract(&since, &before);
		CHECK_INT(since.zeros, 0);
		CHECK_INT(total(&since), n);
		CHECK(!since.n || (since.counts[0] && since.counts[since.n - 1]));
		for (uint32_t i = 0; i < since.n; i++)
			CHECK(since.counts[i] <= within(&since, i, values, n));
	}
	test_row(NULL);
}
