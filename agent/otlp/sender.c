/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include "cleanup.h"
#include "clock.h"
#include "retry.h"

#include <curl/curl.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define USER_AGENT "gentap/" GENTAP_VERSION " OTel-OTLP-Exporter-C/" GENTAP_VERSION
#define HEADER_LINE_MAX (16 * 1024)
#define GRPC_MESSAGE_MAX 256 /* bytes of it that are kept */
#define GRPC_PREFIX 5

struct sender {
	struct loop *loop;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct loop_source *timer;
	sender_fn done; /* NULL: nothing is under way */
	void *ctx;
	struct buf answer;
	size_t head_len;
	int64_t retry_after_ms;
	bool grpc;
	int grpc_status;
	char grpc_message[GRPC_MESSAGE_MAX];
	bool failed; /* of setting up */
};

/* A socket that the multi handle watches. */
struct watch {
	struct sender *sender;
	struct loop_source *source;
};

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct sender *s = ctx;
	struct slice line = { data, size * count }, value = line, name;
	uint64_t status;

	/* A status line: what an interim answer (1xx) said is not about this one. */
	if (slice_starts_nocase(line, SLICE("HTTP/")))
		s->retry_after_ms = -1;
	name = slice_cut(&value, ':');
	value = slice_trim(value);
	if (slice_eq_nocase(name, SLICE("retry-after")))
		s->retry_after_ms = retry_after_ms(value, clock_wall_ns());
	if (s->grpc && slice_eq_nocase(name, SLICE("grpc-status")))
		s->grpc_status = slice_u64(value, &status) || status > 1000 ? -1 : (int)status;
	if (s->grpc && slice_eq_nocase(name, SLICE("grpc-message")))
		snprintf(s->grpc_message, sizeof(s->grpc_message), "%.*s", SLICE_FMT(value));
	if (s->grpc && slice_eq_nocase(name, SLICE("grpc-status-details-bin")))
		s->retry_after_ms = retry_info_ms(value);
	s->head_len += line.len;
	return s->head_len > SENDER_HEAD_MAX ? 0 : line.len;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct sender *s = ctx;

	return buf_add(&s->answer, data, size * count) ? 0 : size * count;
}

/* Without this the sockets would be inherited by commands that the agent starts. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static const char *problem_of(CURLcode code, bool *ret_tls)
{
	static const struct {
		CURLcode code;
		const char *text;
	} tls[] = {
		{ CURLE_PEER_FAILED_VERIFICATION,
		  "the endpoint's certificate is not trusted or not for its name" },
		{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed" },
		{ CURLE_SSL_CERTPROBLEM, "the client certificate or its key cannot be used" },
		{ CURLE_SSL_CACERT_BADFILE, "the CA bundle cannot be read" },
		{ CURLE_SSL_CIPHER, "no TLS cipher in common" },
		{ CURLE_SSL_ISSUER_ERROR, "the certificate's issuer does not match" },
		{ CURLE_SSL_INVALIDCERTSTATUS, "the certificate's status is not valid" },
		{ CURLE_SSL_CLIENTCERT, "the endpoint wants a client certificate" },
	};

	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		if (tls[i].code != code)
			continue;
		*ret_tls = true;
		return tls[i].text;
	}
	*ret_tls = false;
	return curl_easy_strerror(code);
}

/*
 * A server that stops may leave before its trailers: libcurl then calls the answer whole,
 * without a grpc-status. A unary call's message follows only success, so that with one it
 * was accepted; without, nothing is known, as of a connection that broke.
 */
static void judge_cut(struct sender *s, struct sender_answer *a)
{
	struct slice body = buf_slice(&s->answer);

	if (!s->grpc || a->status != 200 || a->grpc_status >= 0 || a->too_large)
		return;
	if (!body.len) {
		a->status = 0;
		a->problem = "the answer ended before its grpc-status";
	} else if (body.len >= GRPC_PREFIX && !body.data[0]) {
		a->grpc_status = 0;
	}
}

