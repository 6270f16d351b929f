/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include "cleanup.h"

#include <inttypes.h>
#include <string.h>

#define CSP                                                                                        \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
	"connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

void reply_headers(struct MHD_Response *r, const char *type)
{
	static const struct {
		const char *name, *value;
	} fixed[] = {
		{ "Content-Security-Policy", CSP },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()" },
	};

	MHD_add_response_header(r, "Content-Type", type);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		MHD_add_response_header(r, fixed[i].name, fixed[i].value);
}

static enum MHD_Result finish(struct MHD_Connection *c, unsigned int status, struct MHD_Response *r)
{
	enum MHD_Result result = MHD_queue_response(c, status, r);

	MHD_destroy_response(r);
	return result;
}

static bool has_etag(struct MHD_Connection *c, const char *etag)
{
	const char *seen = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");

	return seen && strstr(seen, etag);
}

enum MHD_Result reply_asset(struct MHD_Connection *c, const struct asset *a)
{
	static const char *const names[] = { NULL, "gzip", "br" };
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding");
	enum asset_coding coding = asset_accepted(slice_from(accept));
	bool fresh;
	char etag[64];
	struct MHD_Response *r;

	snprintf(etag, sizeof(etag), "\"%s%s%s\"", a->etag, coding ? "-" : "",
		 coding ? names[coding] : "");
	fresh = has_etag(c, etag);
	r = MHD_create_response_from_buffer(fresh ? 0 : a->bytes[coding].len,
					    (void *)a->bytes[coding].data, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	reply_headers(r, a->type);
	MHD_add_response_header(r, "ETag", etag);
	MHD_add_response_header(r, "Cache-Control", "private, no-cache");
	MHD_add_response_header(r, "Vary", "Accept-Encoding, Cookie");
	if (coding && !fresh)
		MHD_add_response_header(r, "Content-Encoding", names[coding]);
	return finish(c, fresh ? 304 : 200, r);
}

static enum MHD_Result json_with(struct MHD_Connection *c, unsigned int status, struct buf *body,
				 const char *allow)
{
	uint64_t hash = slice_hash(SLICE_HASH, buf_slice(body));
	struct MHD_Response *r;
	bool fresh;
	char etag[24];

	snprintf(etag, sizeof(etag), "\"%016" PRIx64 "\"", hash);
	fresh = status == 200 && has_etag(c, etag);
	if (fresh || !body->data)
		r = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	else
		r = MHD_create_response_from_buffer(body->len, TAKE(body->data),
						    MHD_RESPMEM_MUST_FREE);
	buf_release(body);
	if (!r)
		return MHD_NO;
	reply_headers(r, "application/json");
	if (status == 200)
		MHD_add_response_header(r, "ETag", etag);
	if (allow)
		MHD_add_response_header(r, "Allow", allow);
	MHD_add_response_header(r, "Cache-Control", "private, no-cache");
	return finish(c, fresh ? 304 : status, r);
}

enum MHD_Result reply_json(struct MHD_Connection *c, unsigned int status, struct buf *body)
{
	return json_with(c, status, body, NULL);
}

enum MHD_Result reply_not_allowed(struct MHD_Connection *c, const char *allow)
{
	struct buf body = BUF_INIT(256);

	buf_add_str(&body, "{\"error\":{\"message\":\"This can only be read.\"}}\n");
	return json_with(c, 405, &body, allow);
}

enum MHD_Result reply_text(struct MHD_Connection *c, unsigned int status, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);

	if (!r)
		return MHD_NO;
	reply_headers(r, "text/plain; charset=utf-8");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	return finish(c, status, r);
}

/* People who open the page without its key see a sentence, programs see JSON. */
enum MHD_Result reply_problem(struct MHD_Connection *c, unsigned int status, const char *why)
{
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
	struct buf body = BUF_INIT(4096);

	if (accept && strstr(accept, "text/html")) {
		buf_printf(&body, "gentap: %s\n", why);
		if (!buf_error(&body))
			return reply_text(c, status, body.data);
		return MHD_NO;
	}
	buf_add_str(&body, "{\"error\":{\"message\":");
	buf_add_json(&body, slice_from(why));
	buf_add_str(&body, "}}\n");
	return reply_json(c, status, &body);
}

enum MHD_Result reply_cookie(struct MHD_Connection *c, const struct guard *g, const char *path)
{
	struct buf cookie = BUF_INIT(512), page = BUF_INIT(4096);
	struct MHD_Response *r = NULL;
	bool plain = path[0] == '/' && path[1] != '/';

	/* Only a path of ours may be written into the page. */
	for (const char *p = path; *p; p++)
		plain &= (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			 (*p >= '0' && *p <= '9') || *p == '/' || *p == '-' || *p == '_' ||
			 *p == '.';
	buf_printf(&cookie, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Strict", SLICE_FMT(g->cookie),
		   SLICE_FMT(g->token));
	buf_printf(&page,
		   "<!doctype html><title>gentap</title><link rel=\"icon\" "
		   "href=\"/icon.svg\"><meta http-equiv=\"refresh\" "
		   "content=\"0;url=%s\">\n",
		   plain ? path : "/");
	if (!buf_error(&cookie) && !buf_error(&page))
		r = MHD_create_response_from_buffer(page.len, page.data, MHD_RESPMEM_MUST_COPY);
	if (r) {
		reply_headers(r, "text/html; charset=utf-8");
		MHD_add_response_header(r, "Set-Cookie", cookie.data);
		MHD_add_response_header(r, "Cache-Control", "no-store");
	}
	buf_release(&cookie);
	buf_release(&page);
	return r ? finish(c, 200, r) : MHD_NO;
}
