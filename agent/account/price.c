/* SPDX-License-Identifier: Apache-2.0 */
#include "price.h"

#include "cleanup.h"
#include "price_tier.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define NAME_BYTES_MAX 256 /* longer ones are no model that a list names */

/* Providers under the conventions' names, and what lists call them. */
static const struct {
	const char *provider;
	const char *ids[4];
} aliases[] = {
	{ "azure.ai.openai", { "azure" } },
	{ "azure.ai.inference", { "azure", "azure_ai" } },
	{ "gcp.gemini", { "google", "gemini" } },
	{ "gcp.vertex_ai",
	  { "google", "vertex_ai-language-models", "vertex_ai-anthropic_models" } },
	{ "aws.bedrock", { "aws", "bedrock_converse", "bedrock" } },
	{ "mistral_ai", { "mistral" } },
	{ "x_ai", { "x-ai", "xai" } },
	{ "moonshot_ai", { "moonshotai", "moonshot" } },
	{ "together_ai", { "together" } },
	{ "fireworks_ai", { "fireworks" } },
	{ "voyage_ai", { "voyageai", "voyage" } },
	{ "github_copilot", { "github-copilot" } },
	{ "alibaba", { "dashscope" } },
	{ "cohere", { "cohere_chat" } },
	{ "ibm.watsonx.ai", { "watsonx" } },
};

/* What stands in front of a model's name and is none of it. */
static const char *const prefixes[] = {
	"models/", "us.", "eu.", "apac.", "global.", "jp.", "au.", "us-gov.",
};

const char *cost_source_name(enum cost_source s)
{
	static const char *const names[] = {
		[COST_NONE] = "none",	      [COST_EXACT] = "exact",	    [COST_ALIAS] = "alias",
		[COST_FALLBACK] = "fallback", [COST_PROVIDER] = "provider",
	};

	return names[s];
}

struct name {
	char text[NAME_BYTES_MAX];
	size_t len;
};

static struct slice name_slice(const struct name *n)
{
	return (struct slice){ n->text, n->len };
}

static bool name_lower(struct name *n, struct slice s)
{
	s = slice_trim(s);
	if (!s.data || !s.len || s.len > sizeof(n->text))
		return false;
	for (size_t i = 0; i < s.len; i++)
		n->text[i] = (char)tolower((unsigned char)s.data[i]);
	n->len = s.len;
	return true;
}

/* Anthropic and others write -20250929 where lists write -2025-09-29. */
static bool name_dashed_date(const struct name *n, struct name *ret)
{
	for (size_t i = 0; i + 9 <= n->len && n->len + 2 <= sizeof(ret->text); i++) {
		size_t digits = 0;

		while (digits < 8 && isdigit((unsigned char)n->text[i + 1 + digits]))
			digits++;
		if (n->text[i] != '-' || digits < 8 || memcmp(n->text + i + 1, "20", 2) != 0 ||
		    (i + 9 < n->len && n->text[i + 9] != '-' && n->text[i + 9] != ':'))
			continue;
		ret->len = (size_t)snprintf(ret->text, sizeof(ret->text), "%.*s-%.2s-%.2s%.*s",
					    (int)(i + 5), n->text, n->text + i + 5, n->text + i + 7,
					    (int)(n->len - i - 9), n->text + i + 9);
		return ret->len < sizeof(ret->text);
	}
	return false;
}

/* Without region, path, and what Vertex puts behind an @. */
static bool name_bare(const struct name *n, struct name *ret)
{
	struct slice s = name_slice(n);
	ssize_t at;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(s, slice_from(prefixes[i])))
			s = slice_sub(s, strlen(prefixes[i]), s.len);
	at = slice_find(s, SLICE("/models/"));
	if (at >= 0)
		s = slice_sub(s, (size_t)at + strlen("/models/"), s.len);
	at = slice_find_char(s, '@');
	if (at > 0)
		s.len = (size_t)at;
	if (s.len == n->len)
		return false;
	memcpy(ret->text, s.data, s.len);
	ret->len = s.len;
	return ret->len > 0;
}

static const struct price_provider *provider_by_id(const struct price_table *t, struct slice id)
{
	for (size_t i = 0; i < t->n_providers; i++)
		if (slice_eq(t->providers[i].id, id))
			return &t->providers[i];
	return NULL;
}

