/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "exporter.h"
#include "pairs.h"

#include <errno.h>

#define DEFAULT_BASE "http://localhost:4318"
#define DEFAULT_GRPC "http://localhost:4317"
#define HEADER_LINE_MAX (16 * 1024)
#define MIB (1024 * 1024)
#define METRIC_POINTS_MAX 100000

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "the table of numbers sets both alike");

static const struct otlp_options defaults = {
	.encoding = OTLP_PROTOBUF,
	.timeout_ms = 10000,
	.delay_ms = 200,
	.queue_items_max = 2048,
	.queue_bytes_max = 64 * MIB,
	.batch_items_max = 512,
	.request_bytes_max = 64 * MIB, /* the limit that OTLP gives clients */
	.retry_ms = 300000,
	.backoff_ms = 1000,
	.backoff_max_ms = 30000,
	.interval_ms = 60000,
};

/* What is named after a signal. */
static const struct signal {
	const char *exporter; /* variables of its exporter */
	const char *which;    /* exporter it has */
	const char *batcher;  /* variables of its batcher; NULL: it has none */
	const char *path;
	const char *service; /* gRPC */
} signals[OTLP_SIGNALS] = {
	[OTLP_TRACES] = { "OTEL_EXPORTER_OTLP_TRACES_", "OTEL_TRACES_EXPORTER", "OTEL_BSP_",
			  "v1/traces", "trace.v1.TraceService" },
	[OTLP_METRICS] = { "OTEL_EXPORTER_OTLP_METRICS_", "OTEL_METRICS_EXPORTER", NULL,
			   "v1/metrics", "metrics.v1.MetricsService" },
	[OTLP_LOGS] = { "OTEL_EXPORTER_OTLP_LOGS_", "OTEL_LOGS_EXPORTER", "OTEL_BLRP_", "v1/logs",
			"logs.v1.LogsService" },
};

/* The environment, and where to put what is wrong with it. */
struct env {
	struct otlp_env outer;
	const struct signal *signal;
	struct buf *warnings;
	char name[80]; /* of the variable that env_get found */
};

static const char *env_get(struct env *e, const char *prefix, const char *name)
{
	const char *value;

	snprintf(e->name, sizeof(e->name), "%s%s", prefix, name);
	value = e->outer.get(e->outer.ctx, e->name);
	return value && *value ? value : NULL;
}

/* The variable of this signal, else that of all signals. */
static const char *env_otlp(struct env *e, const char *name)
{
	const char *value = env_get(e, e->signal->exporter, name);

	return value ? value : env_get(e, "OTEL_EXPORTER_OTLP_", name);
}

static void warn(struct env *e, const char *what)
{
	buf_printf(e->warnings, "%s: %s\n", e->name, what);
}

static int copy(char **to, struct slice s)
{
	*to = strndup(s.data, s.len);
	return *to ? 0 : -ENOMEM;
}

static bool is(const char *value, const char *word)
{
	return slice_eq_nocase(slice_trim(slice_from(value)), slice_from(word));
}

enum owner { OF_EXPORTER, OF_BATCHER, OF_METRICS };

static const char *env_number(struct env *e, enum owner whose, const char *name)
{
	if (whose == OF_EXPORTER)
		return env_otlp(e, name);
	if (whose == OF_METRICS)
		return env_get(e, "", name);
	return e->signal->batcher ? env_get(e, e->signal->batcher, name) : NULL;
}

