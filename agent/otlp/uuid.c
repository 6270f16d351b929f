/* SPDX-License-Identifier: Apache-2.0 */
#include "uuid.h"

#include "cleanup.h"

#include <endian.h>

static uint32_t rotl(uint32_t x, unsigned int by)
{
	return x << by | x >> (32 - by);
}

static void sha1_block(uint32_t h[5], const uint8_t *block)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	memcpy(w, block, 64);
	for (size_t i = 0; i < 16; i++)
		w[i] = be32toh(w[i]);
	for (size_t i = 16; i < 80; i++)
		w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (size_t i = 0; i < 80; i++) {
		uint32_t f, k, t;

		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		t = rotl(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rotl(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* FIPS 180-4. Here a way to spread names, nothing that secrecy rests on. */
void sha1(struct slice data, uint8_t ret[20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t last[128] = { 0 };
	size_t whole = data.len & ~(size_t)63, rest = data.len - whole;
	size_t last_len = rest < 56 ? 64 : 128;
	uint64_t bits = htobe64((uint64_t)data.len * 8);

	for (size_t i = 0; i < whole; i += 64)
		sha1_block(h, (const uint8_t *)data.data + i);
	if (rest)
		memcpy(last, data.data + whole, rest);
	last[rest] = 0x80;
	memcpy(last + last_len - 8, &bits, 8);
	for (size_t i = 0; i < last_len; i += 64)
		sha1_block(h, last + i);
	for (size_t i = 0; i < 5; i++)
		h[i] = htobe32(h[i]);
	memcpy(ret, h, sizeof(h));
}

void uuid_v5(const uint8_t ns[16], struct slice name, char ret[UUID_STR_SIZE])
{
	char text[16 + UUID_NAME_MAX];
	size_t len = MIN(name.len, (size_t)UUID_NAME_MAX), at = 0;
	uint8_t u[20];

	memcpy(text, ns, 16);
	if (len)
		memcpy(text + 16, name.data, len);
	sha1((struct slice){ text, 16 + len }, u);
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x50);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		at += (size_t)snprintf(ret + at, UUID_STR_SIZE - at, "%02x", u[i]);
	}
}