static void finish(struct sender *s, CURLcode code)
{
	struct sender_answer a = { .retry_after_ms = s->retry_after_ms,
				   .grpc_status = s->grpc_status,
				   .grpc_message = slice_from(s->grpc_message) };
	sender_fn done = s->done;
	long status = 0;

	s->done = NULL;
	curl_multi_remove_handle(s->multi, s->easy);
	/* libcurl goes on using an HTTP/2 connection that its peer has left. */
	curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, (long)(code != CURLE_OK));
	if (s->head_len)
		curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	a.too_large = buf_error(&s->answer) == -ENOBUFS || s->head_len > SENDER_HEAD_MAX;
	/* A refusal counts from its head on: who refuses early often resets the rest. */
	if (code == CURLE_OK || a.too_large || status >= 400)
		a.status = (int)status;
	else
		a.problem = problem_of(code, &a.tls);
	judge_cut(s, &a);
	a.body = buf_slice(&s->answer);
	/* One message, not compressed: nothing else was asked for. */
	if (s->grpc)
		a.body = a.body.len > GRPC_PREFIX && !a.body.data[0]
				 ? slice_sub(a.body, GRPC_PREFIX, a.body.len)
				 : SLICE_NONE;
	if (done)
		done(s->ctx, &a);
}

static void check_done(struct sender *s)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(s->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			finish(s, m->data.result);
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
	struct watch *w = ctx;
	struct sender *s = w->sender;
	int mask = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	int running;

	/* May call on_socket, which frees w. */
	curl_multi_socket_action(s->multi, fd, mask, &running);
	check_done(s);
}

static void on_timer(void *ctx)
{
	struct sender *s = ctx;
	int running;

	curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_done(s);
}

static int on_set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct sender *s = ctx;

	(void)multi;
	/* 0 means at once, and to the loop it means never. */
	loop_set_timer(s->timer, timeout_ms < 0	   ? 0
				 : timeout_ms == 0 ? 1
						   : (uint64_t)timeout_ms * NSEC_PER_MSEC);
	return 0;
}

/* A socket that cannot be watched stays silent, and the request ends by its timeout. To
 * tell libcurl instead would make it give up the whole multi handle. */
static void watch_socket(struct sender *s, curl_socket_t fd, uint32_t events)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return;
	w->sender = s;
	if (loop_add_fd(s->loop, &w->source, fd, events, on_ready, w) ||
	    curl_multi_assign(s->multi, fd, w)) {
		loop_remove(w->source);
		free(w);
	}
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct watch *w = socket_ctx;
	uint32_t events =
		(what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			loop_remove(w->source);
		free(w);
		return 0;
	}
	if (w)
		loop_set_events(w->source, events);
	else
		watch_socket(ctx, fd, events);
	return 0;
}

static void add_header(struct sender *s, const char *line)
{
	struct curl_slist *list = curl_slist_append(s->headers, line);

	if (list)
		s->headers = list;
	else
		s->failed = true;
}

static void set_headers(struct sender *s, const struct otlp_options *o)
{
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(HEADER_LINE_MAX);
	struct slice rest = slice_from(o->headers);
	int r;

	if (o->grpc) {
		add_header(s, "Content-Type: application/grpc");
		add_header(s, "TE: trailers");
		add_header(s, "grpc-accept-encoding: identity");
		buf_printf(&line, "grpc-timeout: %llum", (unsigned long long)o->timeout_ms);
		add_header(s, line.data ? line.data : "");
	} else {
		add_header(s, o->encoding == OTLP_JSON ? "Content-Type: application/json"
						       : "Content-Type: application/x-protobuf");
	}
	if (o->gzip)
		add_header(s, o->grpc ? "grpc-encoding: gzip" : "Content-Encoding: gzip");
	/* Do not wait for a go-ahead: collectors always take the body. */
	add_header(s, "Expect:");
	while ((r = otlp_header_next(&rest, &line)) != 0) {
		if (r > 0)
			add_header(s, line.data);
		else if (r == -ENOMEM)
			s->failed = true;
	}
}

static void set_str(struct sender *s, CURLoption option, const char *value)
{
	if (value && curl_easy_setopt(s->easy, option, value))
		s->failed = true;
}

