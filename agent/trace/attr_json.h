/* SPDX-License-Identifier: Apache-2.0 */
/* A span's attributes as JSON. Pure. */
#ifndef TRACE_ATTR_JSON_H
#define TRACE_ATTR_JSON_H

#include "buf.h"
#include "span.h"

/* The value alone; a number that JSON has no spelling for is null. */
void attr_json_value(struct buf *b, const struct attr *a);
/* Both as a member of an object, with a comma before it unless it is the first. */
void attr_json_member(struct buf *b, const struct attr *a, bool first);

#endif
