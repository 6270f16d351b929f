/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects the fields of one decoded HTTP/2 field block into a struct http_head: pseudo
 * fields (RFC 9113, section 8.3) go to their members, `:protocol` (RFC 8441) stays a
 * field. Ceilings HTTP_HEAD_MAX and HTTP_FIELDS_MAX: beyond them `refused` is set and
 * nothing more is kept, whatever a small block expands to.
 */
#ifndef WIRE_H2_HEAD_H
#define WIRE_H2_HEAD_H

#include "buf.h"
#include "http.h"

struct h2_head {
	struct buf text; /* names and values, one behind the other */
	struct {
		uint32_t name_len;
		uint32_t value_len;
	} lens[HTTP_FIELDS_MAX];
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n;
	bool refused;
};

void h2_head_init(struct h2_head *b);
void h2_head_release(struct h2_head *b);
/* Of type hpack_field_fn; ctx is the builder. */
void h2_head_add(void *ctx, struct slice name, struct slice value);
/* All fields as they came, at most HTTP_FIELDS_MAX, and how many; lent as the head is. */
size_t h2_head_fields(const struct h2_head *b, struct http_field *ret);
/* The head; lent until the builder is released. `inferred` is the caller's to set. */
struct http_head h2_head_finish(struct h2_head *b);
/* Does it have a pseudo field of requests? */
bool h2_head_is_request(const struct http_head *head);

#endif
