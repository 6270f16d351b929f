/* SPDX-License-Identifier: Apache-2.0 */
#include "kube.h"

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "pods.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"
#define EVERY_MS 60000
#define SOON_MS 1000   /* between two requests, however much is missing */
#define FAILED_MS 5000 /* after one that failed */
#define TIMEOUT_MS 10000L
#define CONNECT_MS 5000L
#define TOKEN_MAX 16384
#define URL_MAX 2048

struct kube {
	char url[URL_MAX];
	char *token_file, *ca_file;
	bool tls;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything down to `stop` */
	pthread_cond_t wake;
	struct pods *pods; /* NULL: no answer yet */
	struct kube_stats stats;
	bool wanted; /* a pod is missing */
	bool stop;

	bool complained; /* the thread's: about the trouble that is going on */
};

/* What curl says is good for a log: its text has neither the token nor the answer in it. */
struct answer {
	struct buf body;
	long status;
	const char *problem; /* NULL: it came */
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	return buf_add(arg, data, size * n) ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct kube *k = arg;
	bool stop;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	pthread_mutex_lock(&k->lock);
	stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	return stop;
}

struct token {
	char text[TOKEN_MAX];
};

static void token_wipe(struct token *t)
{
	explicit_bzero(t, sizeof(*t));
}

/* "Authorization: Bearer …"; absent file: no header, as a kubelet may let anybody ask. */
static int read_token(const struct kube *k, struct buf *header)
{
	_cleanup_close_ int fd = open(k->token_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_(token_wipe) struct token token;
	struct slice text;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = read(fd, token.text, sizeof(token.text));
	if (n < 0)
		return -errno;
	text = slice_trim((struct slice){ token.text, (size_t)n });
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~')
			text.len = 0; /* no token, and no further header either */
	if ((size_t)n == sizeof(token.text) || !text.len)
		return -EINVAL;
	buf_printf(header, "Authorization: Bearer %.*s", SLICE_FMT(text));
	return buf_error(header);
}

static void perform(struct kube *k, CURL *c, const char *authorization, struct answer *to)
{
	struct curl_slist *head = authorization ? curl_slist_append(NULL, authorization) : NULL;
	CURLcode code;

	curl_easy_setopt(c, CURLOPT_URL, k->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, k->tls ? "https" : "http");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "gentap/" GENTAP_VERSION);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &to->body);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, k);
	if (k->tls && !access(k->ca_file, R_OK))
		curl_easy_setopt(c, CURLOPT_CAINFO, k->ca_file);
	code = curl_easy_perform(c);
	if (code != CURLE_OK)
		to->problem =
			buf_error(&to->body) ? "its answer is too large" : curl_easy_strerror(code);
	else
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &to->status);
	curl_slist_free_all(head);
}

static void ask(struct kube *k, struct answer *to)
{
	_cleanup_(buf_cleanup) struct buf authorization = BUF_INIT(TOKEN_MAX + 64);
	CURL *c = curl_easy_init();
	int r = c ? read_token(k, &authorization) : -ENOMEM;

	if (r)
		to->problem = c ? "its token cannot be read" : strerror(ENOMEM);
	else
		perform(k, c, authorization.data, to);
	curl_easy_cleanup(c);
	if (authorization.data)
		explicit_bzero(authorization.data, authorization.len);
}

static const char *remedy_of(long status)
{
	return status == 401   ? "the token is not accepted"
	       : status == 403 ? "the service account may not list pods (deploy/k8s has the role)"
			       : "it does not answer with pods";
}

static void complain(struct kube *k, const struct answer *a)
{
	if (a->problem)
		log_warn("kubernetes: pods are not asked for: %s url=%s", a->problem, k->url);
	else
		log_warn("kubernetes: pods are not known: %s status=%ld url=%s",
			 remedy_of(a->status), a->status, k->url);
}

/* Without the lock. True: there is a list. */
static bool refresh(struct kube *k)
{
	struct answer a = { .body = BUF_INIT(KUBE_ANSWER_MAX) };
	struct pods *fresh = NULL, *before;
	bool stop;

	ask(k, &a);
	if (!a.problem && a.status == 200 && pods_new(&fresh, buf_slice(&a.body)))
		fresh = NULL;
	buf_release(&a.body);
	pthread_mutex_lock(&k->lock);
	stop = k->stop;
	before = fresh ? k->pods : NULL;
	if (fresh) {
		k->pods = fresh;
		k->stats.answers++;
		k->stats.pods = pods_count(fresh);
	} else {
		k->stats.failures++;
	}
	pthread_mutex_unlock(&k->lock);
	pods_free(before);
	if (!fresh && !stop && !k->complained)
		complain(k, &a);
	k->complained = !fresh;
	return fresh;
}

