/* SPDX-License-Identifier: Apache-2.0 */
#include "price.h"

#include "call.h"
#include "cleanup.h"
#include "detect.h"
#include "price_builtin.h"
#include "price_tier.h"
#include "test.h"

#include <errno.h>

/* A list whose figures are easy to do in one's head. */
static const char list[] =
	"[{\"id\":\"openai\",\"api_pattern\":\"https://"
	"api\\\\.openai\\\\.com\",\"model_match\":{\"starts_with\":\"gpt-\"},"
	"\"models\":[{\"id\":\"gpt-5\",\"match\":{\"or\":[{\"equals\":\"gpt-5\"},{\"equals\":\"gpt-"
	"5-2025-08-07\"},"
	"{\"starts_with\":\"gpt-5-pre\"}]},\"prices\":{\"input_mtok\":10,\"cache_read_mtok\":1,"
	"\"output_mtok\":20,"
	"\"web_searches_kcount\":5}},"
	"{\"id\":\"gpt-step\",\"match\":{\"equals\":\"gpt-step\"},\"prices\":{\"input_mtok\":{"
	"\"base\":1,\"tiers\":"
	"[{\"start\":100,\"price\":3}]},\"output_mtok\":{\"base\":2,\"tiers\":[{\"start\":100,"
	"\"price\":6}]}}},"
	"{\"id\":\"gpt-free\",\"match\":{\"equals\":\"gpt-free\"},\"prices\":{}},"
	"{\"id\":\"gpt-night\",\"match\":{\"equals\":\"gpt-night\"},\"prices\":[{\"prices\":{"
	"\"output_mtok\":4}},"
	"{\"constraint\":{\"start_date\":\"2026-02-01\"},\"prices\":{\"output_mtok\":8}},"
	"{\"constraint\":{\"start_time\":\"23:00:00Z\",\"end_time\":\"01:00:00Z\"},\"prices\":{"
	"\"output_mtok\":1}}]}]},"
	"{\"id\":\"azure\",\"fallback_model_providers\":[\"openai\"],\"models\":[{\"id\":\"phi\","
	"\"match\":{\"equals\":\"phi\"},"
	"\"prices\":{\"input_mtok\":1}}]},"
	"{\"id\":\"aws\",\"models\":[{\"id\":\"anthropic.claude\",\"match\":{\"equals\":"
	"\"anthropic.claude-v1:0\"},"
	"\"prices\":{\"input_mtok\":7,\"output_mtok\":7}}]}]";

static struct price_table *load(void)
{
	struct price_table *t = NULL;

	if (price_table_new(&t, slice_from(list), SLICE("2026-05-06")))
		abort();
	return t;
}

TEST(price_finds)
{
	static const struct {
		const char *provider, *host, *model;
		bool guessed;
		enum cost_source source;
		const char *id;
	} rows[] = {
		{ "openai", NULL, "gpt-5", false, COST_EXACT, "gpt-5" },
		{ "openai", NULL, " GPT-5 ", false, COST_EXACT, "gpt-5" },
		{ "openai", NULL, "gpt-5-preview", false, COST_ALIAS, "gpt-5" },
		{ "openai", NULL, "gpt-5-20250807", false, COST_ALIAS, "gpt-5" },
		{ "openai", NULL, "gpt-5-20250807x", false, COST_NONE, NULL },
		{ "openai", NULL, "models/gpt-5", false, COST_ALIAS, "gpt-5" },
		{ "openai", NULL, "gpt-5", true, COST_FALLBACK, "gpt-5" },
		{ "azure.ai.openai", NULL, "gpt-5", false, COST_FALLBACK, "gpt-5" },
		{ "azure.ai.openai", NULL, "phi", false, COST_EXACT, "phi" },
		{ "aws.bedrock", NULL, "us.anthropic.claude-v1:0", false, COST_ALIAS,
		  "anthropic.claude" },
		{ "aws.bedrock", NULL, "anthropic.claude-v1:0", false, COST_EXACT,
		  "anthropic.claude" },
		{ "somebody", "api.openai.com", "gpt-5", false, COST_EXACT, "gpt-5" },
		{ "somebody", "llm.corp.test", "gpt-5", false, COST_FALLBACK, "gpt-5" },
		{ "somebody", "llm.corp.test", "llama", false, COST_NONE, NULL },
		{ NULL, NULL, "gpt-5", false, COST_FALLBACK, "gpt-5" },
		{ "openai", NULL, NULL, false, COST_NONE, NULL },
		{ "openai", NULL, "", false, COST_NONE, NULL },
	};
	struct price_table *t = load();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct price_query q = { .provider = slice_from(rows[i].provider),
					 .host = slice_from(rows[i].host),
					 .model = slice_from(rows[i].model),
					 .provider_guessed = rows[i].guessed };
		struct price_hit hit = { 0 };

		test_row("%s %s", rows[i].provider ? rows[i].provider : "-",
			 rows[i].model ? rows[i].model : "-");
		CHECK_INT(price_find(t, &q, &hit), rows[i].source != COST_NONE);
		CHECK_INT(hit.source, rows[i].source);
		if (hit.model)
			CHECK_STR(hit.model->id, rows[i].id);
	}
	test_row(NULL);
	price_table_free(t);
}

