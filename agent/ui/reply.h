/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP responses with the headers that all of them carry: nothing from elsewhere may be
 * loaded, run, framed or sniffed, and the URL (it may hold the token) is nobody's referrer.
 */
#ifndef UI_REPLY_H
#define UI_REPLY_H

#include "assets.h"
#include "buf.h"
#include "guard.h"

#include <microhttpd.h>

void reply_headers(struct MHD_Response *r, const char *type);
/* By ETag and in the smallest coding that the client takes. */
enum MHD_Result reply_asset(struct MHD_Connection *c, const struct asset *a);
/* Takes the buffer's memory; the buffer is empty afterwards. */
enum MHD_Result reply_json(struct MHD_Connection *c, unsigned int status, struct buf *body);
/* 405; `allow`: the methods that there are. */
enum MHD_Result reply_not_allowed(struct MHD_Connection *c, const char *allow);
enum MHD_Result reply_text(struct MHD_Connection *c, unsigned int status, const char *text);
/* {"error":{"message":…}} */
enum MHD_Result reply_problem(struct MHD_Connection *c, unsigned int status, const char *why);
/* Sets the cookie and goes on to the same path without the token. By a page that goes
 * there, not by a redirect: a link from another site would not carry the new cookie. */
enum MHD_Result reply_cookie(struct MHD_Connection *c, const struct guard *g, const char *path);

#endif