static const struct price_model *model_in(const struct price_provider *p, struct slice name,
					  bool *ret_exact)
{
	*ret_exact = false;
	for (size_t i = 0; i < p->n_models; i++)
		if (price_match(&p->models[i].match, name, ret_exact))
			return &p->models[i];
	return NULL;
}

/* In the provider's own list, then in those of whom it sells. */
static bool find_model(struct price_hit *hit, const struct price_provider *p, struct slice name,
		       int depth)
{
	bool exact;

	hit->model = model_in(p, name, &exact);
	if (hit->model) {
		hit->provider = p;
		hit->source = depth					? COST_FALLBACK
			      : exact || slice_eq(hit->model->id, name) ? COST_EXACT
									: COST_ALIAS;
		return true;
	}
	for (size_t i = 0; i < p->n_fallbacks && depth < 2; i++) {
		const struct price_provider *other = provider_by_id(hit->table, p->fallbacks[i]);

		if (other && find_model(hit, other, name, depth + 1))
			return true;
	}
	return false;
}

static bool find_name(struct price_hit *hit, const struct price_provider *p,
		      const struct name *model)
{
	struct name other;

	if (find_model(hit, p, name_slice(model), 0))
		return true;
	if ((name_dashed_date(model, &other) && find_model(hit, p, name_slice(&other), 0)) ||
	    (name_bare(model, &other) && find_name(hit, p, &other))) {
		hit->source = hit->source == COST_FALLBACK ? COST_FALLBACK : COST_ALIAS;
		return true;
	}
	return false;
}

static bool find_by_alias(struct price_hit *hit, const struct price_query *q,
			  const struct name *model)
{
	const struct price_provider *p = provider_by_id(hit->table, q->provider);

	if (p && find_name(hit, p, model))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (!slice_eq(q->provider, slice_from(aliases[i].provider)))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(aliases[i].ids) && aliases[i].ids[k]; k++) {
			p = provider_by_id(hit->table, slice_from(aliases[i].ids[k]));
			if (p && find_name(hit, p, model))
				return true;
		}
	}
	return false;
}

static bool find_by_url(struct price_hit *hit, const struct price_query *q,
			const struct name *model)
{
	_cleanup_(buf_cleanup) struct buf url = BUF_INIT(4096);

	if (!q->host.data ||
	    buf_printf(&url, "https://%.*s%.*s", SLICE_FMT(q->host), SLICE_FMT(q->path)))
		return false;
	for (size_t i = 0; i < hit->table->n_providers; i++) {
		const struct price_provider *p = &hit->table->providers[i];

		if (price_match(&p->api_pattern, buf_slice(&url), NULL) && find_name(hit, p, model))
			return true;
	}
	return false;
}

/* The provider whose models are called like that: a gateway passes it on. */
static bool find_by_model(struct price_hit *hit, const struct name *model)
{
	for (size_t i = 0; i < hit->table->n_providers; i++) {
		const struct price_provider *p = &hit->table->providers[i];

		if (price_match(&p->model_match, name_slice(model), NULL) &&
		    find_name(hit, p, model)) {
			hit->source = COST_FALLBACK;
			return true;
		}
	}
	return false;
}

bool price_find(const struct price_table *t, const struct price_query *q, struct price_hit *ret)
{
	struct price_hit hit = { .table = t };
	struct name model;

	if (!name_lower(&model, q->model))
		return false;
	if (q->provider.data && find_by_alias(&hit, q, &model)) {
		if (q->provider_guessed)
			hit.source = COST_FALLBACK;
	} else if (!find_by_url(&hit, q, &model) && !find_by_model(&hit, &model)) {
		return false;
	}
	*ret = hit;
	return true;
}

static bool set_in_force(const struct price_set *s, int64_t unix_s)
{
	uint32_t day = (uint32_t)(((unix_s % 86400) + 86400) % 86400);

	switch (s->when) {
	case PRICE_FROM_DATE:
		return unix_s >= s->from_s;
	case PRICE_TIME_OF_DAY:
		return s->day_to < s->day_from ? day >= s->day_from || day < s->day_to
					       : day >= s->day_from && day < s->day_to;
	default:
		return true;
	}
}

