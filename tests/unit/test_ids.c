/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "ids.h"

#include "siphash.h"
#include "test.h"

static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void to_hex(const uint8_t *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

TEST(siphash_matches_openssl)
{
	/* openssl mac -macopt hexkey:0001..0f -macopt size:16 SIPHASH, over 00 01 02 … */
	static const struct {
		size_t len;
		const char *want;
	} rows[] = {
		{ 0, "a3817f04ba25a8e66df67214c7550293" },
		{ 1, "da87c1d86b99af44347659119b22fc45" },
		{ 15, "5493e99933b0a8117e08ec0f97cfc3d9" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t hash[16];
		char hex[33];

		siphash128(key, key, rows[i].len, hash);
		to_hex(hash, sizeof(hash), hex);
		CHECK_STR(slice_from(hex), rows[i].want);
	}
}

TEST(ids_depend_on_every_part)
{
	uint64_t parts[6] = { 1, 2, 3, 4, 5, 6 };
	uint8_t first[16], again[16], other[16];

	id_derive(key, ID_TRACE, parts, 6, first, 16);
	id_derive(key, ID_TRACE, parts, 6, again, 16);
	CHECK(!memcmp(first, again, 16));
	for (size_t i = 0; i < 6; i++) {
		parts[i] ^= UINT64_C(1) << 63;
		id_derive(key, ID_TRACE, parts, 6, other, 16);
		CHECK(memcmp(first, other, 16));
		parts[i] ^= UINT64_C(1) << 63;
	}
	id_derive(key, ID_SPAN, parts, 6, other, 16);
	CHECK(memcmp(first, other, 16));
	id_derive(key, ID_TRACE, parts, 5, other, 16);
	CHECK(memcmp(first, other, 16));
	id_derive((const uint8_t[16]){ 1 }, ID_TRACE, parts, 6, other, 16);
	CHECK(memcmp(first, other, 16));
}

/* A one-byte id is zero once in 256: the only way to see that rule at work. */
TEST(ids_are_never_zero)
{
	for (uint64_t i = 0; i < 5000; i++) {
		uint8_t id = 0;

		id_derive(key, ID_SPAN, &i, 1, &id, 1);
		CHECK(id != 0);
	}
}