TEST(price_computes)
{
	static const struct {
		const char *model, *tier;
		int64_t unix_s, in, cached, out, searches;
		int64_t total, saved; /* microdollars; total -1: unknown */
		enum cost_source source;
	} rows[] = {
		{ "gpt-5", NULL, 0, 1000000, 400000, 100000, -1, 8400000, 3600000, COST_EXACT },
		{ "gpt-5", "default", 0, 1000000, -1, 0, 2, 10010000, 0, COST_EXACT },
		{ "gpt-5", "flex", 0, 1000000, 400000, 100000, 2, 4210000, 1800000, COST_EXACT },
		{ "gpt-5", "priority", 0, 1000000, 0, 0, -1, 20000000, 0, COST_EXACT },
		{ "gpt-5", "scale", 0, 1000000, 0, 0, -1, 10000000, 0, COST_FALLBACK },
		{ "gpt-step", NULL, 0, 100, -1, 100, -1, 300, 0, COST_EXACT },
		{ "gpt-step", NULL, 0, 101, -1, 100, -1, 903, 0, COST_EXACT },
		{ "gpt-step", NULL, 0, -1, -1, 100, -1, -1, 0, COST_NONE },
		{ "gpt-5", NULL, 0, 10, 11, 100, -1, -1, 0, COST_NONE },
		{ "gpt-free", NULL, 0, 10, -1, 100, -1, -1, 0, COST_NONE },
		/* 2026-01-31 12:00, 2026-02-01 12:00, 2026-02-01 23:30, 2026-02-02 00:30, 01:00 */
		{ "gpt-night", NULL, 1769860800, -1, -1, 1000000, -1, 4000000, 0, COST_EXACT },
		{ "gpt-night", NULL, 1769947200, -1, -1, 1000000, -1, 8000000, 0, COST_EXACT },
		{ "gpt-night", NULL, 1769988600, -1, -1, 1000000, -1, 1000000, 0, COST_EXACT },
		{ "gpt-night", NULL, 1769992200, -1, -1, 1000000, -1, 1000000, 0, COST_EXACT },
		{ "gpt-night", NULL, 1769994000, -1, -1, 1000000, -1, 8000000, 0, COST_EXACT },
	};
	struct price_table *t = load();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct price_query q = { .provider = SLICE("openai"),
					 .model = slice_from(rows[i].model),
					 .tier = slice_from(rows[i].tier),
					 .unix_s = rows[i].unix_s };
		struct price_counts counts = { 0 };
		struct price_hit hit;
		struct cost c;

		test_row("%zu %s %s", i, rows[i].model, rows[i].tier ? rows[i].tier : "-");
		price_counts_set(&counts, "input_tokens", rows[i].in);
		price_counts_set(&counts, "cache_read_tokens", rows[i].cached);
		price_counts_set(&counts, "output_tokens", rows[i].out);
		price_counts_set(&counts, "web_searches", rows[i].searches);
		CHECK(price_find(t, &q, &hit));
		price_compute(&hit, &q, &counts, &c);
		CHECK_INT(c.source, rows[i].source);
		CHECK_INT(c.missing != NULL, rows[i].total < 0);
		CHECK_INT(c.total, rows[i].total < 0 ? 0 : rows[i].total * 1000000);
		CHECK_INT(c.saved, rows[i].saved * 1000000);
		CHECK_INT(c.line[COST_INPUT] + c.line[COST_CACHE_READ] + c.line[COST_CACHE_WRITE] +
				  c.line[COST_OUTPUT] + c.line[COST_OTHER],
			  c.total);
	}
	test_row(NULL);
	price_table_free(t);
}

