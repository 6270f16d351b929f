/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>

#define CONNECTIONS_MAX 16
#define CONNECTION_MEMORY (16 * 1024)
#define IDLE_S 10u

struct scrape {
	struct scrape_config config;
	struct MHD_Daemon *daemon;
	struct loop_source *source;
	struct loop_source *timer; /* of connections that are idle for too long */
};

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned int status, const char *type,
				 struct buf *body)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_line(struct MHD_Connection *c, unsigned int status, const char *line)
{
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(256);

	buf_add_str(&body, line);
	return send_text(c, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result send_metrics(const struct scrape *s, struct MHD_Connection *c)
{
	_cleanup_(buf_cleanup) struct buf body = BUF_INIT(EXPOSE_MAX);
	struct expose_value own[SCRAPE_VALUES_MAX];
	size_t n = s->config.own ? s->config.own(s->config.ctx, own) : 0;
	enum expose_format f = expose_format(
		slice_from(MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept")));

	if (expose(s->config.metrics, own, n, f, &body))
		return send_line(c, 500, "The metrics are too large.\n");
	return send_text(c, 200, expose_content_type(f), &body);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	static char begun;

	(void)version;
	(void)data;
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*data_len) { /* nobody asked for a body */
		*data_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_line(c, 405, "This can only be read.\n");
	if (!strcmp(url, "/metrics"))
		return send_metrics(cls, c);
	if (!strcmp(url, "/healthz") || !strcmp(url, "/readyz"))
		return send_line(c, 200, "ok\n");
	return send_line(c, 404, "There are /metrics, /healthz and /readyz.\n");
}

static void serve(struct scrape *s)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	MHD_run(s->daemon);
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		loop_set_timer(s->timer, MAX(ms, 1ull) * NSEC_PER_MSEC);
	else
		loop_set_timer(s->timer, 0);
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	serve(ctx);
}

static void on_timer(void *ctx)
{
	serve(ctx);
}

static int start(struct scrape *s, struct loop *loop)
{
	const union MHD_DaemonInfo *info;
	int r;

	s->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
		s->config.listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!s->daemon) {
		r = errno ? -errno : -EIO;
		close(s->config.listen_fd);
		return r;
	}
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return -ENOTSUP;
	r = loop_add_timer(loop, &s->timer, 0, on_timer, s);
	return r ? r : loop_add_fd(loop, &s->source, info->epoll_fd, EPOLLIN, on_ready, s);
}

int scrape_new(struct scrape **ret, struct loop *loop, const struct scrape_config *config)
{
	struct scrape *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		close(config->listen_fd);
		return -ENOMEM;
	}
	s->config = *config;
	r = start(s, loop);
	if (r)
		scrape_free(TAKE(s));
	*ret = s;
	return r;
}

void scrape_free(struct scrape *s)
{
	if (!s)
		return;
	loop_remove(s->source);
	loop_remove(s->timer);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	free(s);
}
