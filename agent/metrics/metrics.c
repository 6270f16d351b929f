/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics_impl.h"

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "semconv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define PICODOLLARS 1e12
#define KEY_MAX (LABELS * (1 + METRICS_LABEL_BYTES))
_Static_assert(METRICS_LABEL_BYTES < 256, "a key has their length in a byte");

/* A kind of token and the attributes that may hold it: the profiles' names differ. */
static const struct {
	struct slice type;
	const char *keys[2];
	bool whole; /* not a part of another: has a place in the conventions' histogram */
} token_types[] = {
#define TYPE(name)                                                                                 \
	{                                                                                          \
		"" name, sizeof(name) - 1                                                          \
	}
	{ TYPE("input"), { ATTR_USAGE_INPUT }, true },
	{ TYPE("output"), { ATTR_USAGE_OUTPUT }, true },
	{ TYPE("cache_read"), { ATTR_USAGE_CACHE_READ }, false },
	{ TYPE("cache_write"), { ATTR_USAGE_CACHE_CREATION, ATTR_USAGE_CACHE_WRITE }, false },
	{ TYPE("reasoning"), { ATTR_USAGE_REASONING }, false },
#undef TYPE
};

int metrics_new(struct metrics **ret, size_t series_max)
{
	struct metrics *m = calloc(1, sizeof(*m) + n_metric_defs * sizeof(m->metric[0]));

	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < n_metric_defs; i++)
		table_init(&m->metric[i].series, series_max ? series_max : METRICS_SERIES_MAX);
	*ret = m;
	return 0;
}

static void series_free(void *series)
{
	struct metric_series *s = series;

	if (s)
		free(s->buckets);
	free(s);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < n_metric_defs; i++) {
		table_release(&m->metric[i].series, series_free);
		series_free(m->metric[i].overflow);
	}
	free(m);
}

static struct metric_series *series_new(const struct metric_def *d, struct slice key)
{
	struct metric_series *s = calloc(1, sizeof(*s) + key.len);

	if (!s)
		return NULL;
	s->key_len = key.len;
	if (key.len)
		memcpy(s->key, key.data, key.len);
	if (!d->n_bounds)
		return s;
	s->buckets = calloc(d->n_bounds + 1, sizeof(*s->buckets));
	if (!s->buckets)
		series_free(TAKE(s));
	return s;
}

/* The series of this key, made when there is room; else that of the overflow. NULL: no
 * memory. */
static struct metric_series *series_of(struct metric *m, const struct metric_def *d,
				       struct slice key)
{
	struct metric_series *s = table_get(&m->series, key.data, key.len);

	if (s)
		return s;
	if (m->series.count >= m->series.max) {
		if (!m->overflow)
			m->overflow = series_new(d, SLICE_NONE);
		m->overflowed += m->overflow != NULL;
		return m->overflow;
	}
	s = series_new(d, key);
	if (s && table_add(&m->series, key.data, key.len, s))
		series_free(TAKE(s));
	return s;
}

/* In the middle of no character. */
static struct slice label_cut(struct slice v)
{
	size_t len = MIN(v.len, (size_t)METRICS_LABEL_BYTES);

	while (len && len < v.len && ((unsigned char)v.data[len] & 0xc0) == 0x80)
		len--;
	return slice_sub(v, 0, len);
}

static void add(struct metrics *m, size_t i, const struct slice labels[LABELS], uint64_t value)
{
	const struct metric_def *d = &metric_defs[i];
	struct metric_series *s;
	char key[KEY_MAX];
	size_t len = 0, b = 0;

	for (size_t l = 0; l < LABELS; l++) {
		struct slice v = labels[l];

		if (!(d->labels >> l & 1))
			continue;
		key[len++] = (char)(unsigned char)v.len;
		if (v.len)
			memcpy(key + len, v.data, v.len);
		len += v.len;
	}
	s = series_of(&m->metric[i], d, (struct slice){ key, len });
	if (!s) {
		m->metric[i].lost++;
		return;
	}
	s->sum += value;
	s->count++;
	if (!s->buckets)
		return;
	while (b < d->n_bounds && (double)value > d->bounds[b] * pow(10, d->digits))
		b++;
	s->buckets[b]++;
}

