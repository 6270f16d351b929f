/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page, embedded in the binary at build time: each as it is and
 * compressed twice. Everything is static.
 */
#ifndef UI_ASSETS_H
#define UI_ASSETS_H

#include "slice.h"

enum asset_coding { ASSET_IDENTITY, ASSET_GZIP, ASSET_BROTLI };

struct asset_bytes {
	const unsigned char *data;
	size_t len;
};

struct asset {
	const char *path;
	const char *type;
	const char *etag; /* of the plain bytes, without quotes */
	struct asset_bytes bytes[3];
};

const struct asset *asset_find(const char *path); /* NULL: there is none */
/* The smallest coding that an Accept-Encoding value allows (RFC 9110, 12.5.3). */
enum asset_coding asset_accepted(struct slice accept);

#endif
