/* SPDX-License-Identifier: Apache-2.0 */
#include "slice.h"
#include "cleanup.h"
#include "test.h"

/* Each differs from each other one by as little as there can be. */
TEST(slices_that_differ_hash_apart)
{
	static const struct slice rows[] = {
		SLICE(""),	     SLICE("\0"),
		SLICE("\0\0"),	     SLICE("\0\0\0\0\0\0\0"),
		SLICE("abcdefg"),    SLICE("abcdefg\0"),
		SLICE("abcdefg\7"),  SLICE("abcdefgh"),
		SLICE("abcdefgh\0"), SLICE("abcdefgi"),
		SLICE("habcdefg"),   SLICE("abcdefghabcdefgi"),
		SLICE("a"),	     SLICE("\x80"),
		SLICE("\xff"),	     SLICE("ab"),
		SLICE("ba"),	     SLICE("abcdefgiabcdefgh"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			test_row("%zu and %zu", i, k);
			CHECK_INT(slice_hash(SLICE_HASH, rows[i]) ==
					  slice_hash(SLICE_HASH, rows[k]),
				  i == k);
		}
	test_row(NULL);
}

/* Known values: files that hold hashes are read by other builds, on other machines. */
TEST(hashes_stay_what_they_are)
{
	CHECK_INT(slice_hash(SLICE_HASH, SLICE("")), SLICE_HASH);
	CHECK_INT(slice_hash(SLICE_HASH, SLICE("abcdefghij")), UINT64_C(0xf794fe85af4322be));
	CHECK(slice_hash(SLICE_HASH, SLICE("a")) != slice_hash(1, SLICE("a")));
}

TEST(cutting_slices)
{
	struct slice rest = SLICE("a,,b");

	CHECK_STR(slice_cut(&rest, ','), "a");
	CHECK_STR(slice_cut(&rest, ','), "");
	CHECK_STR(slice_cut(&rest, ','), "b");
	CHECK_SLICE(rest, SLICE_NONE);
	CHECK_STR(slice_sub(SLICE("abc"), 1, 9), "bc");
	CHECK_STR(slice_sub(SLICE("abc"), 9, 1), "");
	CHECK(slice_starts(SLICE("abc"), SLICE("")) && slice_starts(SLICE("abc"), SLICE("abc")));
	CHECK(!slice_starts(SLICE("ab"), SLICE("abc")));
	CHECK(slice_eq(SLICE_NONE, SLICE("")) && !slice_from(NULL).data);
}

TEST(segment_of_a_path)
{
	CHECK_STR(slice_segment(SLICE("/v1/threads/t_1/runs"), SLICE("/threads/")), "t_1");
	CHECK_STR(slice_segment(SLICE("/v1/threads/t_1"), SLICE("/threads/")), "t_1");
	CHECK(!slice_segment(SLICE("/v1/threads/"), SLICE("/threads/")).len);
	CHECK(!slice_segment(SLICE("/v1/threads"), SLICE("/threads/")).data);
}

TEST(slice_hex)
{
	char text[9] = "unset";

	hex_print(text, (const uint8_t[]){ 0x00, 0x7f, 0xa5, 0xff }, 4);
	CHECK_STR(slice_from(text), "007fa5ff");
	hex_print(text, NULL, 0);
	CHECK_STR(slice_from(text), "");
}
