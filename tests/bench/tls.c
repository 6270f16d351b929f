// SPDX-License-Identifier: Apache-2.0
/*
 * Both ends of the traffic that the benches measure, with as little of their own as can be:
 * blocking OpenSSL, a thread per connection, answers made before anything is measured.
 *
 *   tls server CERT KEY ENDS    prints its port; on SIGTERM writes the end time of each
 *                               answer (u64 Unix ns, by its number) to ENDS
 *   tls client PORT CA CONNECTIONS CALLS RATE REQUEST_BYTES RESPONSE_BYTES
 *                               CALLS in all, RATE a second (0: closed loop); a response of 0
 *                               bytes is a stream of 200 chunks. Connects, prints its pid,
 *                               waits for a line on stdin, runs, prints what it took.
 *
 * Answer number n has the id chatcmpl-%08u and n + 10000000 input, n + 20000000 output
 * tokens, so that any single span can be checked without a log.
 */
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#define CHUNKS 200
#define NUMBERS_MAX (1u << 20)
#define BODY_MAX (1u << 20)

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- Server ---------------------------------------------------------------------- */

static uint64_t *ends;
static atomic_uint number;
static SSL_CTX *context;

static void put(SSL *ssl, const char *data, size_t len)
{
	if (SSL_write(ssl, data, (int)len) != (int)len)
		pthread_exit(NULL);
}

static void put_chunk(SSL *ssl, const char *text, int len)
{
	char out[1024];
	int n = snprintf(out, sizeof(out), "%x\r\n%.*s\r\n", (unsigned int)len, len, text);

	put(ssl, out, (size_t)n);
}

static void answer_stream(SSL *ssl, unsigned int n)
{
	static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: "
				   "text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
	static const char done[] = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
	char event[512];
	int len;

	put(ssl, head, sizeof(head) - 1);
	for (int i = 0; i < CHUNKS - 2; i++) {
		len = snprintf(event, sizeof(event),
			       "data: "
			       "{\"id\":\"chatcmpl-%08u\",\"object\":\"chat.completion.chunk\","
			       "\"created\":1,\"model\":\"bench-1\","
			       "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word %d "
			       "\"},\"logprobs\":null,\"finish_reason\":%s}],\"usage\":null}\n\n",
			       n, i, i == CHUNKS - 3 ? "\"stop\"" : "null");
		put_chunk(ssl, event, len);
	}
	len = snprintf(event, sizeof(event),
		       "data: "
		       "{\"id\":\"chatcmpl-%08u\",\"object\":\"chat.completion.chunk\",\"created\":"
		       "1,\"model\":\"bench-1\",\"choices\":[],"
		       "\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%"
		       "u}}\n\n",
		       n, n + 10000000, n + 20000000, 2 * n + 30000000);
	put_chunk(ssl, event, len);
	put(ssl, done, sizeof(done) - 1);
}

static void answer_json(SSL *ssl, unsigned int n, size_t size)
{
	static __thread char out[BODY_MAX + 4096];
	size_t len = size < 600 ? 1 : size - 600;
	char *body = out + 2048;
	int head, made = sprintf(body,
				 "{\"id\":\"chatcmpl-%08u\",\"object\":\"chat.completion\","
				 "\"created\":1,\"model\":\"bench-1\",\"choices\":[{\"index\":0,"
				 "\"message\":{\"role\":\"assistant\",\"content\":\"",
				 n);

	memset(body + made, 'w', len);
	made += (int)len;
	made += sprintf(body + made,
			"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":%u,"
			"\"completion_tokens\":%u,\"total_tokens\":%u}}",
			n + 10000000, n + 20000000, 2 * n + 30000000);
	head = snprintf(
		out, 2048,
		"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n",
		made);
	memmove(out + head, body, (size_t)made);
	put(ssl, out, (size_t)(head + made));
}

/* One request into buf; its body is read and forgotten. Bytes of the response it asks for,
 * -1 at the end of the connection. */
static long take_request(SSL *ssl, char *buf, size_t size)
{
	size_t have = 0, head_len, body;
	long wanted;

	for (;;) {
		char *end;
		int n = SSL_read(ssl, buf + have, (int)(size - 1 - have));

		if (n <= 0)
			return -1;
		have += (size_t)n;
		buf[have] = 0;
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		head_len = (size_t)(end + 4 - buf);
		break;
	}
	body = strtoul(strstr(buf, "content-length: ") + 16, NULL, 10);
	wanted = strtol(strstr(buf, "x-bench: ") + 9, NULL, 10);
	for (have -= head_len; have < body;) {
		int n = SSL_read(ssl, buf, (int)(size < body - have ? size : body - have));

		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	return wanted;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	SSL *ssl = SSL_new(context);
	char *buf = malloc(BODY_MAX);

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		for (long wanted; (wanted = take_request(ssl, buf, BODY_MAX)) >= 0;) {
			unsigned int n = atomic_fetch_add(&number, 1);

			if (wanted == 0)
				answer_stream(ssl, n);
			else
				answer_json(ssl, n, (size_t)wanted);
			if (n < NUMBERS_MAX)
				ends[n] = now_ns(CLOCK_REALTIME);
		}
	}
	SSL_free(ssl);
	close(fd);
	free(buf);
	return NULL;
}

static void *accept_all(void *arg)
{
	int fd = (int)(intptr_t)arg, one = 1;
	pthread_t thread;

	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c < 0)
			return NULL;
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)c))
			close(c);
		else
			pthread_detach(thread);
	}
}

