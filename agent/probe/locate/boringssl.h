/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BoringSSL in stripped executables, by the errors that its functions report.
 *
 * OPENSSL_PUT_ERROR(SSL, reason) passes a small number and the name of its source file:
 * the numbers of ssl/ssl_lib.cc are public (include/openssl/ssl.h) and stay, whatever the
 * compiler, the version, or the order of functions:
 *
 *	SSL_write	BAD_LENGTH (111), which no other function there reports
 *	ssl_read_impl	UNINITIALIZED (226) and SSL_HANDSHAKE_FAILURE (215), not 111
 *	SSL_peek	calls it, or contains it
 *	SSL_read	is or contains an SSL_peek, and takes the bytes away: it stores
 *
 * All forms that inlining makes of the last three are met in practice.
 */
#ifndef LOCATE_BORINGSSL_H
#define LOCATE_BORINGSSL_H

#include "locate.h"

extern const struct locator boringssl_by_errors;

#endif
