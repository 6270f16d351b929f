/* SPDX-License-Identifier: Apache-2.0 */
#include "attr_json.h"

void attr_json_value(struct buf *b, const struct attr *a)
{
	switch (a->type) {
	case ATTR_STRING:
		buf_add_json(b, a->string);
		break;
	case ATTR_BOOL:
		buf_add_str(b, a->boolean ? "true" : "false");
		break;
	case ATTR_INT:
		buf_printf(b, "%lld", (long long)a->integer);
		break;
	case ATTR_DOUBLE:
		if (isfinite(a->number))
			buf_printf(b, "%.17g", a->number);
		else
			buf_add_str(b, "null");
		break;
	case ATTR_STRINGS:
		buf_add_char(b, '[');
		for (size_t i = 0; i < a->strings.count; i++) {
			buf_add_str(b, i ? "," : "");
			buf_add_json(b, a->strings.items[i]);
		}
		buf_add_char(b, ']');
		break;
	}
}

void attr_json_member(struct buf *b, const struct attr *a, bool first)
{
	buf_add_str(b, first ? "" : ",");
	buf_add_json(b, slice_from(a->key));
	buf_add_char(b, ':');
	attr_json_value(b, a);
}
