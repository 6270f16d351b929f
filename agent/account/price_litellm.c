/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LiteLLM's model_prices_and_context_window.json: an object of "provider/model" or
 * "model" to flat keys, USD for one token:
 *
 *   KEY [_above_NNNk_tokens] [_batches | _flex | _priority]
 *
 * A tier that prices less than the standard one does is left out: what it says nothing
 * of is not at the standard price.
 */
#include "cleanup.h"
#include "price_table.h"

#include <errno.h>

static const struct {
	const char *key;
	const char *price_key;
	int shift; /* from USD for one to USD for price_unit_per() */
} keys[] = {
	{ "input_cost_per_token", "input_mtok", 6 },
	{ "output_cost_per_token", "output_mtok", 6 },
	{ "cache_read_input_token_cost", "cache_read_mtok", 6 },
	{ "cache_creation_input_token_cost", "cache_write_mtok", 6 },
	{ "cache_creation_input_token_cost_above_1hr", "cache_write_1h_mtok", 6 },
	{ "output_cost_per_reasoning_token", "output_reasoning_mtok", 6 },
	{ "input_cost_per_audio_token", "input_audio_mtok", 6 },
	{ "output_cost_per_audio_token", "output_audio_mtok", 6 },
	{ "cache_read_input_audio_token_cost", "cache_audio_read_mtok", 6 },
	{ "input_cost_per_image_token", "input_image_mtok", 6 },
	{ "output_cost_per_image_token", "output_image_mtok", 6 },
};

enum { STANDARD, TIERS = 4 };
static const struct {
	const char *suffix;
	const char *tier;
} tiers[TIERS] = {
	[STANDARD] = { "", NULL },
	{ "_batches", "batch" },
	{ "_flex", "flex" },
	{ "_priority", "priority" },
};

/* "_above_200k_tokens": 200000; nothing: 0. -EINVAL for anything else. */
static int parse_step(struct slice s, uint64_t *ret)
{
	const struct slice head = SLICE("_above_"), tail = SLICE("k_tokens");

	*ret = 0;
	if (!s.len)
		return 0;
	if (!slice_starts(s, head) || !slice_ends(s, tail) || s.len < head.len + tail.len ||
	    slice_u64(slice_sub(s, head.len, s.len - head.len - tail.len), ret) ||
	    *ret > 100 * 1000)
		return -EINVAL;
	*ret *= 1000;
	return 0;
}

static struct price_rate *rate_of(struct price_table *t, struct price_set *set, int unit)
{
	struct price_rate *rate;

	for (size_t i = 0; i < set->n_rates; i++)
		if (set->rates[i].unit == unit)
			return &set->rates[i];
	rate = arena_push(&t->arena, &set->rates, &set->n_rates, sizeof(*rate));
	if (rate)
		*rate = (struct price_rate){ .unit = unit, .pd = -1 };
	return rate;
}

static int add_step(struct price_table *t, struct price_rate *rate, uint64_t start, int64_t pd)
{
	struct price_step *step =
		arena_push(&t->arena, &rate->steps, &rate->n_steps, sizeof(*step));
	size_t at;

	if (!step)
		return -ENOMEM;
	for (at = rate->n_steps - 1; at > 0 && rate->steps[at - 1].start > start; at--)
		rate->steps[at] = rate->steps[at - 1];
	rate->steps[at] = (struct price_step){ start, pd };
	return 0;
}

static int read_key(struct price_table *t, struct price_set sets[TIERS], struct json_val v)
{
	struct slice key = json_key(v);
	size_t tier = STANDARD;

	for (size_t i = 1; i < TIERS; i++)
		if (slice_ends(key, slice_from(tiers[i].suffix)))
			tier = i;
	key.len -= slice_from(tiers[tier].suffix).len;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct slice name = slice_from(keys[i].key);
		int unit = price_unit_by_price_key(slice_from(keys[i].price_key));
		struct price_rate *rate;
		uint64_t start;
		int64_t pd;

		if (!slice_starts(key, name) ||
		    parse_step(slice_sub(key, name.len, key.len), &start) ||
		    price_table_pd(v, keys[i].shift, &pd))
			continue;
		rate = rate_of(t, &sets[tier], unit);
		if (!rate)
			return -ENOMEM;
		if (start)
			return add_step(t, rate, start, pd);
		rate->pd = pd;
	}
	return 0;
}

/* A step without a price below it is no price. */
static void drop_baseless(struct price_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n_rates; i++)
		if (set->rates[i].pd >= 0)
			set->rates[kept++] = set->rates[i];
	set->n_rates = kept;
}

static struct slice lower(struct price_table *t, struct slice s)
{
	struct slice copy = arena_copy(&t->arena, s);

	for (size_t i = 0; i < copy.len; i++)
		if (copy.data[i] >= 'A' && copy.data[i] <= 'Z')
			((char *)copy.data)[i] |= 0x20;
	return copy;
}

static int add_model(struct price_table *t, struct price_provider *p, struct slice id,
		     struct json_val v, struct price_set sets[TIERS])
{
	struct price_model *m = arena_push(&t->arena, &p->models, &p->n_models, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->id = lower(t, id);
	m->match = (struct price_match){ .kind = PRICE_MATCH_EQUALS, .text = m->id };
	if (json_i64(json_get(v, "max_input_tokens"), &m->context_window))
		m->context_window = 0;
	for (size_t i = 0; i < TIERS; i++) {
		struct price_set *set;

		if (i != STANDARD && sets[i].n_rates < sets[STANDARD].n_rates)
			continue;
		set = arena_push(&t->arena, &m->sets, &m->n_sets, sizeof(*set));
		if (!set)
			return -ENOMEM;
		*set = sets[i];
		set->tier = slice_from(tiers[i].tier);
	}
	return m->id.data ? 0 : -ENOMEM;
}

static int read_entry(struct price_table *t, struct slice key, struct json_val v)
{
	struct price_set sets[TIERS] = { 0 };
	struct slice provider_id = SLICE_NONE, model = key;
	struct price_provider *p;
	int r = price_table_str(t, json_get(v, "litellm_provider"), &provider_id);

	for (struct json_val i = json_first(v); !r && i.doc; i = json_next(i))
		r = read_key(t, sets, i);
	for (size_t i = 0; i < TIERS; i++)
		drop_baseless(&sets[i]);
	if (r || !provider_id.data || !sets[STANDARD].n_rates)
		return r;
	p = price_table_provider(t, provider_id);
	if (!p) {
		p = arena_push(&t->arena, &t->providers, &t->n_providers, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->id = p->name = provider_id;
	}
	/* "groq/llama-3": the wire knows the model without its provider. */
	if (slice_starts(key, provider_id) && key.len > provider_id.len &&
	    key.data[provider_id.len] == '/')
		model = slice_sub(key, provider_id.len + 1, key.len);
	return add_model(t, p, model, v, sets);
}

int price_table_read_litellm(struct price_table *t, struct json_val root)
{
	for (struct json_val i = json_first(root); i.doc; i = json_next(i)) {
		int r = json_type(i) == JSON_OBJECT ? read_entry(t, json_key(i), i) : 0;

		if (r)
			return r;
	}
	return 0;
}
