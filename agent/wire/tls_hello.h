/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS ClientHello (RFC 8446, section 4.1.2; RFC 6066, section 3; RFC 7301), as the
 * first bytes that a client sends: the server's name and the protocols it offers. The
 * message may be spread over several TLS records.
 */
#ifndef WIRE_TLS_HELLO_H
#define WIRE_TLS_HELLO_H

#include "slice.h"

#define TLS_HELLO_SNI_MAX 255
#define TLS_HELLO_ALPN_MAX 255

struct tls_hello {
	char sni[TLS_HELLO_SNI_MAX + 1];   /* lower case; "" when there is none */
	char alpn[TLS_HELLO_ALPN_MAX + 1]; /* separated by commas, as offered: "h2,http/1.1" */
};

/* 0; -EAGAIN when it was cut off before its extensions ended (what was found up to there
 * stands in *ret); -EBADMSG when it is none. *ret is set in every case. */
int tls_hello_parse(struct slice data, struct tls_hello *ret);

#endif
