/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPACK (RFC 7541), one direction of an observed connection. nghttp2 keeps the table
 * and undoes Huffman; this walks the field lines in front of it, because an observer
 * may have missed earlier blocks.
 *
 * A table that is not known from its start (`known` false: joined midway, or a block
 * was lost) begins empty and only fills with what is read since. The newest entries
 * have the lowest indices, so a reference is either to an entry that was read, and
 * then exact, or to one that was not, and then the field is left out and counted:
 * nothing is ever guessed. An entry whose name was such a reference keeps its place
 * in the table without a name. A size update to less than one entry empties the
 * peer's table and makes it known again.
 *
 * The size of the table follows the updates inside the blocks (RFC 7541, section 6.3),
 * which an encoder must send for every change; SETTINGS only bound them (`limit`).
 * A table that may become larger than HPACK_TABLE_MAX counts as not known: its oldest
 * entries are not kept.
 */
#ifndef WIRE_HPACK_H
#define WIRE_HPACK_H

#include "slice.h"

#define HPACK_TABLE_DEFAULT 4096
#define HPACK_TABLE_MAX (64 * 1024)
#define HPACK_LIMIT_NONE UINT32_MAX

struct nghttp2_hd_inflater;

struct hpack {
	struct nghttp2_hd_inflater *inflater; /* made with the first block */
	uint32_t limit;			      /* largest size update that is legal */
	bool known;
};

/* Lent until the callback returns. */
typedef void (*hpack_field_fn)(void *ctx, struct slice name, struct slice value);

void hpack_init(struct hpack *h, bool known);
void hpack_release(struct hpack *h);
/* From here on the peer's table is not known. Also the only way on after an error. */
void hpack_forget(struct hpack *h);

/* One whole field block. 0, and *ret_omitted fields could not be resolved; -EBADMSG
 * when it is none (or, with a known table, refers to what is not there); -ENOMEM.
 * After an error the table is forgotten; fields given out before it are void. */
int hpack_decode(struct hpack *h, struct slice block, hpack_field_fn field, void *ctx,
		 size_t *ret_omitted);

#endif
