/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a short hash that
 * who does not know the key can neither invert nor aim a collision at.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

void siphash128(const uint8_t key[16], const void *data, size_t len, uint8_t ret[16]);

#endif
