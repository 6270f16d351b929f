/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS libraries whose functions are found by their symbols and take (object, buffer,
 * length), with the length as their result:
 *
 *   ssize_t gnutls_record_send(session, data, size), gnutls_record_recv
 *   ssize_t s2n_send(connection, buf, size, blocked), s2n_recv
 *   int     mbedtls_ssl_write(ssl, buf, len), mbedtls_ssl_read
 *   int     wolfSSL_write(ssl, data, size), wolfSSL_read
 */
#ifndef LOCATE_LIBRARIES_H
#define LOCATE_LIBRARIES_H

#include "locate.h"

extern const struct locator gnutls_by_symbols;
extern const struct locator s2n_by_symbols;
extern const struct locator mbedtls_by_symbols;
extern const struct locator wolfssl_by_symbols;

#endif