static int server(char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0), signo;
	sigset_t set;
	pthread_t thread;
	FILE *f;

	ends = calloc(NUMBERS_MAX, sizeof(*ends));
	context = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate_file(context, argv[0], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[1], SSL_FILETYPE_PEM) != 1)
		return 1;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		die("listen");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)fd))
		die("thread");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	sigwait(&set, &signo);
	f = fopen(argv[2], "w");
	if (!f || fwrite(ends, sizeof(*ends), atomic_load(&number), f) != atomic_load(&number) ||
	    fclose(f))
		die(argv[2]);
	return 0;
}

/* ---- Client ---------------------------------------------------------------------- */

struct work {
	int calls;
	int64_t gap_ns; /* between two calls of one connection; 0: at once */
	int request, response;
	int port;
	SSL *ssl;
	pthread_t thread;
	unsigned long ssl_calls;
	int late; /* calls that began more than a gap after their time */
};

static uint64_t begin_ns;

static void connect_one(struct work *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)w->port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	w->ssl = SSL_new(context);
	SSL_set_fd(w->ssl, fd);
	SSL_set_tlsext_host_name(w->ssl, "localhost");
	if (SSL_connect(w->ssl) != 1)
		die("SSL_connect");
}

static void send_request(struct work *w, const char *body)
{
	char head[512];
	int n = snprintf(
		head, sizeof(head),
		"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost:%d\r\nauthorization: Bearer "
		"sk-bench\r\n"
		"content-type: application/json\r\ncontent-length: %d\r\nx-bench: %d\r\n\r\n",
		w->port, w->request, w->response);

	put(w->ssl, head, (size_t)n);
	w->ssl_calls++;
	for (int i = 0; i < w->request; i += 16384, w->ssl_calls++)
		put(w->ssl, body + i, (size_t)(w->request - i < 16384 ? w->request - i : 16384));
}

/* Until the last bytes of a stream, or the length that the head named. */
static void take_response(struct work *w, char *buf, size_t size)
{
	size_t have = 0, total = 0;

	for (;;) {
		int n = SSL_read(w->ssl, buf + have, (int)(size - 1 - have));

		if (n <= 0)
			die("SSL_read");
		w->ssl_calls++;
		have += (size_t)n;
		buf[have] = 0;
		if (w->response == 0) {
			if (have >= 5 && !memcmp(buf + have - 5, "0\r\n\r\n", 5))
				return;
			if (have > size / 2) { /* keep the tail, in which the end is looked for */
				memmove(buf, buf + have - 5, 5);
				have = 5;
			}
			continue;
		}
		if (!total) {
			char *end = strstr(buf, "\r\n\r\n");

			if (!end)
				continue;
			total = (size_t)(end + 4 - buf) +
				strtoul(strstr(buf, "content-length: ") + 16, NULL, 10);
		}
		if (have >= total)
			return;
	}
}

static void *work(void *arg)
{
	struct work *w = arg;
	char *body = malloc((size_t)w->request + 1), *buf = malloc(BODY_MAX);
	int n = snprintf(
		body, 200,
		"{\"model\":\"bench-1\",%s\"messages\":[{\"role\":\"user\",\"content\":\"",
		w->response ? "" : "\"stream\":true,\"stream_options\":{\"include_usage\":true},");

	memset(body + n, 'a', (size_t)(w->request - n));
	memcpy(body + w->request - 4, "\"}]}", 4);
	for (int i = 0; i < w->calls; i++) {
		if (w->gap_ns) {
			uint64_t due = begin_ns + (uint64_t)i * (uint64_t)w->gap_ns,
				 now = now_ns(CLOCK_MONOTONIC);
			struct timespec t = { .tv_sec = (time_t)(due / 1000000000u),
					      .tv_nsec = (long)(due % 1000000000u) };

			w->late += now > due + (uint64_t)w->gap_ns;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		}
		send_request(w, body);
		take_response(w, buf, BODY_MAX);
	}
	free(body);
	free(buf);
	return NULL;
}

static int client(char **argv)
{
	long arg[7];
	struct work *all;
	struct rusage before, after;
	unsigned long ssl_calls = 0;
	uint64_t end_ns;
	int n, late = 0;

	for (int i = 0; i < 7; i++)
		arg[i] = i == 1 ? 0 : strtol(argv[i], NULL, 10);
	n = (int)arg[2];
	all = calloc((size_t)n, sizeof(*all));
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_load_verify_locations(context, argv[1], NULL);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	for (int i = 0; i < n; i++) {
		all[i] = (struct work){ .port = (int)arg[0],
					.calls = (int)(arg[3] / n),
					.request = (int)arg[5],
					.response = (int)arg[6] };
		all[i].gap_ns = arg[4] ? 1000000000L * n / arg[4] : 0;
		connect_one(&all[i]);
	}
	printf("%d\n", getpid());
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	getrusage(RUSAGE_SELF, &before);
	begin_ns = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < n; i++)
		if (pthread_create(&all[i].thread, NULL, work, &all[i]))
			die("thread");
	for (int i = 0; i < n; i++) {
		pthread_join(all[i].thread, NULL);
		ssl_calls += all[i].ssl_calls;
		late += all[i].late;
	}
	end_ns = now_ns(CLOCK_MONOTONIC);
	getrusage(RUSAGE_SELF, &after);
#define US(t) ((t).tv_sec * 1000000LL + (t).tv_usec)
	printf("{\"calls\": %d, \"ssl_calls\": %lu, \"cpu_us\": %lld, \"seconds\": %.6f, \"late\": "
	       "%d}\n",
	       (int)(arg[3] / n) * n, ssl_calls,
	       US(after.ru_utime) + US(after.ru_stime) - US(before.ru_utime) - US(before.ru_stime),
	       (double)(end_ns - begin_ns) / 1e9, late);
	fflush(stdout);
	getchar(); /* the probes are taken off a living process */
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "server"))
		return server(argv + 2);
	if (argc == 9 && !strcmp(argv[1], "client"))
		return client(argv + 2);
	return 2;
}