static void read_numbers(struct otlp_options *o, struct env *e)
{
	static const struct {
		enum owner whose;
		const char *name;
		size_t at;
		uint64_t min, max;
	} numbers[] = {
#define NUMBER(whose, name, member, min, max)                                                      \
	{ OF_##whose, name, offsetof(struct otlp_options, member), min, max }
		NUMBER(EXPORTER, "TIMEOUT", timeout_ms, 1, 3600000),
		NUMBER(BATCHER, "SCHEDULE_DELAY", delay_ms, 0, 3600000),
		NUMBER(BATCHER, "EXPORT_TIMEOUT", retry_ms, 1, 86400000),
		NUMBER(BATCHER, "MAX_QUEUE_SIZE", queue_items_max, 1, 10000000),
		NUMBER(BATCHER, "MAX_EXPORT_BATCH_SIZE", batch_items_max, 1, 100000),
		NUMBER(METRICS, "OTEL_METRIC_EXPORT_INTERVAL", interval_ms, 10, 86400000),
#undef NUMBER
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const char *value = env_number(e, numbers[i].whose, numbers[i].name);
		uint64_t *to = (void *)((char *)o + numbers[i].at), n;

		if (!value)
			continue;
		if (!slice_u64(slice_trim(slice_from(value)), &n) && n >= numbers[i].min &&
		    n <= numbers[i].max)
			*to = n;
		else
			buf_printf(e->warnings, "%s: not a number from %llu to %llu, using %llu\n",
				   e->name, (unsigned long long)numbers[i].min,
				   (unsigned long long)numbers[i].max, (unsigned long long)*to);
	}
	if (o->batch_items_max <= o->queue_items_max)
		return;
	if (env_number(e, OF_BATCHER, "MAX_EXPORT_BATCH_SIZE"))
		buf_printf(e->warnings, "%s: larger than the queue, using %zu\n", e->name,
			   o->queue_items_max);
	o->batch_items_max = o->queue_items_max;
}

/* The number of the word among `words`, which end with NULL; -1: none, and a warning. */
static int choose(struct env *e, const char *value, const char *const *words, const char *warning)
{
	for (int i = 0; words[i]; i++)
		if (is(value, words[i]))
			return i;
	warn(e, warning);
	return -1;
}

static void read_metrics_words(struct otlp_options *o, struct env *e)
{
	static const char *const preferences[] = { "cumulative", "delta", "lowmemory", NULL };
	static const char *const aggregations[] = { "explicit_bucket_histogram",
						    "base2_exponential_bucket_histogram", NULL };
	const char *v = env_get(e, "OTEL_EXPORTER_OTLP_METRICS_", "TEMPORALITY_PREFERENCE");
	int n = v ? choose(e, v, preferences, "neither cumulative, delta nor lowmemory, ignored")
		  : -1;

	if (n >= 0)
		o->temporality = (enum otlp_preference)n;
	v = env_get(e, "OTEL_EXPORTER_OTLP_METRICS_", "DEFAULT_HISTOGRAM_AGGREGATION");
	o->exponential = v && choose(e, v, aggregations, "not an aggregation, ignored") == 1;
}

static void read_words(struct otlp_options *o, struct env *e)
{
	const char *v = env_otlp(e, "PROTOCOL");

	if (v && is(v, "http/json"))
		o->encoding = OTLP_JSON;
	else if (v && is(v, "grpc"))
		o->grpc = true;
	else if (v && !is(v, "http/protobuf"))
		warn(e, "not a protocol, using http/protobuf");
	v = env_otlp(e, "COMPRESSION");
	if (v && is(v, "gzip"))
		o->gzip = true;
	else if (v && !is(v, "none"))
		warn(e, "neither gzip nor none, using none");
	if (o->signal == OTLP_METRICS)
		read_metrics_words(o, e);
}

/* The part of a URL from its host on; absent when it is no http(s) URL. */
static struct slice url_rest(struct slice url)
{
	static const struct slice schemes[] = { SLICE("http://"), SLICE("https://") };

	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.data[i] <= ' ' || url.data[i] == 0x7f)
			return SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct slice rest = slice_sub(url, schemes[i].len, url.len);

		if (slice_starts_nocase(url, schemes[i]))
			return rest;
	}
	return SLICE_NONE;
}

/* The URL's parts up to its path: "http://user:password@", "host:4318", "/v1/traces". */
static void split_url(struct slice url, struct slice *ret_before_host, struct slice *ret_host,
		      struct slice *ret_path)
{
	struct slice rest = url_rest(url);
	size_t host = 0, end = 0;

