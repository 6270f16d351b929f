/* SPDX-License-Identifier: Apache-2.0 */
/* What the exporter does without memory; all else is in tests/system/test_otlp_exporter.py. */
#include "cleanup.h"
#include "exporter.h"
#include "log.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

static const struct otlp_host host = { .host_name = SLICE("h"), .version = SLICE("1") };

/* A port of this machine that nobody listens on; the fd keeps others away from it. */
static int closed_port(char *url, size_t size)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!getsockname(fd, (struct sockaddr *)&a, &len));
	snprintf(url, size, "http://127.0.0.1:%u/v1/traces", ntohs(a.sin_port));
	return fd;
}

static void check_sum(const struct otlp_stats *s)
{
	CHECK_INT(s->exported + s->dropped_full + s->dropped_refused + s->dropped_expired +
			  s->queued,
		  s->items);
}

static void hand_in(struct exporter *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct span *s = NULL;

		if (span_new(&s))
			continue;
		s->name = SLICE("chat");
		span_set_str(s, "key", SLICE("value"));
		exporter_span(x, s);
		span_free(s);
	}
}

TEST(exporter_without_memory)
{
	char url[64], headers[] = "a=b,c=d";
	_cleanup_close_ int fd = closed_port(url, sizeof(url));
	struct otlp_options o = {
		.endpoint = url,
		.endpoint_shown = url,
		.headers = headers,
		.gzip = true,
		.timeout_ms = 1000,
		.queue_items_max = 10,
		.queue_bytes_max = 100000,
		.batch_items_max = 4,
		.request_bytes_max = 100000,
		.retry_ms = 20,
		.backoff_ms = 1,
		.backoff_max_ms = 5,
	};

	log_set_level(LOG_LEVEL_ERROR);
	EACH_MALLOC_FAILURE
	{
		struct exporter *x = NULL;
		struct loop *l = NULL;
		int r = loop_new(&l);

		if (!r)
			r = exporter_new(&x, l, &o, &host);
		if (!r) {
			hand_in(x, 12);
			check_sum(exporter_stats(x));
			CHECK(exporter_stats(x)->queued <= 10);
			exporter_flush(x, 30);
			check_sum(exporter_stats(x));
			CHECK_INT(exporter_stats(x)->exported, 0);
		} else {
			CHECK(r == -ENOMEM || r == -EIO);
		}
		exporter_free(x);
		loop_free(l);
	}
}

TEST(exporter_needs_an_endpoint)
{
	struct otlp_options o = { 0 };
	struct exporter *x = NULL;
	struct loop *l = NULL;

	CHECK_INT(loop_new(&l), 0);
	CHECK_INT(exporter_new(&x, l, &o, &host), -EINVAL);
	exporter_free(NULL);
	loop_free(l);
}
