/* SPDX-License-Identifier: Apache-2.0 */
/* Examples of RFC 4231, RFC 9001 appendix A.1 and FIPS 197 appendix C.1. */
#include "test.h"
#include "cleanup.h"
#include "quic_crypto.h"

#include <errno.h>

static void check_hex(const uint8_t *got, size_t len, const char *want)
{
	char hex[65] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", got[i]);
	CHECK_STR(slice_from(hex), want);
}

TEST(hmac)
{
	static char zeros[257];
	uint8_t out[SHA256_LEN];

	CHECK_INT(hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out), 0);
	check_hex(out, sizeof(out),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	CHECK_INT(
		hmac_sha256(SLICE("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
				  "\x0b\x0b\x0b\x0b"),
			    SLICE("Hi There"), out),
		0);
	check_hex(out, sizeof(out),
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	CHECK_INT(hmac_sha256((struct slice){ zeros, 65 }, SLICE(""), out), -EMSGSIZE);
	CHECK_INT(hmac_sha256(SLICE("k"), (struct slice){ zeros, 257 }, out), -EMSGSIZE);
	CHECK_INT(hmac_sha256(SLICE("k"), (struct slice){ zeros, 256 }, out), 0);
}

TEST(initial_keys_of_quic)
{
	static const char salt[] =
		"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad"
		"\xcc\xbb\x7f\x0a";
	uint8_t secret[SHA256_LEN], client[SHA256_LEN], key[16];

	CHECK_INT(hmac_sha256((struct slice){ salt, 20 }, SLICE("\x83\x94\xc8\xf0\x3e\x51\x57\x08"),
			      secret),
		  0);
	CHECK_INT(hkdf_expand_label(secret, "client in", client, sizeof(client)), 0);
	CHECK_INT(hkdf_expand_label(client, "quic key", key, sizeof(key)), 0);
	check_hex(key, sizeof(key), "1f369613dd76d5467730efcbe3b1a22d");
	CHECK_INT(hkdf_expand_label(client, "quic iv", key, 12), 0);
	check_hex(key, 12, "fa044b2f42a3fd3b46fb255c");
	CHECK_INT(hkdf_expand_label(client, "quic key", key, SHA256_LEN + 1), -EMSGSIZE);
}

TEST(aes)
{
	uint8_t key[AES128_LEN], in[AES128_LEN], out[AES128_LEN];
	struct aes128 a;

	for (int i = 0; i < AES128_LEN; i++) {
		key[i] = (uint8_t)i;
		in[i] = (uint8_t)(0x11 * i);
	}
	aes128_init(&a, key);
	aes128_encrypt(&a, in, out);
	check_hex(out, sizeof(out), "69c4e0d86a7b0430d8cdb78070b4c55a");
}
