/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "test.h"
#include "uuid.h"

/* RFC 9562's namespace for DNS names. */
static const uint8_t dns[16] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
				 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };

TEST(uuid_v5_of_known_names)
{
	char got[UUID_STR_SIZE];

	/* RFC 9562 appendix A.4 */
	uuid_v5(dns, SLICE("www.example.com"), got);
	CHECK_STR(slice_from(got), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
	/* python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, ""))' */
	uuid_v5(dns, SLICE(""), got);
	CHECK_STR(slice_from(got), "4ebd0208-8328-5d69-8c44-ec50939c0967");
}

/* hashlib.sha1(b"a" * n): around where the padding needs another block. */
TEST(sha1_around_the_block_size)
{
	static const struct {
		size_t len;
		const char *want;
	} rows[] = {
		{ 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ 1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8" },
		{ 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
		{ 57, "f08f24908d682555111be7ff6f004e78283d989a" },
		{ 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
		{ 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
		{ 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
		{ 119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56" },
		{ 120, "f34c1488385346a55709ba056ddd08280dd4c6d6" },
		{ 128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0" },
		{ 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[1000], hex[41];
		uint8_t hash[20];

		test_row("%zu", rows[i].len);
		memset(text, 'a', sizeof(text));
		sha1((struct slice){ text, rows[i].len }, hash);
		for (size_t k = 0; k < sizeof(hash); k++)
			snprintf(hex + 2 * k, 3, "%02x", hash[k]);
		CHECK_STR(slice_from(hex), rows[i].want);
	}
}
