/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A field block of HTTP/2 written anew (RFC 7541): every field a literal that enters no
 * table, with its secrets masked as in a head of HTTP/1 (mask.h). What could not be read
 * of it is something that no reader can read either.
 */
#ifndef FLOW_MASK_BLOCK_H
#define FLOW_MASK_BLOCK_H

#include "buf.h"
#include "h2.h"

void mask_block(struct buf *to, const struct h2_block *b);

#endif
