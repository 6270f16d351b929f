/* SPDX-License-Identifier: Apache-2.0 */
#include "quic_crypto.h"

#include <errno.h>

#define BLOCK 64
#define MESSAGE_MAX 256

/* ---- SHA-256 ------------------------------------------------------------------------ */

static const uint32_t sha_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_big32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void sha_block(uint32_t state[8], const uint8_t block[BLOCK])
{
	uint32_t w[64], s[8];

	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t a, b;

		if (i < 16) {
			w[i] = big32(block + 4 * i);
			continue;
		}
		a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
		b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	for (int i = 0; i < 64; i++) {
		uint32_t e = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
		uint32_t a = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
		uint32_t t = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
		uint32_t u = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t;
		s[0] = t + u;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

/* Two parts, together up to BLOCK + MESSAGE_MAX bytes. */
static void sha256(struct slice a, struct slice b, uint8_t ret[SHA256_LEN])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	uint8_t all[(BLOCK + MESSAGE_MAX + 9 + BLOCK - 1) / BLOCK * BLOCK] = { 0 };
	size_t len = a.len + b.len, blocks = (len + 9 + BLOCK - 1) / BLOCK;

	memcpy(all, a.data, a.len);
	memcpy(all + a.len, b.data, b.len);
	all[len] = 0x80;
	put_big32(all + blocks * BLOCK - 4, (uint32_t)len * 8);
	for (size_t i = 0; i < blocks; i++)
		sha_block(state, all + i * BLOCK);
	for (int i = 0; i < 8; i++)
		put_big32(ret + 4 * i, state[i]);
}

int hmac_sha256(struct slice key, struct slice message, uint8_t ret[SHA256_LEN])
{
	uint8_t inner[BLOCK] = { 0 }, outer[BLOCK], hash[SHA256_LEN];

	if (key.len > BLOCK || message.len > MESSAGE_MAX)
		return -EMSGSIZE;
	memcpy(inner, key.data, key.len);
	for (int i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	sha256((struct slice){ (char *)inner, BLOCK }, message, hash);
	sha256((struct slice){ (char *)outer, BLOCK }, (struct slice){ (char *)hash, SHA256_LEN },
	       ret);
	return 0;
}

int hkdf_expand_label(const uint8_t secret[SHA256_LEN], const char *label, uint8_t *ret, size_t len)
{
	char info[64];
	uint8_t out[SHA256_LEN];
	size_t label_len = strlen(label);
	int n, r;

	if (len > SHA256_LEN || label_len > sizeof(info) - 12)
		return -EMSGSIZE;
	/* Length, label with its length, no context; then the counter of the only block. */
	n = snprintf(info, sizeof(info), "%c%c%ctls13 %s%c\1", 0, (int)len, (int)label_len + 6,
		     label, 0);
	r = hmac_sha256((struct slice){ (const char *)secret, SHA256_LEN },
			(struct slice){ info, (size_t)n }, out);
	if (!r)
		memcpy(ret, out, len);
	return r;
}

/* ---- AES-128 ------------------------------------------------------------------------ */

/* clang-format off: a table of bytes */
static const uint8_t sbox[256] = {
	0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab,
	0x76, 0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4,
	0x72, 0xc0, 0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71,
	0xd8, 0x31, 0x15, 0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2,
	0xeb, 0x27, 0xb2, 0x75, 0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6,
	0xb3, 0x29, 0xe3, 0x2f, 0x84, 0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb,
	0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf, 0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45,
	0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8, 0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5,
	0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2, 0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44,
	0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73, 0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a,
	0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb, 0xe0, 0x32, 0x3a, 0x0a, 0x49,
	0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79, 0xe7, 0xc8, 0x37, 0x6d,
	0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08, 0xba, 0x78, 0x25,
	0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a, 0x70, 0x3e,
	0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e, 0xe1,
	0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
	0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb,
	0x16,
};
/* clang-format on */

static uint8_t twice(uint8_t v)
{
	return (uint8_t)(v << 1 ^ (v & 0x80 ? 0x1b : 0));
}

void aes128_init(struct aes128 *a, const uint8_t key[AES128_LEN])
{
	uint8_t *w = a->round_keys[0], round = 1;

	memcpy(w, key, AES128_LEN);
	for (size_t i = AES128_LEN; i < sizeof(a->round_keys); i += 4) {
		uint8_t word[4] = { w[i - 4], w[i - 3], w[i - 2], w[i - 1] };

		if (i % AES128_LEN == 0) {
			const uint8_t first = word[0];

			word[0] = sbox[word[1]] ^ round;
			word[1] = sbox[word[2]];
			word[2] = sbox[word[3]];
			word[3] = sbox[first];
			round = twice(round);
		}
		for (size_t k = 0; k < 4; k++)
			w[i + k] = w[i + k - AES128_LEN] ^ word[k];
	}
}

static void mix(uint8_t column[4])
{
	const uint8_t first = column[0], all = column[0] ^ column[1] ^ column[2] ^ column[3];

	for (int i = 0; i < 4; i++)
		column[i] ^= all ^ twice(column[i] ^ (i < 3 ? column[i + 1] : first));
}

void aes128_encrypt(const struct aes128 *a, const uint8_t in[AES128_LEN], uint8_t ret[AES128_LEN])
{
	uint8_t s[AES128_LEN], t[AES128_LEN];

	for (int i = 0; i < AES128_LEN; i++)
		s[i] = in[i] ^ a->round_keys[0][i];
	for (int round = 1; round <= 10; round++) {
		for (int i = 0; i < AES128_LEN; i++) /* SubBytes and ShiftRows */
			t[i] = sbox[s[(i + 4 * (i % 4)) % AES128_LEN]];
		for (int i = 0; round < 10 && i < AES128_LEN; i += 4)
			mix(t + i);
		for (int i = 0; i < AES128_LEN; i++)
			s[i] = t[i] ^ a->round_keys[round][i];
	}
	memcpy(ret, s, sizeof(s));
}
