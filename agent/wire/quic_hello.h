/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClientHello in the first datagram of a QUIC connection (RFC 9000 section 17.2.2, RFC 9001
 * section 5, RFC 9369): an Initial packet, whose protection anybody can take off. The tag at its
 * end is not checked: what is no packet does not decrypt to a ClientHello.
 */
#ifndef WIRE_QUIC_HELLO_H
#define WIRE_QUIC_HELLO_H

#include "tls_hello.h"

#define QUIC_DATAGRAM_MAX 2048 /* of one that is looked at; the rest is left alone */

/* Does it look like an Initial packet of a version that is known (1, 2)? */
bool quic_is_initial(struct slice datagram);
/* As tls_hello_parse(): hellos may go on in further datagrams, which is -EAGAIN; the server's
 * name is found if it is in this one. */
int quic_hello_parse(struct slice datagram, struct tls_hello *ret);

#endif
