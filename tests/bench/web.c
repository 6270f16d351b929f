// SPDX-License-Identifier: Apache-2.0
/*
 * web PORT CA|- PID CONNECTIONS SECONDS : asks localhost for /file over and over on
 * connections that stay open, over TLS or (-) in the clear, and prints as JSON what CPU time a
 * request took, of the server PID and of itself, in ns.
 *
 * It asks on all connections, then takes all answers. Some such turns make a window; the CPU
 * time of a window is exact (the clock of a process, not /proc, whose figures are as old as the
 * last tick). There are many windows, so that those in which the machine did something else
 * can be told from the others.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define TURNS 2 /* of a window */

static const char request[] = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct connection {
	int fd;
	SSL *ssl; /* NULL: in the clear */
};

static void fail(const char *what)
{
	fprintf(stderr, "web: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void open_connection(struct connection *c, int port, SSL_CTX *tls)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	if (!tls)
		return;
	c->ssl = SSL_new(tls);
	if (!c->ssl || !SSL_set1_host(c->ssl, "localhost") || !SSL_set_fd(c->ssl, c->fd) ||
	    SSL_connect(c->ssl) != 1)
		fail("TLS handshake");
}

static void ask(const struct connection *c)
{
	int len = sizeof(request) - 1;
	int n = c->ssl ? SSL_write(c->ssl, request, len) : (int)write(c->fd, request, (size_t)len);

	if (n != len)
		fail("write");
}

/* A whole answer: its head says how long the rest is. */
static void take_answer(const struct connection *c)
{
	char buf[8192];
	size_t len = 0, whole = sizeof(buf) - 1;
	const char *end, *says;

	while (len < whole) {
		size_t room = sizeof(buf) - 1 - len;
		int n = c->ssl ? SSL_read(c->ssl, buf + len, (int)room)
			       : (int)read(c->fd, buf + len, room);

		if (n <= 0)
			fail("read");
		len += (size_t)n;
		buf[len] = '\0';
		end = strstr(buf, "\r\n\r\n");
		says = strstr(buf, "Content-Length: ");
		if (end && says)
			whole = (size_t)(end + 4 - buf) + strtoul(says + 16, NULL, 10);
	}
	if (len != whole)
		fail("answer");
}

static long long clock_ns(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		fail("clock");
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	static struct connection connections[CONNECTIONS_MAX];
	int n, port;
	long long began, now, server, server_before, own, own_before;
	SSL_CTX *tls = NULL;
	clockid_t of_server;
	bool more = true;
	double seconds;

	if (argc != 6)
		return 2;
	port = (int)strtol(argv[1], NULL, 10);
	n = (int)strtol(argv[4], NULL, 10);
	seconds = strtod(argv[5], NULL);
	if (n < 1 || n > CONNECTIONS_MAX ||
	    clock_getcpuclockid((pid_t)strtol(argv[3], NULL, 10), &of_server))
		return 2;
	if (strcmp(argv[2], "-")) {
		tls = SSL_CTX_new(TLS_client_method());
		if (!tls || SSL_CTX_load_verify_locations(tls, argv[2], NULL) != 1)
			fail("CA");
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	}
	for (int i = 0; i < n; i++)
		open_connection(&connections[i], port, tls);
	began = clock_ns(CLOCK_MONOTONIC);
	server_before = clock_ns(of_server);
	own_before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	printf("{\"windows\": [");
	for (int windows = 0; more; windows++) {
		for (int turn = 0; turn < TURNS; turn++) {
			for (int i = 0; i < n; i++)
				ask(&connections[i]);
			for (int i = 0; i < n; i++)
				take_answer(&connections[i]);
		}
		server = clock_ns(of_server);
		own = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		now = clock_ns(CLOCK_MONOTONIC);
		printf("%s[%lld, %lld, %lld]", windows ? ", " : "",
		       (server - server_before) / (TURNS * n), (own - own_before) / (TURNS * n),
		       now);
		server_before = server;
		own_before = own;
		more = (double)(now - began) < seconds * 1e9;
	}
	printf("]}\n");
	return 0;
}
