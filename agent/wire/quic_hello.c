/* SPDX-License-Identifier: Apache-2.0 */
#include "quic_hello.h"
#include "quic_crypto.h"

#include "cleanup.h"

#include <errno.h>

#define CID_MAX 20
#define TAG_LEN 16
#define SAMPLE_BEHIND 4 /* of the place where the packet number begins */
#define IV_LEN 12
#define RECORD_HEAD 5
#define FRAME_PADDING 0
#define FRAME_PING 1
#define FRAME_CRYPTO 6

struct version {
	uint32_t number;
	uint8_t initial; /* the type in the first byte */
	uint8_t salt[20];
	const char *key, *iv, *hp;
};

static const struct version versions[] = {
	{ 1,
	  0,
	  { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	  "quic key",
	  "quic iv",
	  "quic hp" },
	{ 0x6b3343cf,
	  1,
	  { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	  "quicv2 key",
	  "quicv2 iv",
	  "quicv2 hp" },
};

/* Reads past the end give zeros and stay an error. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool error;
};

static const uint8_t *take(struct reader *r, uint64_t len)
{
	const uint8_t *at = r->at;

	if (r->error || len > r->left) {
		r->error = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

static uint64_t take_number(struct reader *r, size_t len)
{
	const uint8_t *p = take(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

/* RFC 9000 section 16 */
static uint64_t take_varint(struct reader *r)
{
	size_t len = r->left ? (size_t)1 << (*r->at >> 6) : 1;

	return take_number(r, len) & (UINT64_MAX >> (66 - 8 * len));
}

static const struct version *version_of(struct slice datagram)
{
	struct reader r = { (const uint8_t *)datagram.data, datagram.len, false };
	uint8_t first = (uint8_t)take_number(&r, 1);
	uint32_t number = (uint32_t)take_number(&r, 4);

	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (versions[i].number == number &&
		    (first & 0xf0) == (0xc0 | versions[i].initial << 4))
			return &versions[i];
	return NULL;
}

struct keys {
	struct aes128 key, hp;
	uint8_t iv[IV_LEN];
};

static int derive(const struct version *v, struct slice cid, struct keys *ret)
{
	uint8_t secret[SHA256_LEN], client[SHA256_LEN], key[AES128_LEN], hp[AES128_LEN];
	int r = hmac_sha256((struct slice){ (const char *)v->salt, sizeof(v->salt) }, cid, secret);

	if (!r)
		r = hkdf_expand_label(secret, "client in", client, sizeof(client));
	if (!r)
		r = hkdf_expand_label(client, v->key, key, sizeof(key));
	if (!r)
		r = hkdf_expand_label(client, v->iv, ret->iv, sizeof(ret->iv));
	if (!r)
		r = hkdf_expand_label(client, v->hp, hp, sizeof(hp));
	if (r)
		return r;
	aes128_init(&ret->key, key);
	aes128_init(&ret->hp, hp);
	return 0;
}

/* Counter mode as GCM has it: block 1 is the tag's. */
static void decrypt(const struct keys *k, uint64_t number, const uint8_t *in, size_t len,
		    uint8_t *ret)
{
	uint8_t counter[AES128_LEN] = { 0 }, stream[AES128_LEN];

	memcpy(counter, k->iv, IV_LEN);
	for (int i = 0; i < 8; i++)
		counter[IV_LEN - 1 - i] ^= (uint8_t)(number >> 8 * i);
	for (size_t i = 0; i < len; i++) {
		if (i % AES128_LEN == 0) {
			const size_t block = i / AES128_LEN + 2;

			counter[AES128_LEN - 2] = (uint8_t)(block >> 8);
			counter[AES128_LEN - 1] = (uint8_t)block;
			aes128_encrypt(&k->key, counter, stream);
		}
		ret[i] = in[i] ^ stream[i % AES128_LEN];
	}
}

/* The packet's payload in the clear: its length; 0: there is none. */
static size_t open_packet(struct slice datagram, uint8_t ret[QUIC_DATAGRAM_MAX])
{
	const struct version *v = version_of(datagram);
	struct reader r = { (const uint8_t *)datagram.data, datagram.len, false };
	const uint8_t *cid, *number_at;
	uint8_t mask[AES128_LEN], first, number_len;
	uint64_t cid_len, len, number = 0;
	struct keys keys;

	first = (uint8_t)take_number(&r, 1);
	take(&r, 4);
	cid_len = take_number(&r, 1);
	cid = take(&r, cid_len);
	take(&r, take_number(&r, 1));
	take(&r, take_varint(&r)); /* token */
	len = take_varint(&r);
	number_at = r.at;
	if (!v || r.error || cid_len > CID_MAX || r.left < SAMPLE_BEHIND + AES128_LEN ||
	    derive(v, (struct slice){ (const char *)cid, cid_len }, &keys))
		return 0;
	/* What was cut off at its end is not decrypted; what was not has the tag there. */
	len = len > r.left ? r.left : len < TAG_LEN ? 0 : len - TAG_LEN;
	aes128_encrypt(&keys.hp, number_at + SAMPLE_BEHIND, mask);
	first ^= mask[0] & 0x0f;
	number_len = (first & 3) + 1;
	if (len <= number_len || len > QUIC_DATAGRAM_MAX)
		return 0;
	for (int i = 0; i < number_len; i++)
		number = number << 8 | (number_at[i] ^ mask[1 + i]);
	decrypt(&keys, number, number_at + number_len, len - number_len, ret);
	return len - number_len;
}

/* The handshake's bytes in the order of their offsets, as long as they follow each other. */
struct stream {
	uint8_t data[RECORD_HEAD + QUIC_DATAGRAM_MAX];
	bool have[QUIC_DATAGRAM_MAX];
};

static void put(struct stream *s, uint64_t offset, const uint8_t *data, uint64_t len)
{
	if (!data || offset >= QUIC_DATAGRAM_MAX)
		return;
	len = MIN(len, QUIC_DATAGRAM_MAX - offset);
	memcpy(s->data + RECORD_HEAD + offset, data, len);
	memset(s->have + offset, true, len);
}

static size_t gather(struct stream *s, const uint8_t *payload, size_t payload_len)
{
	struct reader r = { payload, payload_len, false };
	size_t len = 0;

	while (r.left && !r.error) {
		uint64_t type = take_varint(&r), offset, n;

		if (type == FRAME_PADDING || type == FRAME_PING)
			continue;
		if (type != FRAME_CRYPTO)
			break;
		offset = take_varint(&r);
		n = take_varint(&r);
		if (!r.error)
			n = MIN(n, (uint64_t)r.left);
		put(s, offset, take(&r, n), n);
	}
	while (len < QUIC_DATAGRAM_MAX && s->have[len])
		len++;
	return len;
}

bool quic_is_initial(struct slice datagram)
{
	return version_of(datagram);
}

int quic_hello_parse(struct slice datagram, struct tls_hello *ret)
{
	uint8_t payload[QUIC_DATAGRAM_MAX];
	struct stream s = { 0 };
	size_t len;

	*ret = (struct tls_hello){ 0 };
	datagram.len = MIN(datagram.len, (size_t)QUIC_DATAGRAM_MAX);
	len = open_packet(datagram, payload);
	len = len ? gather(&s, payload, len) : 0;
	if (!len)
		return -EBADMSG;
	/* As a TLS record, which QUIC has none of. */
	s.data[0] = 22;
	s.data[1] = 3;
	s.data[3] = (uint8_t)(len >> 8);
	s.data[4] = (uint8_t)len;
	return tls_hello_parse((struct slice){ (const char *)s.data, RECORD_HEAD + len }, ret);
}
