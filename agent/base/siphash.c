/* SPDX-License-Identifier: Apache-2.0 */
#include "siphash.h"

static uint64_t rotl(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static uint64_t get_le(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static void put_le64(uint8_t *p, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

static uint64_t sip_finish(uint64_t v[4])
{
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void siphash128(const uint8_t key[16], const void *data, size_t len, uint8_t ret[16])
{
	const uint8_t *p = data;
	uint64_t k0 = get_le(key, 8), k1 = get_le(key + 8, 8);
	/* "somepseudorandomlygeneratedbytes"; 0xee marks the 128-bit variant. */
	uint64_t v[4] = {
		UINT64_C(0x736f6d6570736575) ^ k0,
		UINT64_C(0x646f72616e646f6d) ^ k1 ^ 0xee,
		UINT64_C(0x6c7967656e657261) ^ k0,
		UINT64_C(0x7465646279746573) ^ k1,
	};
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(v, get_le(p + i, 8));
	sip_word(v, get_le(p + whole, len - whole) | (uint64_t)len << 56);
	v[2] ^= 0xee;
	put_le64(ret, sip_finish(v));
	v[1] ^= 0xdd;
	put_le64(ret + 8, sip_finish(v));
}
