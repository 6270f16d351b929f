/* SPDX-License-Identifier: Apache-2.0 */
/* What json.c (the tokenizer) and json_value.c (the getters) share; for no one else. */
#ifndef WIRE_JSON_TOKEN_H
#define WIRE_JSON_TOKEN_H

#include "json.h"

/*
 * Tokens stand in document order: a container is followed by its children, a member is
 * two tokens, key and value. `next` leads from value to value, so that skipping costs
 * the same whatever is skipped.
 */
struct json_token {
	uint32_t start; /* offset in the text; strings: behind the quote */
	uint32_t len;	/* bytes; strings: without the quotes */
	uint32_t next;	/* index of the next value in the same container; 0: the last one */
	uint32_t type : 3;
	uint32_t escaped : 1; /* string with a backslash in it */
	uint32_t member : 1;  /* value whose key is the token before it */
	uint32_t cut : 1;     /* the text ended inside it */
	uint32_t children : 26;
};

_Static_assert(JSON_TOKENS_MAX < 1 << 26, "children is too narrow");

#endif
