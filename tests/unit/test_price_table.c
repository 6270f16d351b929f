/* SPDX-License-Identifier: Apache-2.0 */
#include "price_table.h"

#include "cleanup.h"
#include "price_builtin.h"
#include "test.h"

#include <errno.h>

TEST(decimal)
{
	static const struct {
		const char *text;
		int scale;
		int error;
		int64_t want;
	} rows[] = {
		{ "3", 12, 0, 3000000000000 },
		{ "0.075", 12, 0, 75000000000 },
		{ "2e-7", 18, 0, 200000000000 },
		{ "2.5E+1", 2, 0, 2500 },
		{ "1.005", 2, 0, 101 },
		{ "1.0049", 2, 0, 100 },
		{ "0", 12, 0, 0 },
		{ "18446744073709551616", 0, -ERANGE, 0 },
		{ "99999999", 12, -ERANGE, 0 },
		{ "", 12, -EINVAL, 0 },
		{ ".", 12, -EINVAL, 0 },
		{ "-1", 12, -EINVAL, 0 },
		{ "1.2.3", 12, -EINVAL, 0 },
		{ "1e", 12, -EINVAL, 0 },
		{ "1e99", 12, -EINVAL, 0 },
		{ "1e-30", 12, -ERANGE, 0 },
		{ "null", 12, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t got = 0;

		test_row("%s", rows[i].text);
		CHECK_INT(price_decimal(slice_from(rows[i].text), rows[i].scale, &got),
			  rows[i].error);
		CHECK_INT(got, rows[i].want);
	}
	test_row(NULL);
}

static const char small_list[] =
	"{\"version\":\"7\",\"price_date\":\"2026-01-02\",\"providers\":[{\"id\":\"p\",\"name\":"
	"\"P\","
	"\"api_pattern\":\"https://api\\\\.p\\\\.test\",\"model_match\":{\"contains\":\"m\"},"
	"\"fallback_model_providers\":[\"q\"],\"models\":["
	"{\"id\":\"m1\",\"match\":{\"or\":[{\"equals\":\"M1\"},{\"starts_with\":\"m1-\"}]},"
	"\"context_window\":8,"
	"\"prices\":{\"input_mtok\":{\"base\":1,\"tiers\":[{\"start\":10,\"price\":2}]},\"made_up_"
	"unit\":4}},"
	"{\"id\":\"m2\",\"match\":{\"regex\":\"^m2-\\\\d+$\"},\"prices\":[{\"prices\":{\"output_"
	"mtok\":1}},"
	"{\"constraint\":{\"start_date\":\"2026-02-01\"},\"prices\":{\"output_mtok\":2}},"
	"{\"constraint\":{\"start_time\":\"23:00:00Z\",\"end_time\":\"03:00:00+02:00\"},\"prices\":"
	"{\"output_mtok\":3}}]},"
	"{\"id\":\"bad\",\"match\":{\"regex\":\"(\"},\"prices\":{}},"
	"{\"id\":\"bad\",\"match\":{\"like\":\"x\"},\"prices\":{}},"
	"{\"id\":\"bad\",\"match\":{\"equals\":\"x\"},\"prices\":{\"input_mtok\":-1}},"
	"{\"id\":\"bad\",\"match\":{\"equals\":\"x\"},\"prices\":[{\"constraint\":{\"start_date\":"
	"\"2026-13-01\"},\"prices\":{}}]}"
	"]}]}";

TEST(table_reads)
{
	struct price_table *t = NULL;

	CHECK_INT(price_table_new(&t, slice_from(small_list), SLICE("2020-01-01")), 0);
	if (!t)
		return;
	CHECK_SLICE(t->version, SLICE("7"));
	CHECK_SLICE(t->date, SLICE("2026-01-02"));
	CHECK_INT(t->n_models, 2);
	CHECK_INT(t->skipped, 5);
	CHECK_INT(t->providers[0].models[0].context_window, 8);
	CHECK_INT(t->providers[0].models[0].sets[0].rates[0].steps[0].pd, 2000000000000);
	CHECK_INT(t->providers[0].models[1].sets[1].from_s, 1769904000);
	CHECK_INT(t->providers[0].models[1].sets[2].day_from, 82800);
	CHECK_INT(t->providers[0].models[1].sets[2].day_to, 3600);
	CHECK(price_match(&t->providers[0].models[1].match, SLICE("m2-17"), NULL));
	CHECK(!price_match(&t->providers[0].models[1].match, SLICE("m2-x"), NULL));
	price_table_free(t);
}

TEST(table_refuses)
{
	static const char *const rows[] = { "",
					    "[]",
					    "{}",
					    "null",
					    "[{\"id\":1}]",
					    "{\"providers\":3}",
					    "[{\"models\":[{\"match\":{\"equals\":\"x\"}}]}]" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct price_table *t = NULL;

		test_row("%s", rows[i]);
		CHECK_INT(price_table_new(&t, slice_from(rows[i]), SLICE_NONE), -EBADMSG);
		CHECK(!t);
	}
	/* Half a list is none: half of its prices would be missing without a word. */
	for (size_t len = 0; len < sizeof(small_list) - 1; len++) {
		struct price_table *t = NULL;

		test_row("cut at %zu", len);
		CHECK_INT(price_table_new(&t, (struct slice){ small_list, len }, SLICE_NONE),
			  -EBADMSG);
	}
	test_row(NULL);
}

TEST(table_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct price_table *t = NULL;
		int r = price_table_new(&t, slice_from(small_list), SLICE_NONE);

		CHECK(r == 0 || r == -ENOMEM);
		price_table_free(t);
	}
}

