/* SPDX-License-Identifier: Apache-2.0 */
#include "expose.h"

#include "clock.h"
#include "metrics_impl.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 128

struct writer {
	struct buf *to;
	enum expose_format format;
	const struct metric_def *def;
	char name[NAME_MAX_LEN];
};

/* ---- Which format -------------------------------------------------------------------------- */

/* In thousandths, by RFC 9110; what is no number counts as absent. */
static unsigned int quality(struct slice params)
{
	while (params.data) {
		struct slice p = slice_trim(slice_cut(&params, ';'));
		unsigned int q = 0, scale = 1000;

		if (!slice_starts_nocase(p, SLICE("q=")) || p.len < 3)
			continue;
		for (size_t i = 2; i < p.len && scale; i++) {
			if (i == 3 && p.data[i] == '.')
				continue;
			if (p.data[i] < '0' || p.data[i] > '9')
				return 1000;
			q += (unsigned int)(p.data[i] - '0') * scale;
			scale /= 10;
		}
		return q;
	}
	return 1000;
}

enum expose_format expose_format(struct slice accept)
{
	unsigned int open = 0, text = 0;

	while (accept.data) {
		struct slice params = slice_cut(&accept, ',');
		struct slice type = slice_trim(slice_cut(&params, ';'));
		unsigned int q = quality(params);

		if (slice_eq_nocase(type, SLICE("application/openmetrics-text")))
			open = q > open ? q : open;
		else if (slice_eq_nocase(type, SLICE("text/plain")))
			text = q > text ? q : text;
	}
	return open && open >= text ? EXPOSE_OPENMETRICS : EXPOSE_TEXT;
}

const char *expose_content_type(enum expose_format f)
{
	return f == EXPOSE_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- Parts --------------------------------------------------------------------------------- */

static void add_label_name(struct buf *to, const char *key)
{
	for (; *key; key++)
		buf_add_char(to, *key == '.' ? '_' : *key);
}

/* Both formats escape the same three. */
static void add_label_value(struct buf *to, struct slice v)
{
	size_t from = 0;

	for (size_t i = 0; i < v.len; i++) {
		char c = v.data[i];

		if (c != '\\' && c != '"' && c != '\n')
			continue;
		buf_add_utf8(to, slice_sub(v, from, i - from));
		buf_add_char(to, '\\');
		buf_add_char(to, c == '\n' ? 'n' : c);
		from = i + 1;
	}
	buf_add_utf8(to, slice_sub(v, from, v.len - from));
}

static void add_label(struct buf *to, char *separator, const char *key, struct slice value)
{
	buf_add_char(to, *separator);
	*separator = ',';
	add_label_name(to, key);
	buf_add_str(to, "=\"");
	add_label_value(to, value);
	buf_add_char(to, '"');
}

/* An integer in units of 10^-digits, exactly. */
static void add_number(struct buf *to, uint64_t v, unsigned int digits)
{
	uint64_t one = 1;

	for (unsigned int i = 0; i < digits; i++)
		one *= 10;
	buf_printf(to, "%llu", (unsigned long long)(v / one));
	if (digits && v % one)
		buf_printf(to, ".%0*llu", (int)digits, (unsigned long long)(v % one));
}

static void prometheus_name(char to[NAME_MAX_LEN], const char *name, const char *unit)
{
	snprintf(to, NAME_MAX_LEN, "%s%s%s", name, unit ? "_" : "", unit ? unit : "");
	for (; *to; to++)
		if (*to == '.')
			*to = '_';
}

static void add_head(struct buf *to, enum expose_format f, const char *name, const char *unit,
		     const char *help, enum metric_type type)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	/* A counter's _total belongs to its name in one format, to its sample in the other. */
	const char *end = type == METRIC_COUNTER && f == EXPOSE_TEXT ? "_total" : "";

	buf_printf(to, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, end, help, name, end, types[type]);
	if (unit && f == EXPOSE_OPENMETRICS)
		buf_printf(to, "# UNIT %s %s\n", name, unit);
}

/* ---- Series -------------------------------------------------------------------------------- */

/* Name and labels of a sample; `bound` is a bucket's, or NULL. */
static void add_sample(const struct writer *w, const struct metric_series *s, bool overflow,
		       const char *suffix, const char *bound)
{
	char separator = '{';
	size_t at = 0;

	buf_add_str(w->to, w->name);
	buf_add_str(w->to, suffix);
	for (size_t l = 0; l < LABELS && at < s->key_len; l++) {
		size_t len;

		if (!(w->def->labels >> l & 1))
			continue;
		len = (unsigned char)s->key[at++];
		if (len)
			add_label(w->to, &separator, metric_label_keys[l],
				  (struct slice){ s->key + at, len });
		at += len;
	}
	if (overflow)
		add_label(w->to, &separator, "otel_metric_overflow", SLICE("true"));
	if (bound)
		add_label(w->to, &separator, "le", slice_from(bound));
	if (separator == ',')
		buf_add_char(w->to, '}');
	buf_add_char(w->to, ' ');
}

