/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it takes to read the first packet of a QUIC connection, whose keys are no secret: they
 * follow from its connection id (RFC 9001 section 5.2). SHA-256 (FIPS 180-4), HMAC (RFC 2104),
 * HKDF-Expand-Label (RFC 8446 section 7.1), AES-128 (FIPS 197). For nothing that must be kept
 * secret: tables and branches depend on the data.
 */
#ifndef WIRE_QUIC_CRYPTO_H
#define WIRE_QUIC_CRYPTO_H

#include "slice.h"

#define SHA256_LEN 32
#define AES128_LEN 16

struct aes128 {
	uint8_t round_keys[11][AES128_LEN];
};

/* Of messages up to 256 bytes: -EMSGSIZE for longer ones, and for keys longer than 64. */
int hmac_sha256(struct slice key, struct slice message, uint8_t ret[SHA256_LEN]);
/* `len` up to SHA256_LEN bytes of the secret, by the label without "tls13 ". */
int hkdf_expand_label(const uint8_t secret[SHA256_LEN], const char *label, uint8_t *ret,
		      size_t len);

void aes128_init(struct aes128 *a, const uint8_t key[AES128_LEN]);
void aes128_encrypt(const struct aes128 *a, const uint8_t in[AES128_LEN], uint8_t ret[AES128_LEN]);

#endif
