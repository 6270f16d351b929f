/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request says of who made it, as far as a rule wants to know: header fields,
 * members of the body, and a fingerprint of the API key. A field that carries a secret
 * is never a clue; of the key only a salted hash is kept.
 *
 * Names of clues: "header:x-user", "body:metadata.team", "key".
 */
#ifndef GENAI_CLUES_H
#define GENAI_CLUES_H

#include "call.h"
#include "http.h"
#include "json.h"

#define CLUE_VALUE_MAX 1024 /* bytes kept of one */
#define CLUES_MAX 64

struct clue_config {
	const char *const *headers; /* lower case; ends with NULL; or NULL: none */
	const char *const *members; /* dotted paths; the same */
	bool key;		    /* wants the fingerprint */
	uint8_t key_salt[16];
};

/* May it be asked for? Not when its value is, or may hold, a secret. */
bool clue_header_allowed(struct slice name);
bool clue_member_allowed(struct slice path);

void clues_read_head(struct call *c, const struct clue_config *config,
		     const struct http_head *head);
void clues_read_body(struct call *c, const struct clue_config *config, struct json_val root);
/* Absent when the request did not say. */
struct slice clue_get(const struct call *c, struct slice name);

#endif