	while (end < rest.len && !strchr("/?#", rest.data[end]))
		if (rest.data[end++] == '@')
			host = end;
	*ret_before_host = slice_sub(url, 0, url.len - rest.len + host);
	*ret_host = slice_sub(rest, host, end - host);
	rest = slice_sub(rest, end, rest.len);
	for (end = 0; end < rest.len && !strchr("?#", rest.data[end]);)
		end++;
	*ret_path = slice_sub(rest, 0, end);
}

static bool is_url(const char *text)
{
	struct slice before, host, path;

	split_url(slice_trim(slice_from(text)), &before, &host, &path);
	return host.len && host.data[0] != ':';
}

/* What the requests go to: the URL with what the signal adds to it. `verbatim`: nothing. */
static int set_endpoint(struct otlp_options *o, struct slice url, bool verbatim)
{
	_cleanup_(buf_cleanup) struct buf full = BUF_INIT(MIB), shown = BUF_INIT(MIB);
	struct slice before, host, path, query;
	int r;

	split_url(url, &before, &host, &path);
	query = slice_sub(url, before.len + host.len + path.len, url.len);
	buf_add_str(&shown, slice_starts_nocase(url, SLICE("https")) ? "https://" : "http://");
	buf_add_slice(&full, before);
	for (size_t i = 0; i < 2; i++) {
		struct buf *b = i ? &shown : &full;

		buf_add_slice(b, host);
		if (o->grpc) {
			buf_printf(b, "/opentelemetry.proto.collector.%s/Export",
				   signals[o->signal].service);
			continue;
		}
		buf_add_slice(b, path);
		if (!path.len || (!verbatim && !slice_ends(path, SLICE("/"))))
			buf_add_char(b, '/');
		buf_add_str(b, verbatim ? "" : signals[o->signal].path);
	}
	if (!o->grpc)
		buf_add_slice(&full, query);
	if (buf_error(&full) || buf_error(&shown))
		return -ENOMEM;
	r = copy(&o->endpoint, buf_slice(&full));
	return r ? r : copy(&o->endpoint_shown, buf_slice(&shown));
}

/* The endpoint's variable as a URL in `to`, which stays empty when it is none. */
static int read_url(const struct otlp_options *o, struct env *e, const char *value, struct buf *to)
{
	const char *insecure = NULL;

	if (!value)
		return 0;
	/* gRPC's are often no URLs: host and port. */
	if (o->grpc && !strstr(value, "://")) {
		char name[sizeof(e->name)];

		memcpy(name, e->name, sizeof(name));
		insecure = env_otlp(e, "INSECURE");
		memcpy(e->name, name, sizeof(name));
		buf_add_str(to, insecure && is(insecure, "true") ? "http://" : "https://");
	}
	buf_add_slice(to, slice_trim(slice_from(value)));
	if (buf_error(to))
		return buf_error(to);
	if (!is_url(to->data)) {
		warn(e, "not an http:// or https:// URL, ignored");
		buf_reset(to, to->max);
	}
	return 0;
}

/* Does OTEL_S_EXPORTER want the signal sent? *ret_said: it says so, it is not only the
 * default. */
static bool wants_export(struct env *e, bool *ret_said)
{
	struct slice rest = slice_from(env_get(e, "", e->signal->which));
	bool other = false;

	*ret_said = false;
	while (rest.data) {
		struct slice word = slice_trim(slice_cut(&rest, ','));

		if (slice_eq(word, SLICE("otlp")))
			*ret_said = true;
		else if (slice_eq(word, SLICE("none")))
			other = true;
		else if (slice_eq(word, SLICE("console"))) {
			warn(e, "console is not supported; --output prints spans");
			other = true;
		} else if (word.len)
			warn(e, "not an exporter, ignored");
	}
	return *ret_said || !other;
}