static struct call *new_call(const char *request_model, const char *response_model)
{
	struct call *c = NULL;

	if (call_new(&c))
		abort();
	c->op = OP_CHAT;
	c->provider = SLICE("openai");
	c->server.address = SLICE("api.openai.com");
	c->request_model = slice_from(request_model);
	c->response_model = slice_from(response_model);
	c->status = 200;
	return c;
}

TEST(price_of_a_call)
{
	struct price_table *t = load();
	const struct price_table *const tables[] = { t };
	struct call *c = new_call("gpt-step", "gpt-5");
	struct cost cost;

	/* Nothing told: unknown, with a reason; refused: nothing to know. */
	price_call(tables, 1, c, &cost);
	CHECK(cost.source == COST_NONE && cost.missing);
	c->status = 429;
	price_call(tables, 1, c, &cost);
	CHECK(cost.source == COST_NONE && !cost.missing);
	c->status = 200;
	/* The answer's tokens are missing: half a cost is none. */
	usage_set(&c->usage, USAGE_INPUT, 1000000);
	price_call(tables, 1, c, &cost);
	CHECK_STR(slice_from(cost.missing), "usage incomplete");
	c->op = OP_EMBEDDINGS;
	price_call(tables, 1, c, &cost);
	CHECK_INT(cost.total, 10000000000000);
	c->op = OP_CHAT;
	/* What answered is what is paid; the provider was only guessed here (no profile). */
	usage_set(&c->usage, USAGE_OUTPUT, 1000000);
	price_call(tables, 1, c, &cost);
	CHECK_INT(cost.total, 30000000000000);
	CHECK_INT(cost.source, COST_FALLBACK);
	CHECK_SLICE(cost.price_date, SLICE("2026-05-06"));
	c->response_model = SLICE("unheard-of");
	price_call(tables, 1, c, &cost);
	CHECK_SLICE(cost.model, SLICE("gpt-step"));
	c->request_model = SLICE_NONE;
	price_call(tables, 1, c, &cost);
	CHECK_STR(slice_from(cost.missing), "no price for this model");
	/* The bill of who bills. */
	c->usage.cost_known = true;
	c->usage.cost_usd = 0.0123;
	price_call(tables, 1, c, &cost);
	CHECK_INT(cost.source, COST_PROVIDER);
	CHECK_INT(cost.total, 12300000000);
	CHECK(!cost.lines_known);
	c->usage.cost_usd = NAN;
	price_call(tables, 1, c, &cost);
	CHECK_INT(cost.source, COST_NONE);
	call_free(c);
	price_table_free(t);
}

/* What was done within a call besides costs too; one that has no price leaves none. */
TEST(price_of_a_call_with_more_inside)
{
	struct price_table *t = load();
	const struct price_table *const tables[] = { t };
	struct extra_usage extras[2] = { { .kind = EXTRA_COMPACTION },
					 { .kind = EXTRA_ADVISOR, .model = SLICE("gpt-step") } };
	struct call *c = new_call("gpt-5", NULL);
	struct cost alone, one, all;

	usage_set(&c->usage, USAGE_INPUT, 1000);
	usage_set(&c->usage, USAGE_OUTPUT, 1000);
	price_call(tables, 1, c, &alone);
	c->extras = extras;
	c->n_extras = 1;
	price_call(tables, 1, c, &one);
	CHECK_STR(slice_from(one.missing), "usage incomplete");
	extras[0].usage = extras[1].usage = c->usage;
	price_call(tables, 1, c, &one);
	CHECK_INT(one.total, 2 * alone.total);
	CHECK_INT(one.line[COST_OUTPUT], 2 * alone.line[COST_OUTPUT]);
	c->n_extras = 2;
	price_call(tables, 1, c, &all);
	c->n_extras = 0;
	c->request_model = SLICE("gpt-step");
	price_call(tables, 1, c, &alone);
	CHECK_INT(all.total, one.total + alone.total);
	c->n_extras = 2;
	extras[1].model = SLICE("unheard-of");
	price_call(tables, 1, c, &all);
	CHECK_INT(all.source, COST_NONE);
	CHECK_STR(slice_from(all.missing), "no price for this model");
	call_free(c);
	price_table_free(t);
}