static const struct price_set *pick_set(const struct price_model *m, struct slice tier,
					int64_t unix_s)
{
	const struct price_set *first = NULL;

	for (size_t i = m->n_sets; i-- > 0;) {
		const struct price_set *s = &m->sets[i];

		if (!slice_eq(s->tier.data ? s->tier : SLICE("standard"), tier))
			continue;
		if (set_in_force(s, unix_s))
			return s;
		first = s;
	}
	return first;
}

static int64_t rate_pd(const struct price_rate *r, uint64_t input)
{
	int64_t pd = r->pd;

	for (size_t i = 0; i < r->n_steps; i++)
		if (input > r->steps[i].start)
			pd = r->steps[i].pd;
	return pd;
}

/* Rounded half up; counts are below 2^53 and prices below 2^63: no overflow in 128 bits. */
static int scale(int64_t pd, uint64_t units, uint64_t per, struct price_factor f, int64_t *ret)
{
	unsigned __int128 den = (unsigned __int128)per * f.den;
	unsigned __int128 v = ((unsigned __int128)pd * units * f.num + den / 2) / den;

	if (v > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

struct sum {
	const struct price_set *set;
	const uint64_t *leaves;
	uint64_t input;
	struct price_factor factor;
};

static const struct price_rate *rate_for(const struct price_set *s, int unit)
{
	for (size_t i = 0; i < s->n_rates; i++)
		if (s->rates[i].unit == unit)
			return &s->rates[i];
	return NULL;
}

static int add_rate(const struct sum *sum, const struct price_rate *r, struct cost *c)
{
	enum cost_line line = price_unit_line(r->unit);
	uint64_t units = sum->leaves[r->unit], per = price_unit_per(r->unit);
	struct price_factor f = line == COST_OTHER ? (struct price_factor){ 1, 1 } : sum->factor;
	const struct price_rate *uncached = rate_for(sum->set, price_unit_uncached(r->unit));
	int64_t pd, plain;

	if (scale(rate_pd(r, sum->input), units, per, f, &pd) ||
	    __builtin_add_overflow(c->line[line], pd, &c->line[line]) ||
	    __builtin_add_overflow(c->total, pd, &c->total))
		return -ERANGE;
	if (uncached && uncached != r) {
		if (scale(rate_pd(uncached, sum->input), units, per, f, &plain) ||
		    __builtin_add_overflow(c->saved, plain - pd, &c->saved))
			return -ERANGE;
	}
	return 0;
}

static const char *add_rates(const struct price_set *set, const struct price_counts *counts,
			     struct price_factor factor, struct cost *c)
{
	bool priced[PRICE_UNITS_MAX] = { false };
	uint64_t leaves[PRICE_UNITS_MAX];
	int input = price_unit_by_usage_key(SLICE("input_tokens"));
	struct sum sum = { set, leaves, counts->value[input], factor };

	for (size_t i = 0; i < set->n_rates; i++) {
		if (set->rates[i].n_steps && !counts->present[input])
			return "usage incomplete";
		priced[set->rates[i].unit] = true;
	}
	if (price_unit_leaves(priced, counts, leaves))
		return "usage inconsistent";
	for (size_t i = 0; i < set->n_rates; i++)
		if (add_rate(&sum, &set->rates[i], c))
			return "usage inconsistent";
	return NULL;
}

void price_compute(const struct price_hit *hit, const struct price_query *q,
		   const struct price_counts *counts, struct cost *ret)
{
	struct slice tier = price_tier_name(q->tier);
	const struct price_set *set = pick_set(hit->model, tier, q->unix_s);
	struct price_factor factor = { 1, 1 };
	bool tier_known = true;
	struct cost c = {
		.source = hit->source,
		.lines_known = true,
		.tier = tier,
		.price_date = hit->table->date,
		.model = hit->model->id,
		.provider = hit->provider->id,
	};

	if (!set) {
		set = pick_set(hit->model, SLICE("standard"), q->unix_s);
		tier_known = price_tier_factor(tier, hit->provider->id, hit->model->id, &factor);
	}
	price_region_factor(q->host, hit->provider->id, hit->model->id, &factor);
	c.missing = set && set->n_rates ? add_rates(set, counts, factor, &c)
					: "no price for this model";
	if (c.missing)
		c = (struct cost){ .missing = c.missing, .tier = tier };
	else if (!tier_known)
		c.source = COST_FALLBACK;
	*ret = c;
}
