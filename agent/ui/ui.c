/* SPDX-License-Identifier: Apache-2.0 */
#include "ui.h"

#include "api.h"
#include "cleanup.h"
#include "clock.h"
#include "events.h"
#include "httpd.h"
#include "log.h"
#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define PORTS 20
#define POLL_NS (150 * 1000 * 1000)

static int parse_address(const char *text, struct sockaddr_storage *ret, bool *ret_any_port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct slice all = slice_from(text && *text ? text : "127.0.0.1"), host = all,
		     port = SLICE_NONE;
	ssize_t colon = slice_find_char(all, ':');
	uint64_t number = 0;
	char name[64];

	if (all.data[0] == '[') {
		ssize_t end = slice_find_char(all, ']');

		if (end < 0)
			return -EINVAL;
		host = slice_sub(all, 1, (size_t)end - 1);
		if ((size_t)end + 1 < all.len)
			port = slice_sub(all, (size_t)end + 2, all.len);
	} else if (colon >= 0 &&
		   slice_find_char(slice_sub(all, (size_t)colon + 1, all.len), ':') < 0) {
		host = slice_sub(all, 0, (size_t)colon);
		port = slice_sub(all, (size_t)colon + 1, all.len);
	} else if (colon < 0 && !slice_u64(all, &number)) {
		host = SLICE("");
		port = all;
	}
	if (port.len && (slice_u64(port, &number) || !number || number > UINT16_MAX))
		return -EINVAL;
	*ret_any_port = !port.len;
	snprintf(name, sizeof(name), "%.*s", SLICE_FMT(host));
	if (!host.len || !strcmp(name, "localhost"))
		snprintf(name, sizeof(name), "127.0.0.1");
	*ret = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, name, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port.len ? (uint16_t)number : UI_PORT);
		return 0;
	}
	if (inet_pton(AF_INET6, name, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port.len ? (uint16_t)number : UI_PORT);
	return 0;
}

static int listen_on(struct sockaddr_storage *a)
{
	_cleanup_close_ int fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len =
		a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)a, len) || listen(fd, 128))
		return -errno;
	return TAKE_FD(fd);
}

int ui_listen(const char *address, int *ret_fd)
{
	struct sockaddr_storage a;
	in_port_t *port;
	bool any;
	int fd = parse_address(address, &a, &any);

	if (fd)
		return fd;
	port = a.ss_family == AF_INET ? &((struct sockaddr_in *)&a)->sin_port
				      : &((struct sockaddr_in6 *)&a)->sin6_port;
	for (int i = 0; i < (any ? PORTS : 1); i++) {
		fd = listen_on(&a);
		if (fd != -EADDRINUSE)
			break;
		if (any)
			*port = htons((uint16_t)(ntohs(*port) + 1));
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int ui_new_token(char to[UI_TOKEN_LEN + 1])
{
	uint8_t bytes[UI_TOKEN_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return errno ? -errno : -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int ui_url(int fd, const char *token, char *to, size_t size)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	char name[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		return -errno;
	if (a.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;

		inet_ntop(AF_INET, &v4->sin_addr, name, sizeof(name));
		snprintf(to, size, "http://%s:%u/?token=%s", name, ntohs(v4->sin_port), token);
		return 0;
	}
	inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&a)->sin6_addr, name, sizeof(name));
	snprintf(to, size, "http://[%s]:%u/?token=%s", name,
		 ntohs(((const struct sockaddr_in6 *)&a)->sin6_port), token);
	return 0;
}

/* The folder is the page's own: root makes it and gives it away. */
static const char *make_folder(const char *path, uint32_t uid)
{
	if (!path)
		return NULL;
	if (mkdir(path, 0700) && errno != EEXIST) {
		log_warn("ui: no dashboards can be kept: %s folder=%s", strerror(errno), path);
		return NULL;
	}
	if (!geteuid() && chown(path, uid, uid)) {
		log_warn("ui: no dashboards can be kept: %s folder=%s", strerror(errno), path);
		return NULL;
	}
	return path;
}

/* Tells the pages when the store has changed, until a signal comes. */
static void watch(struct api *api, struct events *events, const sigset_t *signals)
{
	static const struct timespec pause = { .tv_nsec = POLL_NS };
	uint64_t seen = 0, version;

	while (sigtimedwait(signals, NULL, &pause) < 0) {
		if (api_version(api, &version) || version == seen)
			continue;
		seen = version;
		events_publish(events, version);
	}
}

struct ui {
	struct api *api;
	struct events *events;
	struct httpd *httpd;
};

static int start(struct ui *u, const struct ui_config *config, struct httpd_config *http)
{
	uint32_t uid = sandbox_uid();
	struct api_config api = {
		.db = config->db,
		.dashboards = make_folder(config->dashboards, uid),
		.settings = config->settings,
		.label = config->label,
	};
	int r = api_new(&u->api, &api);

	if (r) {
		log_error("ui: cannot read the store: %s file=%s", strerror(-r), config->db);
		return r;
	}
	r = events_new(&u->events);
	if (!r)
		r = sandbox_enter(uid, config->with_parent);
	if (r) {
		log_error("ui: cannot give up rights: %s", strerror(-r));
		return r;
	}
	http->api = u->api;
	http->events = u->events;
	r = httpd_new(&u->httpd, http);
	if (r)
		log_error("ui: cannot serve: %s", strerror(-r));
	return r;
}

static unsigned int url_port(const char *url)
{
	const char *colon = strrchr(url, ':');
	unsigned int port = 0;

	for (const char *p = colon + 1; colon && *p >= '0' && *p <= '9'; p++)
		port = port * 10 + (unsigned int)(*p - '0');
	return port;
}

int ui_serve(const struct ui_config *config)
{
	char token[UI_TOKEN_LEN + 1] = "", cookie[32], url[256];
	struct httpd_config http = { .listen_fd = config->listen_fd };
	struct ui u = { 0 };
	sigset_t signals;
	int r = config->token ? 0 : ui_new_token(token);

	if (r)
		return r;
	/* Cookies do not tell ports apart; several of us may run. */
	ui_url(config->listen_fd, "", url, sizeof(url));
	snprintf(cookie, sizeof(cookie), "gentap-%u", url_port(url));
	http.guard.token = slice_from(config->token ? config->token : token);
	http.guard.cookie = slice_from(cookie);
	for (size_t i = 0; i < MIN(config->n_hosts, (size_t)GUARD_HOSTS_MAX); i++)
		http.guard.hosts[http.guard.n_hosts++] = slice_from(config->hosts[i]);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r = start(&u, config, &http);
	if (!r) {
		if (!config->with_parent)
			fprintf(stderr, "page: %s%s\n", url, http.guard.token.data);
		watch(u.api, u.events, &signals);
		events_stop(u.events);
	}
	httpd_free(u.httpd);
	events_free(u.events);
	api_free(u.api);
	return r;
}