static int read_endpoint(struct otlp_options *o, struct env *e)
{
	_cleanup_(buf_cleanup) struct buf url = BUF_INIT(MIB);
	const char *disabled = env_get(e, "", "OTEL_SDK_DISABLED");
	bool said;
	int r;

	if (disabled && is(disabled, "true"))
		return 0;
	if (disabled && !is(disabled, "false"))
		warn(e, "neither true nor false, using false");
	if (!wants_export(e, &said))
		return 0;
	r = read_url(o, e, env_get(e, e->signal->exporter, "ENDPOINT"), &url);
	if (r || url.len)
		return r ? r : set_endpoint(o, buf_slice(&url), true);
	r = read_url(o, e, env_get(e, "OTEL_EXPORTER_OTLP_", "ENDPOINT"), &url);
	if (!r && !url.len && said)
		r = buf_add_str(&url, o->grpc ? DEFAULT_GRPC : DEFAULT_BASE);
	return r || !url.len ? r : set_endpoint(o, buf_slice(&url), false);
}

static int read_strings(struct otlp_options *o, struct env *e)
{
	static const struct {
		const char *name;
		size_t at;
	} strings[] = {
		{ "HEADERS", offsetof(struct otlp_options, headers) },
		{ "CERTIFICATE", offsetof(struct otlp_options, certificate) },
		{ "CLIENT_CERTIFICATE", offsetof(struct otlp_options, client_certificate) },
		{ "CLIENT_KEY", offsetof(struct otlp_options, client_key) },
	};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		const char *value = env_otlp(e, strings[i].name);
		char **to = (void *)((char *)o + strings[i].at);

		if (value && copy(to, slice_from(value)))
			return -ENOMEM;
	}
	return 0;
}

static int check_headers(const struct otlp_options *o, struct env *e)
{
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(HEADER_LINE_MAX);
	struct slice rest = slice_from(o->headers);
	int r;

	env_otlp(e, "HEADERS"); /* for its name */
	while ((r = otlp_header_next(&rest, &line)) != 0) {
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			warn(e, "a header is left out: not name=value with the value "
				"percent-encoded, or one that the exporter sets");
	}
	return 0;
}

int otlp_options_from_env(struct otlp_options *o, enum otlp_signal signal, struct otlp_env env,
			  struct buf *ret_warnings)
{
	struct env e = { .outer = env, .signal = &signals[signal], .warnings = ret_warnings };
	int r;

	*o = defaults;
	o->signal = signal;
	/* One reading of many series comes at once. */
	if (signal == OTLP_METRICS)
		o->queue_items_max = METRIC_POINTS_MAX;
	read_numbers(o, &e);
	read_words(o, &e);
	r = read_endpoint(o, &e);
	if (!r)
		r = read_strings(o, &e);
	if (!r)
		r = check_headers(o, &e);
	if (!r && buf_error(ret_warnings) == -ENOMEM)
		r = -ENOMEM;
	if (r)
		otlp_options_release(o);
	return r;
}

void otlp_options_release(struct otlp_options *o)
{
	free(o->endpoint);
	free(o->endpoint_shown);
	free(o->headers);
	free(o->certificate);
	free(o->client_certificate);
	free(o->client_key);
	free(o->spool_dir);
	*o = (struct otlp_options){ 0 };
}

/* RFC 9110 section 5.1: a token. */
static bool is_header_name(struct slice s)
{
	static const struct slice ours[] = { SLICE("content-type"), SLICE("content-length"),
					     SLICE("content-encoding"),
					     SLICE("transfer-encoding") };

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];
		bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

		if (!alnum && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (slice_eq_nocase(s, ours[i]))
			return false;
	return s.len > 0;
}

/* No line end may get through: it would start a header of its own. */
static bool is_header_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.data[i] < ' ' && s.data[i] != '\t') || s.data[i] == 0x7f)
			return false;
	return true;
}

int otlp_header_next(struct slice *rest, struct buf *line)
{
	_cleanup_(buf_cleanup) struct buf value = BUF_INIT(HEADER_LINE_MAX);
	struct slice name;
	int r = pairs_next(rest, &name, &value);

	if (r <= 0)
		return r;
	if (!is_header_name(name) || !is_header_value(buf_slice(&value)))
		return -EBADMSG;
	buf_reset(line, line->max);
	buf_add_slice(line, name);
	buf_add_str(line, value.len ? ": " : ";");
	buf_add_slice(line, buf_slice(&value));
	return buf_error(line) ? buf_error(line) : 1;
}
