/* SPDX-License-Identifier: Apache-2.0 */
/* Serves /metrics as `gentap run --metrics` does, without watching anything: prints the
 * port of 127.0.0.1 that it listens on, and ends with its standard input. */
#include "../../agent/scrape.h"

#include "call.h"
#include "clock.h"
#include "cleanup.h"
#include "semconv.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define SPANS 3

static size_t own(void *ctx, struct expose_value *to)
{
	(void)ctx;
	to[0] = (struct expose_value){ .name = "gentap.test", .help = "Test.", .value = 42 };
	return 1;
}

static int listen_any(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		return -1;
	printf("%u\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void on_stdin(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	loop_quit(ctx);
}

int main(void)
{
	struct scrape_config config = { .own = own };
	const struct call call = { .op = OP_CHAT };
	struct loop_source *source;
	struct metrics *m = NULL;
	struct scrape *scrape = NULL;
	struct loop *loop = NULL;
	int r;

	if (loop_new(&loop) || metrics_new(&m, &(struct metrics_config){ .series_max = 0 }))
		return 1;
	for (int i = 0; i < SPANS; i++) {
		struct span *s = NULL;

		if (span_new(&s))
			return 1;
		s->call = &call;
		s->trace_id[0] = 0xaa;
		s->span_id[0] = (uint8_t)(i + 1);
		s->start_ns = clock_wall_ns();
		s->end_ns = s->start_ns + NSEC_PER_SEC;
		span_set_str(s, ATTR_REQUEST_MODEL, SLICE("a\\b\"c\nd\xff"));
		span_set_int(s, ATTR_USAGE_INPUT, 1 << i);
		span_set_double(s, "gentap.cost.total", 0.25);
		metrics_span(m, s);
		span_free(s);
	}
	config.metrics = m;
	config.listen_fd = listen_any();
	r = config.listen_fd < 0 ? 1 : scrape_new(&scrape, loop, &config);
	if (!r)
		r = loop_add_fd(loop, &source, STDIN_FILENO, EPOLLIN, on_stdin, loop);
	if (!r)
		r = loop_run(loop);
	scrape_free(scrape);
	metrics_free(m);
	loop_free(loop);
	return r ? 1 : 0;
}