TEST(price_tiers)
{
	struct price_factor f;

	CHECK_SLICE(price_tier_name(SLICE_NONE), SLICE("standard"));
	CHECK_SLICE(price_tier_name(SLICE("ON_DEMAND_PRIORITY")), SLICE("priority"));
	CHECK_SLICE(price_tier_name(SLICE("scale")), SLICE("scale"));
	CHECK(price_tier_factor(SLICE("priority"), SLICE("openai"), SLICE("gpt-4o-mini-2024-07-18"),
				&f));
	CHECK(f.num == 5 && f.den == 3);
	CHECK(price_tier_factor(SLICE("batch"), SLICE("anthropic"), SLICE("claude"), &f));
	CHECK(f.num == 1 && f.den == 2);
	CHECK(!price_tier_factor(SLICE("scale"), SLICE("openai"), SLICE("gpt-5"), &f));
	CHECK(f.num == 1 && f.den == 1);
}

/* A user's list is asked first, and wins. */
TEST(price_regions)
{
	static const struct {
		const char *host, *provider, *model;
		uint32_t num, den;
	} rows[] = {
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-sonnet-4-5", 11, 10 },
		{ "aiplatform.us.rep.googleapis.com", "google", "claude-opus-5-5", 11, 10 },
		{ "aiplatform.googleapis.com", "google", "claude-sonnet-4-5", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-sonnet-4-0", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-4-sonnet", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-opus-4", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-opus-4-20250514", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-3-7-sonnet", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-haiku-4-5", 11, 10 },
		{ "us-east5-aiplatform.googleapis.com", "google", "claude-fable-5", 11, 10 },
		{ "us-east5-aiplatform.googleapis.com", "google", "gemini-2.5-pro", 1, 1 },
		{ "us-east5-aiplatform.googleapis.com", "anthropic", "claude-sonnet-4-5", 1, 1 },
		{ NULL, "google", "claude-sonnet-4-5", 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct price_factor f = { 1, 1 };

		test_row("%s %s", rows[i].host ? rows[i].host : "-", rows[i].model);
		price_region_factor(slice_from(rows[i].host), slice_from(rows[i].provider),
				    slice_from(rows[i].model), &f);
		CHECK_INT(f.num, rows[i].num);
		CHECK_INT(f.den, rows[i].den);
	}
	test_row(NULL);
}

TEST(price_lists_in_order)
{
	static const char mine[] =
		"[{\"id\":\"openai\",\"models\":[{\"id\":\"gpt-5\",\"match\":{\"equals\":"
		"\"gpt-5\"},\"prices\":{\"input_mtok\":1,\"output_mtok\":1}}]}]";
	struct price_table *t = load(), *user = NULL;
	struct call *c = new_call("gpt-5", NULL);
	struct cost cost;

	CHECK_INT(price_table_new(&user, slice_from(mine), SLICE("2026-06-07")), 0);
	usage_set(&c->usage, USAGE_INPUT, 1);
	usage_set(&c->usage, USAGE_OUTPUT, 1);
	price_call((const struct price_table *const[]){ user, t }, 2, c, &cost);
	CHECK_INT(cost.total, 2000000);
	CHECK_SLICE(cost.price_date, SLICE("2026-06-07"));
	c->request_model = SLICE("gpt-step");
	price_call((const struct price_table *const[]){ user, t }, 2, c, &cost);
	CHECK_INT(cost.total, 3000000);
	call_free(c);
	price_table_free(user);
	price_table_free(t);
}
