/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SETTINGS (RFC 9113, section 6.5) as far as an observer needs them: what one side
 * announces bounds the frames and the HPACK table of the other side's direction.
 */
#ifndef WIRE_H2_SETTINGS_H
#define WIRE_H2_SETTINGS_H

#include "h2.h"

/* Payload bytes of a SETTINGS frame in `dir`. */
void h2_settings_add(struct h2 *h, int dir, const uint8_t *data, size_t len);
/* Such a frame is complete: announced, or an acknowledgement. */
void h2_settings_finish(struct h2 *h, int dir);
/* What the sender of this direction may do is not known any more. */
void h2_settings_forget(struct h2_dir *d);

#endif
