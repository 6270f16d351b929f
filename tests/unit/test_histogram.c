/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "histogram.h"
#include "test.h"

#include <errno.h>

static uint64_t state = 1;

static uint64_t next(void)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return state >> 16;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

TEST(histogram_quantiles_are_within_a_percent)
{
	static const double quantiles[] = { 0, 0.01, 0.5, 0.75, 0.9, 0.99, 1 };
	int64_t values[2000];

	for (int round = 0; round < 40; round++) {
		struct histogram h = { 0 };
		size_t n = 1 + next() % ARRAY_LEN(values);

		for (size_t i = 0; i < n; i++) {
			values[i] = (int64_t)(next() >> (next() % 48));
			CHECK_INT(histogram_add(&h, values[i], 1), 0);
		}
		qsort(values, n, sizeof(values[0]), by_value);
		for (size_t k = 0; k < ARRAY_LEN(quantiles); k++) {
			size_t rank = (size_t)ceil(quantiles[k] * (double)n);
			double want = (double)values[rank ? rank - 1 : 0];
			double got = (double)histogram_quantile(&h, quantiles[k]);

			test_row("%zu values, %g", n, quantiles[k]);
			CHECK(fabs(got - want) <= 0.008 * want);
		}
		CHECK_INT(h.total, n);
		histogram_release(&h);
	}
	test_row(NULL);
}

TEST(histogram_bytes_merge_to_the_sum)
{
	_cleanup_(buf_cleanup) struct buf one = BUF_INIT(HISTOGRAM_BYTES_MAX);
	_cleanup_(buf_cleanup) struct buf two = BUF_INIT(HISTOGRAM_BYTES_MAX);
	_cleanup_(buf_cleanup) struct buf both = BUF_INIT(HISTOGRAM_BYTES_MAX);
	_cleanup_(buf_cleanup) struct buf merged = BUF_INIT(HISTOGRAM_BYTES_MAX);
	struct histogram a = { 0 }, b = { 0 }, sum = { 0 }, read = { 0 };

	for (int i = 0; i < 3000; i++) {
		int64_t v = (int64_t)(next() >> (next() % 40));

		histogram_add(i % 100 ? &a : &b, v, 1 + next() % 300);
	}
	histogram_add_all(&sum, &a);
	histogram_add_all(&sum, &b);
	histogram_encode(&a, &one);
	histogram_encode(&b, &two);
	histogram_encode(&sum, &both);
	CHECK_INT(histogram_merge(&read, buf_slice(&one)), 0);
	CHECK_INT(histogram_merge(&read, buf_slice(&two)), 0);
	histogram_encode(&read, &merged);
	CHECK_SLICE(buf_slice(&merged), buf_slice(&both));
	buf_reset(&merged, HISTOGRAM_BYTES_MAX);
	CHECK_INT(histogram_merge_bytes(buf_slice(&one), buf_slice(&two), &merged), 0);
	CHECK_SLICE(buf_slice(&merged), buf_slice(&both));
	buf_reset(&merged, HISTOGRAM_BYTES_MAX);
	CHECK_INT(histogram_merge_bytes(SLICE_NONE, buf_slice(&two), &merged), 0);
	CHECK_SLICE(buf_slice(&merged), buf_slice(&two));
	CHECK_INT(read.total, sum.total);
	histogram_release(&a);
	histogram_release(&b);
	histogram_release(&sum);
	histogram_release(&read);
}

TEST(histogram_of_extremes)
{
	struct histogram h = { 0 };

	CHECK_INT(histogram_quantile(&h, 0.5), 0);
	histogram_add(&h, INT64_MIN, 1);
	CHECK_INT(histogram_quantile(&h, 0.5), 0);
	CHECK_INT(histogram_below(&h, 0), 0);
	CHECK_INT(histogram_below(&h, 1), 1);
	histogram_add(&h, INT64_MAX, 5);
	CHECK_INT(histogram_below(&h, INT64_MAX / 2), 1);
	CHECK((double)histogram_quantile(&h, 0.99) > 0.99 * (double)INT64_MAX);
	histogram_release(&h);
}

TEST(histogram_refuses_garbage)
{
	static const struct slice rows[] = {
		{ "\x80", 1 },
		{ "\x01", 1 },
		{ "\x01\x80", 2 },
		{ "\xff\xff\xff\x7f\x01", 5 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf bytes = BUF_INIT(HISTOGRAM_BYTES_MAX);
		struct histogram h = { 0 };

		test_row("%zu", i);
		CHECK_INT(histogram_merge(&h, rows[i]), -EBADMSG);
		CHECK_INT(histogram_merge_bytes(SLICE("\x02\x05"), rows[i], &bytes), -EBADMSG);
		CHECK_INT(histogram_merge_bytes(rows[i], SLICE("\x02\x05"), &bytes), -EBADMSG);
		histogram_release(&h);
	}
	test_row(NULL);
}

TEST(histogram_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct histogram h = { 0 };
		uint64_t added = 0;

		for (int i = 0; i < 100; i++)
			added += !histogram_add(&h, (int64_t)i * i * 1000, 1);
		CHECK_INT(h.total, added);
		histogram_release(&h);
	}
}