static struct timespec after_ms(long ms)
{
	uint64_t ns = clock_mono_ns() + (uint64_t)ms * NSEC_PER_MSEC;

	return (struct timespec){ (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };
}

static void *ask_loop(void *arg)
{
	struct kube *k = arg;

	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		struct timespec until;
		bool known;

		k->wanted = false; /* what is asked for from here on may need another */
		pthread_mutex_unlock(&k->lock);
		known = refresh(k);
		pthread_mutex_lock(&k->lock);
		until = after_ms(known ? SOON_MS : FAILED_MS);
		while (!k->stop && !pthread_cond_timedwait(&k->wake, &k->lock, &until))
			;
		until = after_ms(EVERY_MS);
		while (!k->stop && !k->wanted &&
		       !pthread_cond_timedwait(&k->wake, &k->lock, &until))
			;
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

static bool is_loopback(struct slice rest)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct slice host = slice_from(hosts[i]);
		char after = slice_starts(rest, host) && rest.len > host.len ? rest.data[host.len]
									     : '\0';

		if (after == ':' || after == '/')
			return true;
	}
	return false;
}

/* The cluster's own API server, asked for the pods of this node alone. */
static bool find_cluster(const struct kube *k, char *to, size_t size)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *node = getenv("NODE_NAME");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6 = host && strchr(host, ':');
	int n;

	if (!host || !*host || access(k->token_file, R_OK))
		return false;
	if (!node || !*node || strpbrk(node, "&#% ")) {
		log_warn("kubernetes: pods are not asked for: NODE_NAME is not set "
			 "(deploy/k8s sets it)");
		return false;
	}
	n = snprintf(to, size, "https://%s%s%s:%s/api/v1/pods?fieldSelector=spec.nodeName%%3D%s",
		     v6 ? "[" : "", host, v6 ? "]" : "", port && *port ? port : "443", node);
	return n > 0 && (size_t)n < size;
}

static int set_url(struct kube *k, const char *pods)
{
	struct slice url = slice_from(pods);

	/* In front of an '@' stands no host. */
	if (url.len >= URL_MAX || strpbrk(pods, "@\\ "))
		return -EINVAL;
	k->tls = slice_starts(url, SLICE("https://"));
	if (!k->tls && !(slice_starts(url, SLICE("http://")) &&
			 is_loopback(slice_sub(url, strlen("http://"), url.len))))
		return -EINVAL;
	memmove(k->url, pods, url.len + 1);
	return 0;
}

static int start(struct kube *k)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int r;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&k->lock, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&k->thread, NULL, ask_loop, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void release(struct kube *k)
{
	free(k->token_file);
	free(k->ca_file);
	free(k);
}

int kube_new(struct kube **ret, const struct kube_config *c)
{
	bool automatic = !c->pods || !strcmp(c->pods, "auto");
	struct kube *k;
	int r;

	*ret = NULL;
	if (c->pods && !strcmp(c->pods, "off"))
		return 0;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->token_file = strdup(c->token_file ? c->token_file : ACCOUNT "token");
	k->ca_file = strdup(c->ca_file ? c->ca_file : ACCOUNT "ca.crt");
	r = k->token_file && k->ca_file ? 0 : -ENOMEM;
	if (!r && automatic && !find_cluster(k, k->url, sizeof(k->url))) {
		release(k);
		return 0;
	}
	if (!r)
		r = set_url(k, automatic ? k->url : c->pods);
	if (!r && curl_global_init(CURL_GLOBAL_DEFAULT))
		r = -EIO;
	if (!r)
		r = start(k);
	if (r) {
		release(k);
		return r;
	}
	*ret = k;
	return 0;
}

void kube_free(struct kube *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->wake);
	pods_free(k->pods);
	release(k);
}

void kube_apply(struct kube *k, struct process *p)
{
	if (!k || !p || p->pod_known || !process_fact(p, "k8s.pod.uid"))
		return;
	pthread_mutex_lock(&k->lock);
	p->pod_known = k->pods && pods_apply(k->pods, p);
	if (!p->pod_known && !k->wanted) {
		k->wanted = true;
		pthread_cond_signal(&k->wake);
	}
	pthread_mutex_unlock(&k->lock);
}

void kube_read_stats(struct kube *k, struct kube_stats *ret)
{
	*ret = (struct kube_stats){ 0 };
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	*ret = k->stats;
	pthread_mutex_unlock(&k->lock);
}