static bool attr_is(const struct span *s, const char *key, struct slice value)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_STRING && slice_eq(a->string, value);
}

static unsigned int class_of(const struct span *s)
{
	if (s->call)
		return s->call->op == OP_FETCH_RESPONSE && !s->call->usage.present ? SPANS_FETCH
		       : s->call->server_side ? SPANS_SERVER_CALL
					      : SPANS_CALL;
	if (span_attr(s, metric_label_keys[LABEL_MCP_METHOD]))
		return s->kind == SPAN_SERVER ? SPANS_MCP_SERVER : SPANS_MCP_CLIENT;
	if (attr_is(s, ATTR_OPERATION_NAME, SLICE("invoke_agent")))
		return SPANS_RUN;
	if (!attr_is(s, ATTR_OPERATION_NAME, SLICE("execute_tool")))
		return SPANS_OTHER;
	return attr_is(s, ATTR_GENTAP_COMPLETENESS, SLICE("partial")) ? SPANS_TOOL_OPEN
								      : SPANS_TOOL;
}

/* False: the span does not say, and nothing is added. */
static bool int_of(const struct span *s, const char *key, uint64_t *ret)
{
	const struct attr *a = key ? span_attr(s, key) : NULL;

	if (!a || a->type != ATTR_INT || a->integer < 0)
		return false;
	*ret = (uint64_t)a->integer;
	return true;
}

static bool double_of(const struct span *s, const char *key, double scale, uint64_t *ret)
{
	const struct attr *a = span_attr(s, key);

	if (!a || a->type != ATTR_DOUBLE || !(a->number >= 0) || a->number * scale > 0x1p63)
		return false;
	*ret = (uint64_t)llround(a->number * scale);
	return true;
}

static bool value_of(const struct span *s, const struct metric_def *d, uint64_t *ret)
{
	*ret = 1;
	switch (d->value) {
	case VALUE_ONE:
		return true;
	case VALUE_DURATION:
		*ret = s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0;
		return true;
	case VALUE_SECONDS:
		return double_of(s, d->key, NSEC_PER_SEC, ret);
	case VALUE_USD:
		return double_of(s, d->key, PICODOLLARS, ret);
	case VALUE_INT:
		return int_of(s, d->key, ret);
	case VALUE_MISSING:
		return !span_attr(s, d->key);
	case VALUE_PRESENT:
		return span_attr(s, d->key);
	case VALUE_TOKENS:
		break;
	}
	return false;
}

static void add_tokens(struct metrics *m, size_t i, struct slice labels[LABELS],
		       const struct span *s)
{
	uint64_t n;

	for (size_t t = 0; t < ARRAY_LEN(token_types); t++) {
		if (metric_defs[i].type == METRIC_HISTOGRAM && !token_types[t].whole)
			continue;
		if (!int_of(s, token_types[t].keys[0], &n) &&
		    !int_of(s, token_types[t].keys[1], &n))
			continue;
		labels[LABEL_TOKEN_TYPE] = token_types[t].type;
		add(m, i, labels, n);
	}
}

void metrics_span(struct metrics *m, const struct span *s)
{
	struct slice labels[LABELS] = { 0 };
	unsigned int class = class_of(s);
	uint64_t value;

	m->spans++;
	for (size_t l = 0; l < LABELS; l++) {
		const struct attr *a = span_attr(s, metric_label_keys[l]);

		if (a && a->type == ATTR_STRING)
			labels[l] = label_cut(a->string);
	}
	for (size_t i = 0; i < n_metric_defs; i++) {
		if (!(metric_defs[i].classes & class))
			continue;
		if (metric_defs[i].value == VALUE_TOKENS)
			add_tokens(m, i, labels, s);
		else if (value_of(s, &metric_defs[i], &value))
			add(m, i, labels, value);
	}
}
