/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include "cleanup.h"

static const struct slice secret_parts[] = {
	SLICE("key"),	 SLICE("token"),     SLICE("secret"),	  SLICE("auth"),
	SLICE("cookie"), SLICE("signature"), SLICE("credential"), SLICE("passw"),
};
static const struct slice harmless_parts[] = { SLICE("ratelimit"), SLICE("token-count") };

static bool contains_nocase(struct slice text, struct slice part)
{
	for (size_t at = 0; at + part.len <= text.len; at++)
		if (slice_eq_nocase(slice_sub(text, at, part.len), part))
			return true;
	return false;
}

static bool contains_one(struct slice text, const struct slice *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (contains_nocase(text, parts[i]))
			return true;
	return false;
}

bool secret_name(struct slice name)
{
	return contains_one(name, secret_parts, ARRAY_LEN(secret_parts)) && secret_name_cut(name);
}

bool secret_name_cut(struct slice beginning)
{
	return !contains_one(beginning, harmless_parts, ARRAY_LEN(harmless_parts));
}
