/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_hello.h"

#include <errno.h>

#define RECORD_HANDSHAKE 22
#define MESSAGE_CLIENT_HELLO 1
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN 16

/* Reads the handshake message across the records that carry it. Errors are sticky and
 * reads past one give zeros, so that the parser below checks once a step. */
struct reader {
	struct slice rest;  /* of the input */
	size_t record_left; /* of the current record's payload */
	int error;
};

static void next_record(struct reader *r)
{
	const unsigned char *p = (const unsigned char *)r->rest.data;

	if (r->rest.len < 5) {
		r->error = r->rest.len && p[0] != RECORD_HANDSHAKE ? -EBADMSG : -EAGAIN;
		return;
	}
	r->record_left = (size_t)p[3] << 8 | p[4];
	if (p[0] != RECORD_HANDSHAKE || p[1] != 3 || !r->record_left)
		r->error = -EBADMSG;
	r->rest = slice_sub(r->rest, 5, r->rest.len);
}

static unsigned int read_byte(struct reader *r)
{
	unsigned char c;

	if (!r->error && !r->record_left)
		next_record(r);
	if (!r->error && !r->rest.len)
		r->error = -EAGAIN;
	if (r->error)
		return 0;
	c = (unsigned char)r->rest.data[0];
	r->rest = slice_sub(r->rest, 1, r->rest.len);
	r->record_left--;
	return c;
}

static size_t read_number(struct reader *r, int bytes)
{
	size_t v = 0;

	while (bytes--)
		v = v << 8 | read_byte(r);
	return v;
}

static void skip(struct reader *r, size_t len)
{
	while (len-- && !r->error)
		read_byte(r);
}

/* server_name_list: of its entries, the first host name. */
static void read_server_name(struct reader *r, size_t len, struct tls_hello *hello)
{
	size_t list = read_number(r, 2), type = read_number(r, 1), name_len = read_number(r, 2);
	char name[TLS_HELLO_SNI_MAX + 1] = "";

	if (len < 5 || list != len - 2 || name_len > len - 5) {
		r->error = r->error ? r->error : -EBADMSG;
		return;
	}
	if (type || name_len > TLS_HELLO_SNI_MAX) {
		skip(r, len - 5);
		return;
	}
	for (size_t i = 0; i < name_len; i++) {
		char c = (char)read_byte(r);

		/* A name that is none (control bytes, a NUL inside) is not passed on. */
		if (!r->error && (c <= ' ' || c > '~'))
			r->error = -EBADMSG;
		name[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	skip(r, len - 5 - name_len);
	if (!r->error)
		memcpy(hello->sni, name, sizeof(name));
}

static void read_alpn(struct reader *r, size_t len, struct tls_hello *hello)
{
	size_t used = 0;

	read_number(r, 2);
	for (size_t at = 2; at < len && !r->error;) {
		size_t name_len = read_number(r, 1), before = used;
		bool room = name_len && used + name_len + 1 <= TLS_HELLO_ALPN_MAX;

		if (name_len > len - at - 1)
			r->error = r->error ? r->error : -EBADMSG;
		at += 1 + name_len;
		if (room && used)
			hello->alpn[used++] = ',';
		while (name_len-- && !r->error) {
			char c = (char)read_byte(r);

			/* Unprintable names are GREASE (RFC 8701). */
			if (room && !r->error)
				hello->alpn[used++] = c > ' ' && c <= '~' ? c : '?';
		}
		if (r->error)
			used = before;
	}
	hello->alpn[used] = '\0';
}

static void read_extensions(struct reader *r, struct tls_hello *hello)
{
	size_t left = read_number(r, 2);

	while (left >= 4 && !r->error) {
		size_t type = read_number(r, 2), len = read_number(r, 2);

		left -= 4;
		if (len > left) {
			r->error = r->error ? r->error : -EBADMSG;
			return;
		}
		left -= len;
		if (type == EXTENSION_SERVER_NAME && len)
			read_server_name(r, len, hello);
		else if (type == EXTENSION_ALPN && len >= 2)
			read_alpn(r, len, hello);
		else
			skip(r, len);
	}
}

int tls_hello_parse(struct slice data, struct tls_hello *ret)
{
	struct reader r = { .rest = data };

	*ret = (struct tls_hello){ 0 };
	if (read_byte(&r) != MESSAGE_CLIENT_HELLO)
		return r.error ? r.error : -EBADMSG;
	skip(&r, 3); /* message length: the extensions' own lengths bound the walk */
	if (read_byte(&r) != 3 && !r.error)
		return -EBADMSG;
	skip(&r, 1 + 32);	      /* rest of legacy_version, random */
	skip(&r, read_number(&r, 1)); /* legacy_session_id */
	skip(&r, read_number(&r, 2)); /* cipher_suites */
	skip(&r, read_number(&r, 1)); /* legacy_compression_methods */
	if (!r.error)
		read_extensions(&r, ret);
	return r.error;
}
