/* SPDX-License-Identifier: Apache-2.0 */
#include "assets.h"

#include "cleanup.h"

#include <string.h>
#include <ui_assets.h>

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++)
		if (!strcmp(assets[i].path, path))
			return &assets[i];
	return NULL;
}

/* "br;q=0" means that it is refused. */
static bool refused(struct slice parameters)
{
	struct slice q = slice_trim(parameters);

	if (!slice_starts_nocase(q, SLICE("q=0")))
		return false;
	for (size_t i = 3; i < q.len; i++)
		if (q.data[i] >= '1' && q.data[i] <= '9')
			return false;
	return true;
}

enum asset_coding asset_accepted(struct slice accept)
{
	bool gzip = false;

	while (accept.data && accept.len) {
		struct slice parameters = slice_trim(slice_cut(&accept, ','));
		struct slice coding = slice_trim(slice_cut(&parameters, ';'));

		if (parameters.data && refused(parameters))
			continue;
		if (slice_eq_nocase(coding, SLICE("br")))
			return ASSET_BROTLI;
		gzip |= slice_eq_nocase(coding, SLICE("gzip"));
	}
	return gzip ? ASSET_GZIP : ASSET_IDENTITY;
}