static void add_hex(struct buf *to, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(to, "%02x", bytes[i]);
}

/* Of the bucket, or of the counter: the last span that is in it. Only one format has them. */
static void add_exemplar(const struct writer *w, const struct metric_exemplar *e)
{
	if (w->format == EXPOSE_OPENMETRICS && e->number) {
		buf_add_str(w->to, " # {trace_id=\"");
		add_hex(w->to, e->trace_id, sizeof(e->trace_id));
		buf_add_str(w->to, "\",span_id=\"");
		add_hex(w->to, e->span_id, sizeof(e->span_id));
		buf_add_str(w->to, "\"} ");
		add_number(w->to, e->value, w->def->digits);
		buf_printf(w->to, " %llu.%03llu", (unsigned long long)(e->time_ns / NSEC_PER_SEC),
			   (unsigned long long)(e->time_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
	}
	buf_add_char(w->to, '\n');
}

static void add_histogram(const struct writer *w, const struct metric_series *s, bool overflow)
{
	uint64_t below = 0;
	char bound[32];

	for (size_t b = 0; b <= w->def->n_bounds; b++) {
		if (b == w->def->n_bounds)
			snprintf(bound, sizeof(bound), "+Inf");
		else
			snprintf(bound, sizeof(bound), "%.10g", w->def->bounds[b]);
		/* OpenMetrics wants a float to look like one. */
		if (w->format == EXPOSE_OPENMETRICS && b < w->def->n_bounds && !strchr(bound, '.'))
			snprintf(bound, sizeof(bound), "%.1f", w->def->bounds[b]);
		below += s->buckets[b];
		add_sample(w, s, overflow, "_bucket", bound);
		buf_printf(w->to, "%llu", (unsigned long long)below);
		add_exemplar(w, &s->exemplars[b]);
	}
	add_sample(w, s, overflow, "_sum", NULL);
	add_number(w->to, s->sum, w->def->digits);
	buf_add_char(w->to, '\n');
	add_sample(w, s, overflow, "_count", NULL);
	buf_printf(w->to, "%llu\n", (unsigned long long)s->count);
}

static void add_series(const struct writer *w, const struct metric_series *s, bool overflow)
{
	if (w->def->type == METRIC_HISTOGRAM) {
		add_histogram(w, s, overflow);
		return;
	}
	add_sample(w, s, overflow, w->def->type == METRIC_GAUGE ? "" : "_total", NULL);
	add_number(w->to, s->sum, w->def->digits);
	if (w->def->type == METRIC_GAUGE)
		buf_add_char(w->to, '\n');
	else
		add_exemplar(w, &s->exemplars[0]);
}

static int each_series(void *value, void *arg)
{
	const struct writer *w = arg;

	add_series(w, value, false);
	return buf_error(w->to);
}

static void add_metric(struct writer *w, const struct metric *m)
{
	const struct metric_def *d = w->def;

	if (!m->series.count && !m->overflow)
		return;
	prometheus_name(w->name, d->name, d->unit);
	add_head(w->to, w->format, w->name, d->unit, d->help, d->type);
	table_each(&m->series, each_series, w);
	if (m->overflow)
		add_series(w, m->overflow, true);
}

static void add_own(const struct expose_value *v, bool first, enum expose_format f, struct buf *to)
{
	char separator = '{', name[NAME_MAX_LEN];

	prometheus_name(name, v->name, NULL);
	if (first)
		add_head(to, f, name, NULL, v->help, v->gauge ? METRIC_GAUGE : METRIC_COUNTER);
	buf_printf(to, "%s%s", name, v->gauge ? "" : "_total");
	if (v->label) {
		add_label(to, &separator, v->label, slice_from(v->label_value));
		buf_add_char(to, '}');
	}
	buf_add_char(to, ' ');
	add_number(to, v->value, v->digits);
	buf_add_char(to, '\n');
}

static void add_all_own(const struct expose_value *own, size_t n, enum expose_format f,
			struct buf *to)
{
	for (size_t i = 0; i < n; i++)
		add_own(&own[i], !i || strcmp(own[i].name, own[i - 1].name), f, to);
}

int expose(const struct metrics *m, const struct expose_value *own, size_t n_own,
	   enum expose_format f, struct buf *to)
{
	struct expose_value refused[METRICS_REFUSED];
	struct writer w = { .to = to, .format = f };

	for (size_t i = 0; i < n_metric_defs; i++) {
		w.def = &metric_defs[i];
		add_metric(&w, &m->metric[i]);
	}
	metrics_refused(m, refused);
	add_all_own(refused, METRICS_REFUSED, f, to);
	add_all_own(own, n_own, f, to);
	if (f == EXPOSE_OPENMETRICS)
		buf_add_str(to, "# EOF\n");
	return buf_error(to);
}
