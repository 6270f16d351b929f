/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids that are derived, not drawn: the same things always give the same id, different
 * things different ones, and who does not know the key cannot aim at a collision
 * (base/siphash.h). Pure.
 */
#ifndef TRACE_IDS_H
#define TRACE_IDS_H

#include <stddef.h>
#include <stdint.h>

/* What an id is for: two ids of the same parts but for different uses differ. */
enum id_use {
	ID_TRACE = 1,
	ID_SPAN = 2,
	ID_CONVERSATION = 3,
	ID_RUN = 4,
	ID_TOOL = 5,
	ID_MESSAGE = 6,
	ID_EFFECT = 7,
	ID_SERVED = 8,
	ID_RELAYED = 9
};

/* An id of `len` bytes, 16 at most, from numbers that name the thing. Never all zeros,
 * which W3C Trace Context calls invalid. */
void id_derive(const uint8_t key[16], enum id_use use, const uint64_t *parts, size_t n_parts,
	       uint8_t *ret, size_t len);

#endif
