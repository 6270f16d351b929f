/* SPDX-License-Identifier: Apache-2.0 */
#include "rate_limit.h"
#include "exchange.h"
#include "test.h"

#define SEC UINT64_C(1000000000)
#define NOW (UINT64_C(1750674400) * SEC) /* 2025-06-23T10:26:40Z */

/* The limits that header lines make, in short: "kind of left +ms used". */
static struct buf limits_of(const char *lines)
{
	struct buf out = BUF_INIT(16 * 1024);
	struct http_field fields[EXCHANGE_FIELDS];
	struct http_head head = { .response = true, .fields = fields };
	struct call *c = NULL;

	head.n_fields = exchange_fields(lines, fields, EXCHANGE_FIELDS);
	if (call_new(&c))
		return out;
	rate_limits_read(c, &head, NOW);
	for (size_t i = 0; i < c->n_rate_limits; i++) {
		const struct rate_limit *l = &c->rate_limits[i];

		buf_printf(&out, "%s%s %" PRId64 " %" PRId64, out.len ? ", " : "",
			   rate_limit_name(l->kind), l->limit, l->remaining);
		if (l->reset_ns)
			buf_printf(&out, " %+.0f",
				   ((double)l->reset_ns - (double)NOW) / (double)(SEC / 1000));
		if (!isnan(rate_limit_used(l)))
			buf_printf(&out, " %.3g", rate_limit_used(l));
	}
	if (!isnan(c->retry_after_s))
		buf_printf(&out, " retry %g", c->retry_after_s);
	call_free(c);
	return out;
}

