/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NSS's TLS, where it takes and gives plaintext: ssl_SecureRecv(socket, buf, len, flags) and
 * ssl_SecureSend, with the length as their result. No symbol names them, but a table of operations
 * (struct sslSocketOpsStr of NSS's sslimpl.h) has them, and a second one, for sockets before TLS,
 * shares four of its functions. ssl_SecureRead and ssl_SecureWrite end in them.
 *
 * Not NSPR's PR_Read and its like, which end in jumps through a table: where those return to can
 * only be told by replacing the return address.
 */
#ifndef LOCATE_NSS_H
#define LOCATE_NSS_H

#include "locate.h"

extern const struct locator nss_by_operations;

#endif
