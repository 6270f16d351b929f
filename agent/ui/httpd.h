/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP for the page: libmicrohttpd, a thread per connection, over a socket that is open
 * already. Judges every request (guard.h), serves the embedded files, the event stream,
 * /healthz, and hands the rest under /api/v1/ to the API.
 */
#ifndef UI_HTTPD_H
#define UI_HTTPD_H

#include "api.h"
#include "events.h"
#include "guard.h"

struct httpd;

struct httpd_config {
	int listen_fd; /* taken */
	struct guard guard;
	struct api *api;
	struct events *events;
};

/* 0 or -errno. What the configuration points to must outlive it. */
int httpd_new(struct httpd **ret, const struct httpd_config *config);
void httpd_free(struct httpd *h); /* ends all connections first; NULL is fine */

#endif
