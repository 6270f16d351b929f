/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masks what looks like a secret in text that leaves the machine: keys of known
 * providers, bearer tokens, JSON Web Tokens, private keys in PEM, passwords in URLs and
 * in assignments. By shape only: what has none of these shapes passes.
 */
#ifndef GENAI_REDACT_H
#define GENAI_REDACT_H

#include "buf.h"

#define REDACT_MASK "[redacted]"

/* Appends text with each secret replaced by REDACT_MASK; 0 or buf's error. `cut`: the
 * text is the head of a longer one, in which its last word may go on to be a secret. */
int redact_add(struct buf *to, struct slice text, bool cut);
/* Does a variable or member of this name hold a secret (password, api_key, …)? */
bool redact_is_secret_name(struct slice name);

#endif
