/* SPDX-License-Identifier: Apache-2.0 */
#include "destination.h"

#include "cleanup.h"

#include <errno.h>

#define EXPORTER "OTEL_EXPORTER_OTLP_"
#define VALUE_MAX (64 * 1024)

/* In values: ${NAME} is a variable of the outer environment, ${NAME:-TEXT} one with a default,
 * ${base64:A:B} the Basic credentials of two. Sentry's DSN is cut into parts beforehand. */
static const struct preset {
	const char *name;
	struct destination_variable variables[8];
} presets[] = {
	{ "sentry",
	  { { EXPORTER "TRACES_ENDPOINT", "${SENTRY_DSN/url}/integration/otlp/v1/traces" },
	    { EXPORTER "LOGS_ENDPOINT", "${SENTRY_DSN/url}/integration/otlp/v1/logs" },
	    { EXPORTER "HEADERS", "x-sentry-auth=sentry%20sentry_key%3D${SENTRY_DSN/key}" },
	    { EXPORTER "COMPRESSION", "gzip" },
	    { "OTEL_METRICS_EXPORTER", "none" } } },
	{ "langfuse",
	  { { EXPORTER "ENDPOINT", "${LANGFUSE_HOST:-https://cloud.langfuse.com}/api/public/otel" },
	    { EXPORTER "HEADERS",
	      "authorization=Basic%20${base64:LANGFUSE_PUBLIC_KEY:LANGFUSE_SECRET_KEY},"
	      "x-langfuse-ingestion-version=4" },
	    { "OTEL_METRICS_EXPORTER", "none" },
	    { "OTEL_LOGS_EXPORTER", "none" } } },
	{ "datadog",
	  { { EXPORTER "ENDPOINT", "https://otlp.${DD_SITE:-datadoghq.com}" },
	    { EXPORTER "HEADERS", "dd-api-key=${DD_API_KEY}" },
	    { EXPORTER "TRACES_HEADERS", "dd-api-key=${DD_API_KEY},dd-otlp-source=llmobs" },
	    { EXPORTER "METRICS_TEMPORALITY_PREFERENCE", "delta" },
	    { "OTEL_LOGS_EXPORTER", "none" } } },
	{ "phoenix",
	  { { EXPORTER "ENDPOINT", "${PHOENIX_COLLECTOR_ENDPOINT:-http://localhost:6006}" },
	    { EXPORTER "HEADERS?", "authorization=Bearer%20${PHOENIX_API_KEY}" },
	    { "OTEL_METRICS_EXPORTER", "none" },
	    { "OTEL_LOGS_EXPORTER", "none" } } },
	{ "grafana",
	  { { EXPORTER "ENDPOINT", "${GRAFANA_CLOUD_OTLP_ENDPOINT}" },
	    { EXPORTER "HEADERS",
	      "authorization=Basic%20${base64:GRAFANA_CLOUD_INSTANCE_ID:GRAFANA_CLOUD_API_KEY}" },
	    { EXPORTER "COMPRESSION", "gzip" } } },
};

/* Words of the line and the variables that they are. */
static const struct {
	const char *word, *name;
} words[] = {
	{ "endpoint", EXPORTER "ENDPOINT" },
	{ "protocol", EXPORTER "PROTOCOL" },
	{ "headers", EXPORTER "HEADERS" },
	{ "compression", EXPORTER "COMPRESSION" },
	{ "timeout", EXPORTER "TIMEOUT" },
	{ "certificate", EXPORTER "CERTIFICATE" },
	{ "client-certificate", EXPORTER "CLIENT_CERTIFICATE" },
	{ "client-key", EXPORTER "CLIENT_KEY" },
	{ "insecure", EXPORTER "INSECURE" },
	{ "temporality", EXPORTER "METRICS_TEMPORALITY_PREFERENCE" },
	{ "histogram", EXPORTER "METRICS_DEFAULT_HISTOGRAM_AGGREGATION" },
};

static int add_variable(struct destination *d, struct slice name, struct slice value)
{
	struct slice n = arena_copy(&d->arena, name), v = arena_copy(&d->arena, value);
	struct destination_variable *to = NULL;

	for (size_t i = 0; i < d->n_variables; i++)
		if (slice_eq(slice_from(d->variables[i].name), name))
			to = &d->variables[i];
	if (!to)
		to = arena_push(&d->arena, &d->variables, &d->n_variables, sizeof(*to));
	if (!to || !n.data || !v.data)
		return -ENOMEM;
	*to = (struct destination_variable){ n.data, v.data };
	return 0;
}

