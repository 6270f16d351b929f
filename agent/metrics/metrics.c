/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics_impl.h"

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "rate_limit.h"
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

int metrics_new(struct metrics **ret, const struct metrics_config *config)
{
	struct metrics *m = calloc(1, sizeof(*m) + n_metric_defs * sizeof(m->metric[0]));

	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < n_metric_defs; i++)
		table_init(&m->metric[i].series,
			   config->series_max ? config->series_max : METRICS_SERIES_MAX);
	m->profile = config->profile;
	m->exponential = config->exponential;
	*ret = m;
	return 0;
}

static void series_free(void *series)
{
	struct metric_series *s = series;

	if (!s)
		return;
	free(s->buckets);
	free(s->exemplars);
	free(s->exp);
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

static struct metric_series *series_new(const struct metric_def *d, bool exponential,
					struct slice key)
{
	struct metric_series *s = calloc(1, sizeof(*s) + key.len);
	size_t n = d->n_bounds + 1;

	if (!s)
		return NULL;
	s->key_len = key.len;
	if (key.len)
		memcpy(s->key, key.data, key.len);
	s->exemplars = calloc(n, sizeof(*s->exemplars));
	s->buckets = d->n_bounds ? calloc(n, sizeof(*s->buckets)) : NULL;
	s->exp = d->n_bounds && exponential ? malloc(sizeof(*s->exp)) : NULL;
	if (!s->exemplars || (d->n_bounds && (!s->buckets || (exponential && !s->exp))))
		series_free(TAKE(s));
	else if (s->exp)
		exphist_init(s->exp);
	return s;
}

/* The series of this key, made when there is room; else that of the overflow. NULL: no
 * memory. */
static struct metric_series *series_of(struct metric *m, const struct metric_def *d,
				       bool exponential, struct slice key)
{
	struct metric_series *s = table_get(&m->series, key.data, key.len);

	if (s)
		return s;
	if (m->series.count >= m->series.max) {
		if (!m->overflow)
			m->overflow = series_new(d, exponential, SLICE_NONE);
		m->overflowed += m->overflow != NULL;
		return m->overflow;
	}
	s = series_new(d, exponential, key);
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

/* A span that is counted. */
struct counted {
	const struct span *span;
	struct slice labels[LABELS];
};

static void set_exemplar(struct metric_exemplar *e, uint64_t number, const struct span *s,
			 uint64_t value)
{
	*e = (struct metric_exemplar){ .number = number, .time_ns = s->end_ns, .value = value };
	memcpy(e->trace_id, s->trace_id, sizeof(e->trace_id));
	memcpy(e->span_id, s->span_id, sizeof(e->span_id));
}

static void add(struct metrics *m, size_t i, const struct counted *c, uint64_t value)
{
	const struct metric_def *d = &metric_defs[i];
	struct metric_series *s;
	char key[KEY_MAX];
	size_t len = 0, b = 0;

	for (size_t l = 0; l < LABELS; l++) {
		struct slice v = c->labels[l];

		if (!(d->labels >> l & 1))
			continue;
		key[len++] = (char)(unsigned char)v.len;
		if (v.len)
			memcpy(key + len, v.data, v.len);
		len += v.len;
	}
	s = series_of(&m->metric[i], d, m->exponential, (struct slice){ key, len });
	if (!s) {
		m->metric[i].lost++;
		return;
	}
	s->sum = d->type == METRIC_GAUGE ? value : s->sum + value;
	s->count++;
	while (b < d->n_bounds && (double)value > d->bounds[b] * pow(10, d->digits))
		b++;
	set_exemplar(&s->exemplars[b], m->spans, c->span, value);
	if (s->buckets)
		s->buckets[b]++;
	if (s->exp)
		exphist_add(s->exp, (double)value / pow(10, d->digits));
}

static bool attr_is(const struct span *s, const char *key, struct slice value)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_STRING && slice_eq(a->string, value);
}

static bool is_inference(enum operation op)
{
	return op == OP_CHAT || op == OP_GENERATE_CONTENT || op == OP_TEXT_COMPLETION ||
	       op == OP_FETCH_RESPONSE; /* whose tokens are those of a call in the background */
}

static unsigned int class_of(const struct span *s)
{
	if (s->call)
		return s->call->op == OP_FETCH_RESPONSE && !s->call->usage.present ? SPANS_FETCH
		       : s->call->server_side	   ? SPANS_SERVER_CALL
		       : is_inference(s->call->op) ? SPANS_INFERENCE
						   : SPANS_CALL_OTHER;
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

/* Of a stream: a token can only be timed where it is seen to come. */
static bool per_token(const struct span *s, uint64_t *ret)
{
	const struct call *c = s->call;
	int64_t tokens = c ? usage_get(&c->usage, USAGE_OUTPUT) : 0;

	if (tokens < 2 || !c->stream || !c->first_chunk_ns || c->last_chunk_ns <= c->first_chunk_ns)
		return false;
	*ret = (c->last_chunk_ns - c->first_chunk_ns) / (uint64_t)(tokens - 1);
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
	case VALUE_POSITIVE:
		if (!int_of(s, d->key, ret) || !*ret)
			return false;
		*ret = 1;
		return true;
	case VALUE_PER_TOKEN:
		return per_token(s, ret);
	case VALUE_TOKENS:
	case VALUE_MODALITY:
	case VALUE_HEADROOM:
	case VALUE_REMAINING:
		break;
	}
	return false;
}

static void add_tokens(struct metrics *m, size_t i, struct counted *c)
{
	uint64_t n;

	for (size_t t = 0; t < ARRAY_LEN(token_types); t++) {
		if (metric_defs[i].type == METRIC_HISTOGRAM && !token_types[t].whole)
			continue;
		if (!int_of(c->span, token_types[t].keys[0], &n) &&
		    !int_of(c->span, token_types[t].keys[1], &n))
			continue;
		c->labels[LABEL_TOKEN_TYPE] = token_types[t].type;
		add(m, i, c, n);
	}
}

/* What the provider did not split, or split into more than there is, has no known one. */
static void add_modalities(struct metrics *m, size_t i, struct counted *c)
{
	const struct metric_modality *kinds = metric_defs[i].modality;
	const struct usage *u = &c->span->call->usage;
	uint64_t whole, known = 0;

	if (!usage_has(u, kinds[0].field))
		return;
	whole = (uint64_t)usage_get(u, kinds[0].field);
	for (size_t k = 1; kinds[k].name; k++)
		known += (uint64_t)usage_get(u, kinds[k].field);
	for (size_t k = 1; known <= whole && kinds[k].name; k++) {
		if (!usage_get(u, kinds[k].field))
			continue;
		c->labels[LABEL_MODALITY] = slice_from(kinds[k].name);
		add(m, i, c, (uint64_t)usage_get(u, kinds[k].field));
	}
	if (known == whole && whole)
		return;
	c->labels[LABEL_MODALITY] = slice_from(kinds[0].name);
	add(m, i, c, known < whole ? whole - known : whole);
}

static bool limit_value(const struct rate_limit *l, const struct metric_def *d, uint64_t *ret)
{
	double left = 1 - rate_limit_used(l);

	if (d->value == VALUE_REMAINING) {
		*ret = (uint64_t)MAX(l->remaining, (int64_t)0);
		return l->remaining >= 0;
	}
	if (!(left <= 1)) /* not known */
		return false;
	*ret = (uint64_t)llround(fmax(left, 0) * pow(10, d->digits));
	return true;
}

static void add_limits(struct metrics *m, size_t i, struct counted *c)
{
	const struct call *call = c->span->call;
	uint64_t value;

	for (size_t l = 0; l < call->n_rate_limits; l++) {
		if (!limit_value(&call->rate_limits[l], &metric_defs[i], &value))
			continue;
		c->labels[LABEL_LIMIT] = slice_from(rate_limit_name(call->rate_limits[l].kind));
		add(m, i, c, value);
	}
}

void metrics_span(struct metrics *m, const struct span *s)
{
	struct counted c = { .span = s };
	unsigned int class = class_of(s);
	uint64_t value;

	m->spans++;
	for (size_t l = 0; l < LABELS; l++) {
		const struct attr *a = span_attr(s, metric_label_keys[l]);

		if (a && a->type == ATTR_STRING)
			c.labels[l] = label_cut(a->string);
	}
	if (s->call)
		c.labels[LABEL_DIALECT] = slice_from(s->call->dialect);
	for (size_t i = 0; i < n_metric_defs; i++) {
		const struct metric_def *d = &metric_defs[i];

		if (!(d->classes & class) || (d->profiles && !(d->profiles >> m->profile & 1)))
			continue;
		if (d->value == VALUE_TOKENS)
			add_tokens(m, i, &c);
		else if (d->value == VALUE_MODALITY)
			add_modalities(m, i, &c);
		else if (d->type == METRIC_GAUGE)
			add_limits(m, i, &c);
		else if (value_of(s, d, &value))
			add(m, i, &c, value);
	}
}

void metrics_refused(const struct metrics *m, struct expose_value to[METRICS_REFUSED])
{
	uint64_t overflowed = 0, lost = 0;

	for (size_t i = 0; i < n_metric_defs; i++) {
		overflowed += m->metric[i].overflowed;
		lost += m->metric[i].lost;
	}
	to[0] = (struct expose_value){ .name = "gentap.spans",
				       .help = "Spans that were counted.",
				       .value = m->spans };
	to[1] = (struct expose_value){ .name = "gentap.metrics.overflowed",
				       .help = "Measurements beyond a metric's ceiling of series.",
				       .value = overflowed };
	to[2] = (struct expose_value){ .name = "gentap.metrics.lost",
				       .help = "Measurements for which there was no memory.",
				       .value = lost };
}
