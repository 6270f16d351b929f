/* SPDX-License-Identifier: Apache-2.0 */
#include "price_unit.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>

static int unit(const char *usage_key)
{
	int u = price_unit_by_usage_key(slice_from(usage_key));

	if (u < 0)
		test_fail(__FILE__, __LINE__, "no unit %s", usage_key);
	return u < 0 ? 0 : u;
}

TEST(unit_names)
{
	CHECK_INT(price_unit_by_price_key(SLICE("input_mtok")), unit("input_tokens"));
	CHECK_INT(price_unit_by_price_key(SLICE("cache_write_1h_mtok")),
		  unit("cache_write_1h_tokens"));
	CHECK_INT(price_unit_by_price_key(SLICE("input_mto")), -1);
	CHECK_INT(price_unit_by_usage_key(SLICE("")), -1);
	CHECK_INT(price_unit_per(unit("web_searches")), 1000);
	CHECK_INT(price_unit_per(unit("audio_seconds")), 3600);
}

TEST(unit_lines)
{
	CHECK_INT(price_unit_line(unit("input_audio_tokens")), COST_INPUT);
	CHECK_INT(price_unit_line(unit("cache_image_read_tokens")), COST_CACHE_READ);
	CHECK_INT(price_unit_line(unit("cache_write_5m_tokens")), COST_CACHE_WRITE);
	CHECK_INT(price_unit_line(unit("output_reasoning_tokens")), COST_OUTPUT);
	CHECK_INT(price_unit_line(unit("requests")), COST_OTHER);
	CHECK_INT(price_unit_uncached(unit("cache_audio_read_tokens")), unit("input_audio_tokens"));
	CHECK_INT(price_unit_uncached(unit("cache_write_1h_tokens")), unit("input_tokens"));
	CHECK_INT(price_unit_uncached(unit("output_tokens")), unit("output_tokens"));
}

struct part {
	const char *key;
	int64_t count; /* of usage; -1: absent */
	int64_t leaf;  /* expected; -1: not priced */
};

static const struct {
	const char *name;
	int error;
	struct part parts[6];
} leaf_rows[] = {
	{ "cache out of input",
	  0,
	  { { "input_tokens", 250, 149 },
	    { "cache_read_tokens", 100, 100 },
	    { "cache_write_tokens", 1, 1 },
	    { "output_tokens", 7, 7 } } },
	{ "an unpriced part stays in its whole",
	  0,
	  { { "input_tokens", 250, 250 }, { "cache_read_tokens", 100, -1 } } },
	{ "an hour's cache out of cache out of input",
	  0,
	  { { "input_tokens", 100, 40 },
	    { "cache_write_tokens", 60, 20 },
	    { "cache_write_1h_tokens", 40, 40 } } },
	{ "audio that was cached is taken once",
	  0,
	  { { "input_tokens", 100, 25 },
	    { "cache_read_tokens", 50, 20 },
	    { "input_audio_tokens", 55, 25 },
	    { "cache_audio_read_tokens", 30, 30 } } },
	{ "absent parts are nothing",
	  0,
	  { { "input_tokens", 10, 10 }, { "cache_read_tokens", -1, 0 } } },
	{ "more cached than there was",
	  -ERANGE,
	  { { "input_tokens", 10, 0 }, { "cache_read_tokens", 11, 0 } } },
	{ "a part whose whole nobody told",
	  -ERANGE,
	  { { "input_tokens", -1, 0 }, { "cache_read_tokens", 11, 0 } } },
	{ "an absent whole with empty parts",
	  0,
	  { { "output_tokens", -1, 0 }, { "output_reasoning_tokens", 0, 0 } } },
};

TEST(unit_leaves)
{
	for (size_t i = 0; i < ARRAY_LEN(leaf_rows); i++) {
		struct price_counts counts = { 0 };
		bool priced[PRICE_UNITS_MAX] = { false };
		uint64_t leaves[PRICE_UNITS_MAX] = { 0 };

		test_row("%s", leaf_rows[i].name);
		for (const struct part *p = leaf_rows[i].parts; p->key; p++) {
			price_counts_set(&counts, p->key, p->count);
			priced[unit(p->key)] = p->leaf >= 0;
		}
		CHECK_INT(price_unit_leaves(priced, &counts, leaves), leaf_rows[i].error);
		for (const struct part *p = leaf_rows[i].parts; p->key && !leaf_rows[i].error; p++)
			if (p->leaf >= 0)
				CHECK_INT(leaves[unit(p->key)], p->leaf);
	}
	test_row(NULL);
}

/* Whatever the counts, the leaves of a whole add up to it: nothing is paid for twice. */
TEST(unit_leaves_add_up)
{
	const char *const keys[] = { "input_tokens",	   "cache_read_tokens",
				     "cache_write_tokens", "cache_write_5m_tokens",
				     "input_audio_tokens", "cache_audio_read_tokens" };
	unsigned int seed = 1;

	for (int round = 0; round < 5000; round++) {
		struct price_counts counts = { 0 };
		bool priced[PRICE_UNITS_MAX] = { false };
		uint64_t leaves[PRICE_UNITS_MAX], sum = 0;

		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			price_counts_set(&counts, keys[i], rand_r(&seed) % (i ? 30 : 100));
			priced[unit(keys[i])] = !i || rand_r(&seed) % 2;
		}
		if (price_unit_leaves(priced, &counts, leaves))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			sum += leaves[unit(keys[i])];
		CHECK_INT(sum, counts.value[unit("input_tokens")]);
	}
}