/* ---- Templates ----------------------------------------------------------------------------- */

static const char *outer(const struct destination *d, struct slice name)
{
	char text[64];
	const char *value;

	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(name));
	value = d->outer.get(d->outer.ctx, text);
	return value && *value ? value : NULL;
}

static void add_base64(struct buf *to, struct slice from)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < from.len; i += 3) {
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < from.len ? (uint8_t)from.data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_char(to,
				     i + k > from.len ? '=' : digits[bits >> (18 - 6 * k) & 63]);
	}
}

/* Of "https://KEY[:SECRET]@HOST[/PREFIX]/PROJECT": the key, or the URL of its API. */
static int add_dsn(struct slice dsn, bool key, struct buf *to)
{
	ssize_t scheme = slice_find(dsn, SLICE("://")), at = slice_find_char(dsn, '@');
	struct slice user, rest;
	size_t last;

	if (scheme < 0 || at <= scheme + 3)
		return -EINVAL;
	user = slice_sub(dsn, (size_t)scheme + 3, (size_t)(at - scheme - 3));
	rest = slice_sub(dsn, (size_t)at + 1, dsn.len);
	for (last = rest.len; last && rest.data[last - 1] != '/';)
		last--;
	if (last < 2 || last == rest.len)
		return -EINVAL;
	if (key)
		return buf_add_slice(to, slice_cut(&user, ':'));
	buf_add_slice(to, slice_sub(dsn, 0, (size_t)scheme + 3));
	buf_add_slice(to, slice_sub(rest, 0, last));
	buf_add_str(to, "api/");
	return buf_add_slice(to, slice_sub(rest, last, rest.len));
}

/* What stands between ${ and }. -ENOENT: a variable that is not set, its name in *missing. */
static int add_expression(const struct destination *d, struct slice expression, struct buf *to,
			  struct slice *missing)
{
	_cleanup_(buf_cleanup) struct buf both = BUF_INIT(VALUE_MAX);
	struct slice name = expression, otherwise = SLICE_NONE;
	bool base64 = slice_starts(expression, SLICE("base64:"));
	ssize_t at = slice_find(expression, SLICE(":-"));
	const char *value;

	if (at >= 0) {
		name = slice_sub(expression, 0, (size_t)at);
		otherwise = slice_sub(expression, (size_t)at + 2, expression.len);
	}
	if (base64)
		slice_cut(&name, ':');
	for (struct slice rest = name; rest.data && base64;) {
		struct slice one = slice_cut(&rest, ':');

		value = outer(d, one);
		*missing = one;
		if (!value)
			return -ENOENT;
		buf_add_str(&both, both.len ? ":" : "");
		buf_add_str(&both, value);
	}
	if (base64) {
		add_base64(to, buf_slice(&both));
		return buf_error(&both);
	}
	*missing = slice_cut(&name, '/');
	value = outer(d, *missing);
	if (value && name.data)
		return add_dsn(slice_trim(slice_from(value)), slice_eq(name, SLICE("key")), to);
	if (value)
		return buf_add_slice(to, slice_trim(slice_from(value)));
	return otherwise.data ? buf_add_slice(to, otherwise) : -ENOENT;
}

/* Of headers what comes in is percent-encoded: a key may hold a comma. */
static void add_encoded(struct buf *to, struct slice v)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.data[i];

		if (c > ' ' && c < 0x7f && c != '%' && c != ',' && c != ';')
			buf_add_char(to, (char)c);
		else
			buf_printf(to, "%%%02X", c);
	}
}

static int expand(const struct destination *d, struct slice template, bool encode, struct buf *to,
		  struct slice *missing)
{
	while (template.len) {
		_cleanup_(buf_cleanup) struct buf value = BUF_INIT(VALUE_MAX);
		ssize_t open = slice_find(template, SLICE("${"));
		size_t plain = open < 0 ? template.len : (size_t)open;
		int r;

		buf_add_slice(to, slice_sub(template, 0, plain));
		template = slice_sub(template, plain, template.len);
		if (open < 0)
			break;
		template = slice_sub(template, 2, template.len);
		r = add_expression(d, slice_cut(&template, '}'), &value, missing);
		if (r)
			return r;
		if (encode)
			add_encoded(to, buf_slice(&value));
		else
			buf_add_slice(to, buf_slice(&value));
	}
	return buf_error(to);
}

