/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) of a whole buffer, at zlib's fastest level: spans repeat themselves so
 * much that more effort hardly pays. Pure. */
#ifndef OTLP_GZIP_H
#define OTLP_GZIP_H

#include "buf.h"

/* Appends from, compressed. 0, -ENOMEM, or -ENOBUFS at to's ceiling. */
int gzip_add(struct buf *to, struct slice from);

#endif
