/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"
#include "cleanup.h"
#include "price.h"

#include <math.h>

#define PICODOLLARS 1e12
#define DOLLARS_MAX 9e6 /* more than one call can cost; far from overflow */

/* Our canonical counts are those of the price lists: wholes that contain their parts. */
static const struct {
	enum usage_field field;
	const char *usage_key;
} fields[] = {
	{ USAGE_INPUT, "input_tokens" },
	{ USAGE_CACHE_READ, "cache_read_tokens" },
	{ USAGE_CACHE_WRITE, "cache_write_tokens" },
	{ USAGE_CACHE_WRITE_5M, "cache_write_5m_tokens" },
	{ USAGE_CACHE_WRITE_1H, "cache_write_1h_tokens" },
	{ USAGE_INPUT_TEXT, "input_text_tokens" },
	{ USAGE_INPUT_AUDIO, "input_audio_tokens" },
	{ USAGE_INPUT_IMAGE, "input_image_tokens" },
	{ USAGE_INPUT_VIDEO, "input_video_tokens" },
	{ USAGE_INPUT_TOOL, "input_tool_tokens" },
	{ USAGE_CACHE_READ_TEXT, "cache_text_read_tokens" },
	{ USAGE_CACHE_READ_AUDIO, "cache_audio_read_tokens" },
	{ USAGE_CACHE_READ_IMAGE, "cache_image_read_tokens" },
	{ USAGE_OUTPUT, "output_tokens" },
	{ USAGE_REASONING, "output_reasoning_tokens" },
	{ USAGE_OUTPUT_TEXT, "output_text_tokens" },
	{ USAGE_OUTPUT_AUDIO, "output_audio_tokens" },
	{ USAGE_OUTPUT_IMAGE, "output_image_tokens" },
	{ USAGE_WEB_SEARCHES, "web_searches" },
};

static void read_counts(const struct usage *u, struct price_counts *ret)
{
	*ret = (struct price_counts){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (usage_has(u, fields[i].field))
			price_counts_set(ret, fields[i].usage_key, usage_get(u, fields[i].field));
	price_counts_set(ret, "requests", 1);
}

/* An answer's tokens are not known when the operation has some and none were told. */
static bool incomplete(const struct call *c)
{
	bool generates =
		c->op == OP_CHAT || c->op == OP_GENERATE_CONTENT || c->op == OP_TEXT_COMPLETION;

	return !usage_has(&c->usage, USAGE_INPUT) ||
	       (generates && !usage_has(&c->usage, USAGE_OUTPUT));
}

static const char *why_nothing_to_price(const struct call *c)
{
	if (c->op == OP_CREATE_AGENT || c->op == OP_NONE ||
	    (c->op == OP_FETCH_RESPONSE && !c->usage.present))
		return "";
	if (c->usage.present)
		return incomplete(c) ? "usage incomplete" : NULL;
	/* A request that was refused before it was worked on is not billed, as far as anyone
	 * says; there is no figure, and none is missing. */
	return c->status >= 400 ? "" : "no usage on the wire";
}

/* A faster speed is priced as a tier is; what was served decides, not what was asked. */
static struct slice tier_of(const struct call *c)
{
	if (slice_eq(c->speed, SLICE("fast")))
		return c->speed;
	return c->service_tier.data ? c->service_tier : c->request_service_tier;
}

/* What these counts of the call cost, with the first of the models that a list has. */
static bool compute(const struct price_table *const *tables, size_t n_tables, const struct call *c,
		    const struct usage *usage, const struct slice models[2], struct cost *ret)
{
	struct price_query q = {
		.provider = c->provider,
		.provider_guessed = !c->profile,
		.host = c->server.address,
		.path = c->path,
		.tier = tier_of(c),
		.unix_s = (int64_t)(c->start_ns / 1000000000),
	};
	struct price_counts counts;
	struct price_hit hit;

	read_counts(usage, &counts);
	for (size_t t = 0; t < n_tables; t++) {
		for (size_t i = 0; i < 2; i++) {
			q.model = models[i];
			if (!q.model.data || !price_find(tables[t], &q, &hit))
				continue;
			price_compute(&hit, &q, &counts, ret);
			return true;
		}
	}
	*ret = (struct cost){ .missing = "no price for this model" };
	return false;
}

static void add_cost(struct cost *to, const struct cost *more)
{
	to->total += more->total;
	to->saved += more->saved;
	for (size_t i = 0; i < COST_LINES; i++)
		to->line[i] += more->line[i];
	to->source = MAX(to->source, more->source); /* the least certain */
}

/* The call, and what was done within it besides; unknown when any of that is. */
static void computed(const struct price_table *const *tables, size_t n_tables, const struct call *c,
		     struct cost *ret)
{
	const struct slice models[2] = { c->response_model, c->request_model };

	compute(tables, n_tables, c, &c->usage, models, ret);
	for (size_t i = 0; i < c->n_extras && ret->source != COST_NONE; i++) {
		const struct extra_usage *x = &c->extras[i];
		struct cost more;

		if (!usage_has(&x->usage, USAGE_INPUT) || !usage_has(&x->usage, USAGE_OUTPUT))
			more = (struct cost){ .missing = "usage incomplete" };
		else
			compute(tables, n_tables, c, &x->usage,
				x->model.data ? (const struct slice[2]){ x->model } : models,
				&more);
		if (more.source == COST_NONE)
			*ret = more;
		else
			add_cost(ret, &more);
	}
}

void price_call(const struct price_table *const *tables, size_t n_tables, const struct call *c,
		struct cost *ret)
{
	const char *why = why_nothing_to_price(c);

	*ret = (struct cost){ .missing = why && *why ? why : NULL };
	if (!why)
		computed(tables, n_tables, c, ret);
	if (!c->usage.cost_known || !(c->usage.cost_usd >= 0) || c->usage.cost_usd > DOLLARS_MAX)
		return;
	/* Who bills knows best; the lines stay those of the list, for who compares. */
	ret->lines_known = ret->source != COST_NONE;
	ret->source = COST_PROVIDER;
	ret->missing = NULL;
	ret->total = (int64_t)llround(c->usage.cost_usd * PICODOLLARS);
}