TEST(table_litellm)
{
	static const char list[] =
		"{\"sample_spec\":{\"input_cost_per_token\":\"x\",\"litellm_provider\":\"one of\"},"
		"\"groq/Llama-X\":{\"litellm_provider\":\"groq\",\"input_cost_per_token\":1e-06,"
		"\"output_cost_per_token\":2e-06,\"input_cost_per_token_above_200k_tokens\":3e-06,"
		"\"input_cost_per_token_priority\":4e-06,\"output_cost_per_token_priority\":5e-06,"
		"\"input_cost_per_token_flex\":5e-07,\"max_input_tokens\":1000,\"mode\":\"chat\"}}";
	struct price_table *t = NULL;
	const struct price_model *m;

	CHECK_INT(price_table_new(&t, slice_from(list), SLICE("2026-03-04")), 0);
	if (!t)
		return;
	CHECK_INT(t->n_models, 1);
	CHECK_SLICE(t->date, SLICE("2026-03-04"));
	m = &t->providers[0].models[0];
	CHECK_SLICE(t->providers[0].id, SLICE("groq"));
	CHECK_SLICE(m->id, SLICE("llama-x"));
	/* flex prices only one of two: left out. */
	CHECK_INT(m->n_sets, 2);
	CHECK_INT(m->sets[0].rates[0].pd, 1000000000000);
	CHECK_INT(m->sets[0].rates[0].steps[0].start, 200000);
	CHECK_INT(m->sets[0].rates[0].steps[0].pd, 3000000000000);
	CHECK_SLICE(m->sets[1].tier, SLICE("priority"));
	price_table_free(t);
	EACH_MALLOC_FAILURE
	{
		struct price_table *again = NULL;

		price_table_new(&again, slice_from(list), SLICE_NONE);
		price_table_free(again);
	}
}

TEST(table_builtin)
{
	struct price_table *t = NULL;

	CHECK_INT(price_table_new(&t, price_builtin(), SLICE_NONE), 0);
	if (!t)
		return;
	CHECK(t->n_models > 1000);
	CHECK_INT(t->skipped, 0);
	CHECK(t->version.len && t->date.len == 10);
	price_table_free(t);
}
