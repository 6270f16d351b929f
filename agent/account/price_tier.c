/* SPDX-License-Identifier: Apache-2.0 */
#include "price_tier.h"

#include "cleanup.h"

static const struct {
	const char *name;
	const char *tier;
} names[] = {
	{ "auto", "standard" },
	{ "default", "standard" },
	{ "standard", "standard" },
	{ "standard_only", "standard" },
	{ "on_demand", "standard" },
	{ "batch", "batch" },
	{ "flex", "flex" },
	{ "priority", "priority" },
	{ "fast", "fast" },
	{ "on_demand_flex", "flex" },
	{ "on_demand_priority", "priority" },
};

/* The first row that fits counts. A model of NULL is every model. */
static const struct {
	const char *tier;
	const char *provider;
	const char *model; /* beginning of the name */
	struct price_factor factor;
} factors[] = {
	{ "batch", "openai", NULL, { 1, 2 } },
	{ "batch", "azure", NULL, { 1, 2 } },
	{ "batch", "anthropic", NULL, { 1, 2 } },
	{ "batch", "google", NULL, { 1, 2 } },
	{ "batch", "aws", NULL, { 1, 2 } },
	{ "batch", "x-ai", NULL, { 4, 5 } },
	{ "flex", "openai", NULL, { 1, 2 } },
	{ "flex", "azure", NULL, { 1, 2 } },
	{ "flex", "google", NULL, { 1, 2 } },
	{ "flex", "aws", NULL, { 1, 2 } },
	{ "priority", "openai", "gpt-4.1-nano", { 2, 1 } },
	{ "priority", "openai", "gpt-4.1", { 7, 4 } },
	{ "priority", "openai", "gpt-4o-mini", { 5, 3 } },
	{ "priority", "openai", "gpt-4o-2024-05-13", { 7, 4 } },
	{ "priority", "openai", "gpt-4o", { 17, 10 } },
	{ "priority", "openai", "o3", { 7, 4 } },
	{ "priority", "openai", "o4-mini", { 20, 11 } },
	{ "priority", "openai", "gpt-5-mini", { 9, 5 } },
	{ "priority", "openai", "gpt-5.5", { 5, 2 } },
	{ "priority", "openai", "gpt-5", { 2, 1 } },
	{ "priority", "openai", "gpt-6", { 2, 1 } },
	{ "priority", "azure", "gpt-4.1", { 7, 4 } },
	{ "priority", "azure", "gpt-5-mini", { 9, 5 } },
	{ "priority", "azure", "gpt-5.1-codex-mini", { 9, 5 } },
	{ "priority", "azure", "gpt-5.5", { 5, 2 } },
	{ "priority", "azure", "gpt-5", { 2, 1 } },
	{ "priority", "azure", "gpt-6", { 2, 1 } },
	{ "priority", "google", "gemini-", { 9, 5 } },
	{ "priority", "aws", NULL, { 7, 4 } },
	{ "fast", "anthropic", "claude-opus-4-8", { 2, 1 } },
	{ "fast", "anthropic", "claude-opus-5", { 2, 1 } },
};

struct slice price_tier_name(struct slice tier)
{
	if (!tier.data || !tier.len)
		return SLICE("standard");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_nocase(tier, slice_from(names[i].name)))
			return slice_from(names[i].tier);
	return tier;
}

bool price_tier_factor(struct slice tier, struct slice provider, struct slice model,
		       struct price_factor *ret)
{
	*ret = (struct price_factor){ 1, 1 };
	if (slice_eq(tier, SLICE("standard")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(factors); i++) {
		if (!slice_eq(tier, slice_from(factors[i].tier)) ||
		    !slice_eq(provider, slice_from(factors[i].provider)) ||
		    (factors[i].model && !slice_starts(model, slice_from(factors[i].model))))
			continue;
		*ret = factors[i].factor;
		return true;
	}
	return false;
}

/* Of Vertex AI, which sells Sonnet 4.5 and what came after it at a tenth more at its regional and
 * multi-region endpoints; the global one, "aiplatform.googleapis.com", is at list price
 * (platform.claude.com/docs, "Claude on Vertex AI", as it stood in November 2026). Bedrock's
 * lists have both. */
static bool sold_by_region(struct slice model)
{
	static const char *const older[] = {
		/* "*": whatever begins so */
		"claude-2*",	   "claude-3*",		 "claude-4*",	       "claude-instant*",
		"claude-opus-4",   "claude-opus-4-0*",	 "claude-opus-4-1*",   "claude-opus-4-2*",
		"claude-sonnet-4", "claude-sonnet-4-0*", "claude-sonnet-4-2*",
	};

	if (!slice_starts(model, SLICE("claude-")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(older); i++) {
		struct slice name = slice_from(older[i]);
		bool begins = slice_ends(name, SLICE("*"));

		if (begins ? slice_starts(model, slice_sub(name, 0, name.len - 1))
			   : slice_eq(model, name))
			return false;
	}
	return true;
}

void price_region_factor(struct slice host, struct slice provider, struct slice model,
			 struct price_factor *f)
{
	bool region = slice_ends(host, SLICE("-aiplatform.googleapis.com")) ||
		      (slice_starts(host, SLICE("aiplatform.")) &&
		       slice_ends(host, SLICE(".rep.googleapis.com")));

	if (!region || !slice_eq(provider, SLICE("google")) || !sold_by_region(model))
		return;
	f->num *= 11;
	f->den *= 10;
}
