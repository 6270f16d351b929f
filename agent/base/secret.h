/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a header, parameter or member of that name holds a secret: it contains "key",
 * "token", "secret", "auth", "cookie", "signature", "passw" or "credential", in any case,
 * and does not speak of rate limits or token counts. Meant to err on the side of hiding.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "slice.h"

bool secret_name(struct slice name);
/* A name of which only the beginning is known: secret unless known to be harmless. */
bool secret_name_cut(struct slice beginning);

#endif
