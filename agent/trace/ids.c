/* SPDX-License-Identifier: Apache-2.0 */
#include "ids.h"

#include "cleanup.h"
#include "siphash.h"

#include <string.h>

#define ID_PARTS_MAX 15

static void put_le64(uint8_t *p, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void id_derive(const uint8_t key[16], enum id_use use, const uint64_t *parts, size_t n_parts,
	       uint8_t *ret, size_t len)
{
	static const uint8_t zeros[16];
	uint8_t text[8 * (ID_PARTS_MAX + 1)], hash[16];
	size_t n = MIN(n_parts, (size_t)ID_PARTS_MAX);

	put_le64(text, (uint64_t)use);
	for (size_t i = 0; i < n; i++)
		put_le64(text + 8 * (i + 1), parts[i]);
	siphash128(key, text, 8 * (n + 1), hash);
	len = MIN(len, sizeof(hash));
	if (!memcmp(hash, zeros, len))
		hash[0] = 1;
	memcpy(ret, hash, len);
}