static const struct {
	const char *name;
	const char *lines;
	const char *want;
} cases[] = {
	{ "nothing", "content-type: application/json\n", "" },
	{ "OpenAI",
	  "x-ratelimit-limit-requests: 10000\nx-ratelimit-limit-tokens: 150000000\n"
	  "x-ratelimit-remaining-requests: 9999\nx-ratelimit-remaining-tokens: 149999985\n"
	  "x-ratelimit-reset-requests: 6ms\nx-ratelimit-reset-tokens: 0s\n",
	  "requests 10000 9999 +6 0.0001, tokens 150000000 149999985 +0 1e-07" },
	{ "OpenAI, slow project",
	  "x-ratelimit-limit-project-tokens: 100\nx-ratelimit-remaining-project-tokens: 25\n"
	  "x-ratelimit-reset-project-tokens: 1h2m3.5s\nx-ratelimit-limit-input-images: 50000\n",
	  "project_tokens 100 25 +3723500 0.75, images 50000 -1" },
	{ "Azure: whole seconds; its other headers are no limits",
	  "x-ratelimit-limit-tokens: 120000\nx-ratelimit-remaining-tokens: 119984\n"
	  "x-ratelimit-reset-tokens: 7\nx-ratelimit-renewalperiod-tokens: 60\n"
	  "x-ratelimit-abusepenalty-active: False\nx-ratelimit-key: gpt-5.2-chat\n",
	  "tokens 120000 119984 +7000 0.000133" },
	{ "Groq", "x-ratelimit-limit-requests: 14400\nx-ratelimit-reset-requests: 17.399999999s\n",
	  "requests 14400 -1 +17400" },
	{ "Anthropic, any case",
	  "Anthropic-RateLimit-Input-Tokens-Limit: 400000\n"
	  "anthropic-ratelimit-input-tokens-remaining: 100000\n"
	  "anthropic-ratelimit-input-tokens-reset: 2025-06-23T10:26:53Z\n"
	  "anthropic-ratelimit-output-tokens-remaining: 0\n"
	  "anthropic-ratelimit-output-tokens-limit: 80000\nretry-after: 59\n",
	  "input_tokens 400000 100000 +13000 0.75, output_tokens 80000 0 1 retry 59" },
	{ "Anthropic, priority tier and fast mode",
	  "anthropic-priority-input-tokens-limit: 10\nanthropic-fast-output-tokens-remaining: 3\n",
	  "priority_input_tokens 10 -1, fast_output_tokens -1 3" },
	{ "Claude subscription",
	  "anthropic-ratelimit-unified-status: allowed\n"
	  "anthropic-ratelimit-unified-5h-utilization: 0.04\n"
	  "anthropic-ratelimit-unified-5h-reset: 1750678000\n"
	  "anthropic-ratelimit-unified-7d-utilization: 1.02\n"
	  "anthropic-ratelimit-unified-5h-status: allowed\n",
	  "plan_5h -1 -1 +3600000 0.04, plan_7d -1 -1 1.02" },
	{ "ChatGPT plan",
	  "x-codex-primary-used-percent: 12.5\nx-codex-primary-window-minutes: 300\n"
	  "x-codex-primary-reset-after-seconds: 90\nx-codex-secondary-used-percent: 7\n"
	  "x-codex-secondary-reset-at: 1750674401\n",
	  "plan_primary -1 -1 +90000 0.125, plan_secondary -1 -1 +1000 0.07" },
	{ "Mistral: several windows",
	  "x-ratelimit-limit-req-minute: 5\nx-ratelimit-remaining-req-minute: 4\n"
	  "x-ratelimit-limit-tokens-minute: 2000000\nx-ratelimit-remaining-tokens-month: 99\n"
	  "x-ratelimit-limit-req-10-second: 60\nx-ratelimit-tokens-query-cost: 110\n",
	  "requests_minute 5 4 0.2, tokens_minute 2000000 -1, tokens_month -1 99, "
	  "requests_10s 60 -1" },
	{ "Cerebras",
	  "x-ratelimit-limit-requests-day: 1440000\nx-ratelimit-remaining-requests-day: 1439999\n"
	  "x-ratelimit-reset-requests-day: 33011.382867\n",
	  "requests_day 1440000 1439999 +33011383 6.94e-07" },
	{ "Fireworks", "x-ratelimit-limit-tokens-prompt: 9\nx-ratelimit-over-limit: no\n",
	  "input_tokens 9 -1" },
	{ "OpenRouter: Unix milliseconds",
	  "X-RateLimit-Limit: 10\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1750674460000\n",
	  "requests 10 0 +60000 1" },
	{ "Together", "x-tokenlimit-limit: 100\nx-tokenlimit-remaining: 90\n",
	  "tokens 100 90 0.1" },
	{ "IETF draft", "RateLimit-Limit: 100\nRateLimit-Remaining: 50\nRateLimit-Reset: 50\n",
	  "requests 100 50 +50000 0.5" },
	{ "Cohere trial key",
	  "x-trial-endpoint-call-limit: 20\nx-trial-endpoint-call-remaining: 19\n"
	  "x-endpoint-monthly-call-limit: 1000\n",
	  "requests_minute 20 19 0.05, requests_month 1000 -1" },
	{ "milliseconds to wait win", "retry-after: 2\nretry-after-ms: 1500\n", " retry 1.5" },
	{ "a date to wait for is not read", "retry-after: Fri, 27 Nov 2026 00:00:00 GMT\n", "" },
	{ "what is no number makes no limit",
	  "x-ratelimit-limit-requests: REDACTED\n"
	  "x-ratelimit-remaining-tokens: -1\nx-ratelimit-limit-tokens: 1e400\n"
	  "x-ratelimit-reset-tokens: soon\nx-ratelimit-reset-requests: 99999999999999999999h\n"
	  "anthropic-ratelimit-tokens-reset: 2025-06-23 10:26:53\n"
	  "x-codex-primary-used-percent: nan\nx-ratelimit-: 1\nx-ratelimit--requests: 1\n"
	  "retry-after: -3\n",
	  "" },
	{ "more left than there is: no share", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 2\n",
	  "requests 1 2" },
	{ "a limit of nothing: no share", "x-ratelimit-limit: 0\nx-ratelimit-remaining: 0\n",
	  "requests 0 0" },
};

TEST(rate_limits_of_each_provider)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(buf_cleanup) struct buf got = limits_of(cases[i].lines);

		test_row("%s", cases[i].name);
		CHECK_STR(buf_slice(&got), cases[i].want);
	}
}

TEST(rate_limits_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf got = limits_of(cases[1].lines);

		CHECK(got.len <= strlen(cases[1].want));
	}
}

TEST(rate_limit_names_are_unique_and_found)
{
	struct call *c = NULL;

	if (call_new(&c))
		return;
	for (int k = 0; k < RATE_LIMIT_KINDS; k++) {
		struct slice name = slice_from(rate_limit_name((enum rate_limit_kind)k));
		struct rate_limit *l = rate_limit_get_named(c, name);

		CHECK(name.len > 0);
		CHECK(l && l->kind == (enum rate_limit_kind)k);
	}
	CHECK_INT(c->n_rate_limits, RATE_LIMIT_KINDS);
	CHECK(!rate_limit_get_named(c, SLICE("sheep")));
	CHECK_STR(slice_from(rate_limit_name(RATE_LIMIT_KINDS)), "");
	call_free(c);
}
