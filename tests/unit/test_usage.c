/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "detect.h"
#include "exchange.h"
#include "json.h"
#include "openai_usage.h"
#include "test.h"

static void json_cleanup(struct json *j)
{
	json_release(j);
}

TEST(usage_absent_is_not_zero)
{
	struct usage u = { 0 };

	CHECK(!usage_has(&u, USAGE_INPUT));
	CHECK_INT(usage_get(&u, USAGE_INPUT), 0);
	usage_set(&u, USAGE_INPUT, 0);
	CHECK(usage_has(&u, USAGE_INPUT));
	usage_set(&u, USAGE_FIELDS, 1);
	CHECK_INT(u.present, 1 << USAGE_INPUT);
}

TEST(usage_from_json_takes_counts_only)
{
	static const struct {
		const char *json;
		bool present;
		int64_t value;
	} rows[] = {
		{ "12", true, 12 },
		{ "0", true, 0 },
		{ "12.0", true, 12 },
		{ "null", false, 0 },
		{ "-1", false, 0 },
		{ "1.5", false, 0 },
		{ "\"12\"", false, 0 },
		{ "1e300", false, 0 },
		{ "[]", false, 0 },
		{ "true", false, 0 },
		{ "9007199254740993", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(json_cleanup) struct json j;
		struct usage u = { 0 };

		test_row("%s", rows[i].json);
		json_init(&j);
		CHECK_INT(json_parse(&j, slice_from(rows[i].json)), 0);
		usage_set_json(&u, USAGE_OUTPUT, json_root(&j));
		CHECK_INT(usage_has(&u, USAGE_OUTPUT), rows[i].present);
		CHECK_INT(usage_get(&u, USAGE_OUTPUT), rows[i].value);
	}
	test_row(NULL);
}

TEST(usage_merge_last_present_wins)
{
	struct usage u = { 0 }, later = { 0 };

	usage_set(&u, USAGE_INPUT, 10);
	usage_set(&u, USAGE_OUTPUT, 1);
	usage_set(&later, USAGE_OUTPUT, 30);
	usage_set(&later, USAGE_REASONING, 0);
	usage_merge(&u, &later);
	CHECK_INT(usage_get(&u, USAGE_INPUT), 10);
	CHECK_INT(usage_get(&u, USAGE_OUTPUT), 30);
	CHECK(usage_has(&u, USAGE_REASONING));
	CHECK(!u.cost_known);
	later.cost_known = true;
	later.cost_usd = 0.5;
	usage_merge(&u, &later);
	CHECK(u.cost_known && u.cost_usd == 0.5);
}

TEST(usage_violations)
{
	static const struct {
		const char *name;
		int64_t in, read, write, out, reasoning, total; /* -1: absent */
		const char *want;
	} rows[] = {
		{ "nothing", -1, -1, -1, -1, -1, -1, NULL },
		{ "plain", 10, -1, -1, 5, -1, 15, NULL },
		{ "cached within", 10, 4, 6, 5, 5, 15, NULL },
		{ "cached above", 10, 11, -1, 5, -1, 15, "cache_read_over_input" },
		{ "read and write above", 10, 6, 6, 5, -1, 15, "cached_over_input" },
		{ "reasoning above", 10, -1, -1, 5, 6, 15, "reasoning_over_output" },
		{ "total differs", 10, -1, -1, 5, -1, 16, "total_differs" },
		{ "total without output", 10, -1, -1, -1, -1, 16, NULL },
		{ "cached without input", -1, 6, -1, 5, -1, -1, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const int64_t values[] = { rows[i].in,	rows[i].read,	   rows[i].write,
					   rows[i].out, rows[i].reasoning, rows[i].total };
		static const enum usage_field fields[] = { USAGE_INPUT,	      USAGE_CACHE_READ,
							   USAGE_CACHE_WRITE, USAGE_OUTPUT,
							   USAGE_REASONING,   USAGE_TOTAL };
		struct usage u = { 0 };

		test_row("%s", rows[i].name);
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			if (values[f] >= 0)
				usage_set(&u, fields[f], values[f]);
		CHECK_STR(slice_from(usage_violation(&u)), rows[i].want);
	}
	test_row(NULL);
}

static const struct {
	const char *name;
	const char *json;
	unsigned int quirks;
	const char *want;
} openai_rows[] = {
	{ "chat",
	  "{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":3,\"audio_tokens\":0},"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":2,\"audio_tokens\":1}}",
	  0, "usage in=9 read=3 in_audio=0 out=4 reasoning=2 out_audio=1 total=13\n" },
	{ "responses",
	  "{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":0,"
	  "\"cache_write_tokens\":5,\"cache_write_tokens_details\":{\"ttl_30m_tokens\":3,"
	  "\"ttl_12h_tokens\":2}},\"output_tokens\":4,\"output_tokens_details\":"
	  "{\"reasoning_tokens\":0},\"total_tokens\":13}",
	  0,
	  "usage in=9 read=0 write=5 write_30m=3 write_12h=2 out=4 reasoning=0 "
	  "total=13\n" },
	{ "nulls",
	  "{\"prompt_tokens\":9,\"completion_tokens\":null,\"prompt_tokens_details\":null}", 0,
	  "usage in=9\n" },
	{ "DeepSeek",
	  "{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,"
	  "\"prompt_cache_hit_tokens\":8,\"prompt_cache_miss_tokens\":1}",
	  0, "usage in=9 read=8 out=4 total=13\n" },
	{ "xAI: reasoning adds, by its row",
	  "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":22,"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":7}}",
	  PROVIDER_REASONING_ADDS, "usage in=10 out=12 reasoning=7 total=22\n" },
	{ "the same behind an unknown host: the total tells",
	  "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":22,"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":7}}",
	  0, "usage in=10 out=12 reasoning=7 total=22\n" },
	{ "reasoning within",
	  "{\"prompt_tokens\":10,\"completion_tokens\":8,\"total_tokens\":18,"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":7}}",
	  0, "usage in=10 out=8 reasoning=7 total=18\n" },
	{ "xAI: more cached than prompt: cached adds",
	  "{\"prompt_tokens\":10,\"completion_tokens\":5,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":30}}",
	  PROVIDER_CACHE_MAY_ADD, "usage in=40 read=30 out=5\n" },
	{ "the same behind an unknown host: the total tells",
	  "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":45,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":30}}",
	  0, "usage in=40 read=30 out=5 total=45\n" },
	{ "from anybody else it is as sent",
	  "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":30}}",
	  0, "usage in=10 read=30 out=5 total=15\n" },
	{ "Perplexity",
	  "{\"prompt_tokens\":33,\"completion_tokens\":7163,\"total_tokens\":7196,"
	  "\"citation_tokens\":19028,\"num_search_queries\":21,\"reasoning_tokens\":73997,"
	  "\"cost\":{\"total_cost\":0.75}}",
	  PROVIDER_REASONING_ADDS | PROVIDER_CITATIONS_ADD,
	  "usage in=33 out=100188 reasoning=73997 total=7196 searches=21 cost=0.75\n" },
	{ "OpenRouter",
	  "{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,\"cost\":0.001,"
	  "\"is_byok\":false}",
	  0, "usage in=3 out=4 total=7 cost=0.001\n" },
	{ "OpenRouter with the user's key",
	  "{\"prompt_tokens\":3,\"cost\":0.001,\"is_byok\":true,"
	  "\"cost_details\":{\"upstream_inference_cost\":0.02}}",
	  0, "usage in=3 cost=0.02\n" },
	{ "no object", "[1]", 0, "" },
	{ "negative cost", "{\"cost\":-1}", 0, "" },
};

TEST(usage_of_openai_and_its_copies)
{
	for (size_t i = 0; i < ARRAY_LEN(openai_rows); i++) {
		_cleanup_(json_cleanup) struct json j;
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1000);
		struct usage u = { 0 };

		test_row("%s", openai_rows[i].name);
		json_init(&j);
		CHECK_INT(json_parse(&j, slice_from(openai_rows[i].json)), 0);
		openai_usage_read(&u, json_root(&j), openai_rows[i].quirks);
		dump_usage(&out, &u);
		CHECK_STR(buf_slice(&out), openai_rows[i].want);
	}
	test_row(NULL);
}
