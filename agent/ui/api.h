/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON API under /api/v1: one row per resource. Reads the store through a few
 * connections that are opened before the process gives up its rights; knows nothing of
 * HTTP but method, path, arguments and status. Described in openapi.json.
 *
 * Errors are {"error":{"message":…,"at":…,"word":…}}, `at` counting bytes in the argument that
 * is wrong.
 */
#ifndef UI_API_H
#define UI_API_H

#include "buf.h"

#define API_BODY_MAX (256 * 1024)

struct api;

struct api_config {
	const char *db;
	const char *dashboards; /* directory; NULL: none can be kept */
	const char *settings;	/* JSON text of the effective configuration, or NULL */
	const char *label;	/* shown as a banner: "demo data", or NULL */
};

struct api_request {
	const char *method;
	const char *path;				 /* without /api/v1 */
	const char *(*arg)(void *ctx, const char *name); /* NULL: not given */
	void *ctx;
	struct slice body;
};

/* Opens everything; 0 or -errno. */
int api_new(struct api **ret, const struct api_config *config);
void api_free(struct api *a);
/* Writes the JSON answer; gives the HTTP status. May be called from several threads. */
int api_answer(struct api *a, const struct api_request *r, struct buf *to);
/* Changes whenever a commit was made by another process; for one thread. */
int api_version(struct api *a, uint64_t *ret);

#endif
