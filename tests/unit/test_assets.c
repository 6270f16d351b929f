/* SPDX-License-Identifier: Apache-2.0 */
#include "assets.h"
#include "cleanup.h"
#include "test.h"

TEST(accepted)
{
	static const struct {
		const char *accept;
		enum asset_coding want;
	} rows[] = {
		{ NULL, ASSET_IDENTITY },
		{ "", ASSET_IDENTITY },
		{ "gzip", ASSET_GZIP },
		{ "gzip, deflate, br, zstd", ASSET_BROTLI },
		{ "br;q=0, gzip", ASSET_GZIP },
		{ "br;q=0.0,gzip;q=0", ASSET_IDENTITY },
		{ "br; q=0.5", ASSET_BROTLI },
		{ "BR", ASSET_BROTLI },
		{ "xbr, gzipped", ASSET_IDENTITY },
		{ ",,;", ASSET_IDENTITY },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].accept ? rows[i].accept : "(none)");
		CHECK_INT(asset_accepted(slice_from(rows[i].accept)), rows[i].want);
	}
}

TEST(files)
{
	static const char *const paths[] = { "/index.html",   "/app.js",
					     "/app.css",      "/icon.svg",
					     "/openapi.json", "/dashboards/seed.json",
					     "/demo.har" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct asset *a = asset_find(paths[i]);

		test_row("%s", paths[i]);
		CHECK(a && a->type && strlen(a->etag) == 16);
		for (int coding = 0; a && coding < 3; coding++)
			CHECK(a->bytes[coding].len > 0);
		CHECK(a && a->bytes[ASSET_GZIP].data[0] == 0x1f);
	}
	CHECK(!asset_find("/"));
	CHECK(!asset_find("/app.js/"));
	CHECK(!asset_find("app.js"));
}