static void set_long(struct sender *s, CURLoption option, long value)
{
	if (curl_easy_setopt(s->easy, option, value))
		s->failed = true;
}

/* libcurl takes http_proxy and no_proxy from the environment. A collector on this machine
 * is not reached through a proxy, whether no_proxy thought of it or not. */
static void set_no_proxy(struct sender *s)
{
	_cleanup_(buf_cleanup) struct buf list = BUF_INIT(HEADER_LINE_MAX);
	const char *given = getenv("no_proxy");

	if (!given)
		given = getenv("NO_PROXY");
	if (given && !strcmp(given, "*"))
		return;
	buf_add_str(&list, "localhost,127.0.0.1,::1");
	if (given)
		buf_printf(&list, ",%s", given);
	if (buf_error(&list) == -ENOMEM)
		s->failed = true;
	if (!buf_error(&list))
		set_str(s, CURLOPT_NOPROXY, list.data);
}

static void set_options(struct sender *s, const struct otlp_options *o)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	set_headers(s, o);
	/* Without TLS there is nothing to agree on a version by. */
	if (o->grpc)
		set_long(s, CURLOPT_HTTP_VERSION,
			 slice_starts_nocase(slice_from(o->endpoint), SLICE("https"))
				 ? CURL_HTTP_VERSION_2TLS
				 : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	set_str(s, CURLOPT_URL, o->endpoint);
	set_str(s, CURLOPT_USERAGENT, USER_AGENT);
	set_no_proxy(s);
	set_str(s, CURLOPT_PROTOCOLS_STR, "http,https");
	set_str(s, CURLOPT_CAINFO, o->certificate);
	/* The bundle that is named is the only one trusted. */
	if (o->certificate)
		curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
	set_str(s, CURLOPT_SSLCERT, o->client_certificate);
	set_str(s, CURLOPT_SSLKEY, o->client_key);
	set_long(s, CURLOPT_POST, 1);
	set_long(s, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	/* SIGALRM is for builds that resolve names without a thread. With one, leaving
	 * this off makes libcurl ignore SIGPIPE around its calls. */
	set_long(s, CURLOPT_NOSIGNAL, !(v->features & CURL_VERSION_ASYNCHDNS));
	/* Do not wait for a resolver thread when it is too late. */
	set_long(s, CURLOPT_QUICK_EXIT, 1);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
}

int sender_new(struct sender **ret, struct loop *loop, const struct otlp_options *options)
{
	struct sender *s;
	int r = -ENOMEM;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -EIO;
	s = calloc(1, sizeof(*s));
	if (!s)
		goto fail;
	s->loop = loop;
	s->grpc = options->grpc;
	buf_init(&s->answer, SENDER_ANSWER_MAX);
	r = loop_add_timer(loop, &s->timer, 0, on_timer, s);
	if (r)
		goto fail;
	r = -EIO;
	s->multi = curl_multi_init();
	s->easy = curl_easy_init();
	if (!s->multi || !s->easy)
		goto fail;
	set_options(s, options);
	if (s->failed)
		goto fail;
	*ret = s;
	return 0;
fail:
	if (s)
		sender_free(s);
	else
		curl_global_cleanup();
	return r;
}

void sender_free(struct sender *s)
{
	if (!s)
		return;
	if (s->done)
		curl_multi_remove_handle(s->multi, s->easy);
	curl_easy_cleanup(s->easy);
	/* Closes idle connections, for which on_socket is called. */
	curl_multi_cleanup(s->multi);
	curl_slist_free_all(s->headers);
	loop_remove(s->timer);
	buf_release(&s->answer);
	free(s);
	curl_global_cleanup();
}

int sender_post(struct sender *s, struct slice body, sender_fn done, void *ctx)
{
	if (s->done)
		return -EBUSY;
	buf_reset(&s->answer, 4096);
	s->head_len = 0;
	s->retry_after_ms = -1;
	s->grpc_status = -1;
	s->grpc_message[0] = '\0';
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body.data);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	s->done = done;
	s->ctx = ctx;
	if (!curl_multi_add_handle(s->multi, s->easy))
		return 0;
	s->done = NULL;
	return -EIO;
}
