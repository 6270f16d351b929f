/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd.h"

#include "assets.h"
#include "cleanup.h"
#include "reply.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define CONNECTIONS_MAX 96
#define CONNECTION_MEMORY (48 * 1024)
#define ANSWER_MAX (64 * 1024 * 1024)
#define EVENT_BLOCK 512

struct httpd {
	struct httpd_config config;
	struct MHD_Daemon *daemon;
};

/* Of one request, from its head to its end. */
struct exchange {
	struct buf body;
	bool refused; /* answered before its body was read */
};

static struct slice header(struct MHD_Connection *c, const char *name)
{
	return slice_from(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static const char *argument(void *ctx, const char *name)
{
	return MHD_lookup_connection_value(ctx, MHD_GET_ARGUMENT_KIND, name);
}

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static enum guard_verdict judge(struct httpd *h, struct MHD_Connection *c, const char *method)
{
	struct guard_request r = {
		.host = header(c, "Host"),
		.origin = header(c, "Origin"),
		.fetch_site = header(c, "Sec-Fetch-Site"),
		.cookie = header(c, "Cookie"),
		.authorization = header(c, "Authorization"),
		.token = slice_from(argument(c, "token")),
		.writes = !is(method, "GET") && !is(method, "HEAD"),
	};

	return guard_judge(&h->config.guard, &r);
}

/* The pages are one document: the part of the path behind the page's name is its own. */
static bool is_page(const char *path)
{
	static const char *const pages[] = { "/runs",	    "/models",	 "/tools",
					     "/people",	    "/sessions", "/coverage",
					     "/dashboards", "/budgets",	 "/settings" };

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		size_t len = strlen(pages[i]);

		if (!strncmp(path, pages[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return is(path, "/");
}

static enum MHD_Result send_asset(struct MHD_Connection *c, const char *path)
{
	const struct asset *a = asset_find(is_page(path) ? "/index.html" : path);

	return a ? reply_asset(c, a) : reply_problem(c, 404, "There is no such page.");
}

static ssize_t read_events(void *reader, uint64_t pos, char *to, size_t size)
{
	ssize_t n = events_read(reader, to, size);

	(void)pos;
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void close_events(void *reader)
{
	events_close(reader);
}

static enum MHD_Result send_events(struct httpd *h, struct MHD_Connection *c)
{
	struct events_reader *reader = NULL;
	struct MHD_Response *r;
	enum MHD_Result result;

	if (events_open(h->config.events, &reader))
		return reply_problem(c, 503, "Too many pages are open.");
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EVENT_BLOCK, read_events, reader,
					      close_events);
	if (!r) {
		events_close(reader);
		return MHD_NO;
	}
	reply_headers(r, "text/event-stream");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	result = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return result;
}

static const char *methods_of(const char *path)
{
	static const char kept[] = "/dashboards/";

	if (!strncmp(path, "/api/v1/", 8))
		path += 7;
	return !strncmp(path, kept, sizeof(kept) - 1) ? "GET, HEAD, PUT, DELETE" : "GET, HEAD";
}

static enum MHD_Result send_api(struct httpd *h, struct MHD_Connection *c, const char *path,
				const char *method, struct exchange *x)
{
	struct api_request r = {
		.method = method,
		.path = path,
		.arg = argument,
		.ctx = c,
		.body = buf_slice(&x->body),
	};
	struct buf answer = BUF_INIT(ANSWER_MAX);
	int status = api_answer(h->config.api, &r, &answer);

	if (status == 405) {
		buf_release(&answer);
		return reply_not_allowed(c, methods_of(path));
	}
	if (buf_error(&answer)) {
		buf_release(&answer);
		return reply_problem(c, 500, "The answer is too large; narrow the time range.");
	}
	return reply_json(c, (unsigned int)status, &answer);
}

static enum MHD_Result refuse(struct MHD_Connection *c, enum guard_verdict verdict)
{
	static const struct {
		unsigned int status;
		const char *why;
	} reasons[] = {
		[GUARD_HOST] = { 421, "This address is not the one that gentap printed." },
		[GUARD_ORIGIN] = { 403, "Another site's page may not ask this." },
		[GUARD_TOKEN] = { 401, "Open the URL that gentap printed when it started: it "
				       "carries the key to this page." },
	};

	return reply_problem(c, reasons[verdict].status, reasons[verdict].why);
}

static enum MHD_Result respond(struct httpd *h, struct MHD_Connection *c, const char *path,
			       const char *method, struct exchange *x)
{
	bool reads = is(method, "GET") || is(method, "HEAD");
	enum guard_verdict verdict;

	if (is(path, "/healthz") && reads)
		return reply_text(c, 200, "ok\n");
	verdict = judge(h, c, method);
	if (verdict == GUARD_FRESH && reads)
		return reply_cookie(c, &h->config.guard, path);
	if (verdict != GUARD_OK)
		return refuse(c, verdict == GUARD_FRESH ? GUARD_TOKEN : verdict);
	if (strstr(path, "..") || strstr(path, "//") || strchr(path, '\\'))
		return reply_problem(c, 400, "That is no path of this page.");
	if (is(path, "/api/v1/events"))
		return reads ? send_events(h, c) : reply_not_allowed(c, methods_of(path));
	if (!strncmp(path, "/api/v1/", 8))
		return send_api(h, c, path + 7, method, x);
	if (!reads)
		return reply_not_allowed(c, methods_of(path));
	return send_asset(c, is(path, "/api/openapi.json") ? "/openapi.json" : path);
}

/* What is refused before its body is read, or 0. */
static unsigned int early_status(const char *method, struct MHD_Connection *c)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
	uint64_t len = 0;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (!is(method, methods[i]))
			continue;
		if (slice_u64(header(c, "Content-Length"), &len) == -ERANGE || len > API_BODY_MAX)
			return 413;
		return 0;
	}
	return 405;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	struct exchange *x = *state;
	unsigned int status;

	(void)version;
	if (!x) {
		x = *state = calloc(1, sizeof(*x));
		if (!x)
			return MHD_NO;
		buf_init(&x->body, API_BODY_MAX);
		status = early_status(method, c);
		if (!status)
			return MHD_YES;
		x->refused = true;
		return status == 405 ? reply_not_allowed(c, methods_of(url))
				     : reply_problem(c, status, "That is too much.");
	}
	if (*data_len) {
		buf_add(&x->body, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	if (x->refused)
		return MHD_YES;
	if (buf_error(&x->body))
		return reply_problem(c, 413, "That is too much.");
	return respond(cls, c, url, method, x);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *state;

	(void)cls;
	(void)c;
	(void)code;
	if (x)
		buf_release(&x->body);
	free(x);
	*state = NULL;
}

int httpd_new(struct httpd **ret, const struct httpd_config *config)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->config = *config;
	h->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_ITC,
		0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, config->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)(512 * 1024), MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_END);
	if (!h->daemon) {
		int r = errno ? -errno : -EIO;

		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void httpd_free(struct httpd *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon);
	free(h);
}