static int add_preset(struct destination *d, const struct preset *p, struct buf *error)
{
	for (size_t i = 0; i < ARRAY_LEN(p->variables) && p->variables[i].name; i++) {
		_cleanup_(buf_cleanup) struct buf value = BUF_INIT(VALUE_MAX);
		struct slice name = slice_from(p->variables[i].name), missing = SLICE_NONE;
		bool optional = slice_ends(name, SLICE("?"));
		int r = expand(d, slice_from(p->variables[i].value),
			       slice_find(name, SLICE("HEADERS")) >= 0, &value, &missing);

		name = slice_sub(name, 0, name.len - optional);
		if (r == -ENOENT && optional)
			continue;
		if (r == -ENOENT || r == -EINVAL) {
			buf_printf(error, "preset %s: %.*s %s", p->name, SLICE_FMT(missing),
				   r == -ENOENT ? "is not set" : "cannot be read");
			return -EINVAL;
		}
		if (!r)
			r = add_variable(d, name, buf_slice(&value));
		if (r)
			return r;
	}
	return 0;
}

/* ---- The line ------------------------------------------------------------------------------ */

static int add_signals(struct destination *d, struct slice list, struct buf *error)
{
	static const struct {
		struct slice word;
		const char *variable;
	} signals[] = {
		{ SLICE("traces"), "OTEL_TRACES_EXPORTER" },
		{ SLICE("metrics"), "OTEL_METRICS_EXPORTER" },
		{ SLICE("logs"), "OTEL_LOGS_EXPORTER" },
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_LEN(signals); i++)
		r = add_variable(d, slice_from(signals[i].variable), SLICE("none"));
	while (!r && list.data) {
		struct slice word = slice_cut(&list, ',');
		size_t i = 0;

		while (i < ARRAY_LEN(signals) && !slice_eq(word, signals[i].word))
			i++;
		if (i == ARRAY_LEN(signals)) {
			buf_add_str(error, "signals are traces, metrics and logs");
			return -EINVAL;
		}
		r = add_variable(d, slice_from(signals[i].variable), SLICE("otlp"));
	}
	return r;
}

static int add_word(struct destination *d, struct slice word, struct buf *error)
{
	struct slice value = word, key = slice_cut(&value, '=');

	if (slice_find(word, SLICE("://")) > 0 && slice_find(key, SLICE("://")) > 0)
		return add_variable(d, SLICE(EXPORTER "ENDPOINT"), word);
	if (!value.data)
		return add_variable(d, SLICE(EXPORTER "ENDPOINT"), word);
	if (slice_eq(key, SLICE("preset"))) {
		for (size_t i = 0; i < ARRAY_LEN(presets); i++)
			if (slice_eq(value, slice_from(presets[i].name)))
				return add_preset(d, &presets[i], error);
		buf_add_str(error, "presets are sentry, langfuse, datadog, phoenix and grafana");
		return -EINVAL;
	}
	if (slice_eq(key, SLICE("signals")))
		return add_signals(d, value, error);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(key, slice_from(words[i].word)))
			return add_variable(d, slice_from(words[i].name), value);
	buf_printf(error, "unknown word '%.*s'", (int)MIN(key.len, (size_t)32), key.data);
	return -EINVAL;
}

static bool has(const struct destination *d, const char *part)
{
	for (size_t i = 0; i < d->n_variables; i++)
		if (slice_ends(slice_from(d->variables[i].name), slice_from(part)))
			return true;
	return false;
}

int destination_init(struct destination *d, struct slice line, struct otlp_env outer_env,
		     struct buf *error)
{
	int r = 0;

	*d = (struct destination){ .outer = outer_env };
	arena_init(&d->arena, DESTINATION_BYTES_MAX);
	while (!r && line.data) {
		struct slice word = slice_trim(slice_cut(&line, ' '));

		if (word.len)
			r = add_word(d, word, error);
	}
	if (!r && !has(d, "ENDPOINT")) {
		buf_add_str(error, "it has no endpoint");
		r = -EINVAL;
	}
	return r;
}

void destination_release(struct destination *d)
{
	arena_release(&d->arena);
	*d = (struct destination){ 0 };
}

static const char *get(void *ctx, const char *name)
{
	const struct destination *d = ctx;
	struct slice s = slice_from(name);

	for (size_t i = 0; i < d->n_variables; i++)
		if (!strcmp(d->variables[i].name, name))
			return d->variables[i].value;
	if (slice_starts(s, SLICE(EXPORTER)) || slice_ends(s, SLICE("S_EXPORTER")))
		return NULL;
	return d->outer.get(d->outer.ctx, name);
}

struct otlp_env destination_env(const struct destination *d)
{
	return (struct otlp_env){ (void *)d, get };
}
