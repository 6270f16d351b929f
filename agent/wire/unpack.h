/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DEFLATE (RFC 1951) into a buffer, raw or with the wrappings of zlib and gzip, for
 * formats that carry many small compressed messages. Bodies of HTTP are inflate.h's.
 *
 * Nothing is allocated before the first use. The ceiling is that of the buffer.
 */
#ifndef WIRE_UNPACK_H
#define WIRE_UNPACK_H

#include "buf.h"

enum unpack_format { UNPACK_RAW, UNPACK_WRAPPED /* gzip or zlib, told by its head */ };

struct z_stream_s;

struct unpack {
	enum unpack_format format;
	struct z_stream_s *z;
};

void unpack_init(struct unpack *u, enum unpack_format format);
void unpack_release(struct unpack *u);
/* Forgets the history: what follows begins anew. */
void unpack_reset(struct unpack *u);
/* Takes from *in and appends to *out. 1 at the end of the compressed data; 0 when all of
 * *in was used; -EBADMSG; -ENOMEM; -ENOBUFS at the buffer's ceiling: *in holds what is
 * left, and it may go on with another or an emptied buffer. */
int unpack_add(struct unpack *u, struct slice *in, struct buf *out);

#endif
