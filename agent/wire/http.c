/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

struct slice http_head_get(const struct http_head *h, struct slice name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (slice_eq_nocase(h->fields[i].name, name))
			return h->fields[i].value;
	return SLICE_NONE;
}

bool http_head_has_token(const struct http_head *h, struct slice name, struct slice token)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		struct slice rest = h->fields[i].value;

		if (!slice_eq_nocase(h->fields[i].name, name))
			continue;
		while (rest.data)
			if (slice_eq_nocase(slice_trim(slice_cut(&rest, ',')), token))
				return true;
	}
	return false;
}
