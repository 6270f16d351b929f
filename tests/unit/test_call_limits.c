/* SPDX-License-Identifier: Apache-2.0 */
#include "call_span.h"
#include "cleanup.h"
#include "rate_limit.h"
#include "test.h"

#define MS UINT64_C(1000000)
#define START UINT64_C(1700000000000000000)

static struct call *new_call(void)
{
	struct call *c = NULL;

	if (call_new(&c))
		return NULL;
	c->op = OP_CHAT;
	c->provider = SLICE("anthropic");
	c->start_ns = START;
	c->end_ns = START + 900 * MS;
	return c;
}

/* The keys are written out in call_limits.c: each has to be its kind's name. */
TEST(call_span_limits)
{
	static const struct tracer_config config = { 0 };
	struct call *c = new_call();
	struct span *s = NULL;

	if (!c || span_new(&s)) {
		call_free(c);
		return;
	}
	c->response_start_ns = START + 500 * MS;
	for (int k = 0; k < RATE_LIMIT_KINDS; k++) {
		struct rate_limit *l = rate_limit_get(c, (enum rate_limit_kind)k);

		CHECK(l);
		if (!l)
			continue;
		l->limit = 1000 + k;
		l->remaining = k;
		l->used = k / 64.0;
		l->reset_ns = START + (uint64_t)k * 250 * MS;
	}
	call_span_fill(s, c, &config);
	for (int k = 0; k < RATE_LIMIT_KINDS; k++) {
		const char *name = rate_limit_name((enum rate_limit_kind)k);
		const struct attr *a;
		char key[128];

		test_row("%s", name);
		snprintf(key, sizeof(key), "gentap.rate_limit.%s.limit", name);
		a = span_attr(s, key);
		CHECK(a && a->type == ATTR_INT && a->integer == 1000 + k);
		snprintf(key, sizeof(key), "gentap.rate_limit.%s.remaining", name);
		a = span_attr(s, key);
		CHECK(a && a->type == ATTR_INT && a->integer == k);
		snprintf(key, sizeof(key), "gentap.rate_limit.%s.used", name);
		a = span_attr(s, key);
		CHECK(a && a->type == ATTR_DOUBLE && a->number == k / 64.0);
		snprintf(key, sizeof(key), "gentap.rate_limit.%s.reset", name);
		a = span_attr(s, key);
		/* Kind 2's is over when the answer begins, half a second after the call. */
		CHECK(a && a->type == ATTR_DOUBLE && a->number == (k > 2 ? (k - 2) * 0.25 : 0));
	}
	span_free(s);
	call_free(c);
}

static void set_served(struct call *c)
{
	static const enum usage_field fields[] = {
		USAGE_CACHE_WRITE_30M, USAGE_CACHE_WRITE_12H,  USAGE_WEB_SEARCHES,
		USAGE_WEB_FETCHES,     USAGE_CODE_EXECUTIONS,  USAGE_FILE_SEARCHES,
		USAGE_INPUT_TEXT,      USAGE_INPUT_AUDIO,      USAGE_INPUT_IMAGE,
		USAGE_OUTPUT_TEXT,     USAGE_OUTPUT_AUDIO,     USAGE_OUTPUT_IMAGE,
		USAGE_CACHE_READ_TEXT, USAGE_CACHE_READ_AUDIO, USAGE_CACHE_READ_IMAGE,
		USAGE_SEARCH_UNITS,    USAGE_AUDIO_MS,
	};

	c->request_speed = SLICE("fast");
	c->speed = SLICE("standard");
	c->inference_geo = SLICE("us");
	c->region = SLICE("East US");
	c->processing_s = 1.5;
	c->queue_s = 0.25;
	c->retry_after_s = 2;
	c->request_service_tier = SLICE("auto");
	c->service_tier = SLICE("priority");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		usage_set(&c->usage, fields[i], (int64_t)(10 + i));
}

/* What was served, and what of that was counted; absent in a call that says nothing. */
static const struct {
	const char *key;
	const char *text;
	double number;
	bool latest; /* only in the newer conventions */
} served[] = {
	{ "gentap.request.speed", "fast", 0, false },
	{ "gentap.response.speed", "standard", 0, false },
	{ "gentap.response.inference_geo", "us", 0, false },
	{ "gentap.provider.region", "East US", 0, false },
	{ "gentap.provider.processing_time", NULL, 1.5, false },
	{ "gentap.provider.queue_time", NULL, 0.25, false },
	{ "gentap.retry_after", NULL, 2, false },
	{ "gentap.request.service_tier", "auto", 0, false },
	{ "gentap.response.service_tier", "priority", 0, false },
	{ "gentap.usage.cache_write_30m.input_tokens", NULL, 10, false },
	{ "gentap.usage.cache_write_12h.input_tokens", NULL, 11, false },
	{ "gentap.usage.web_searches", NULL, 12, false },
	{ "gentap.usage.web_fetches", NULL, 13, false },
	{ "gentap.usage.code_executions", NULL, 14, false },
	{ "gentap.usage.file_searches", NULL, 15, false },
	{ "gen_ai.usage.text.input_tokens", NULL, 16, true },
	{ "gen_ai.usage.audio.input_tokens", NULL, 17, true },
	{ "gen_ai.usage.image.input_tokens", NULL, 18, true },
	{ "gen_ai.usage.text.output_tokens", NULL, 19, true },
	{ "gen_ai.usage.audio.output_tokens", NULL, 20, true },
	{ "gen_ai.usage.image.output_tokens", NULL, 21, true },
	{ "gen_ai.usage.text.cache_read.input_tokens", NULL, 22, true },
	{ "gen_ai.usage.audio.cache_read.input_tokens", NULL, 23, true },
	{ "gen_ai.usage.image.cache_read.input_tokens", NULL, 24, true },
	{ "gentap.usage.search_units", NULL, 25, false },
	{ "gentap.usage.audio_ms", NULL, 26, false },
};

static void check_served(const struct span *s, size_t i, bool there)
{
	const struct attr *a = span_attr(s, served[i].key);

	test_row("%s", served[i].key);
	CHECK(!a == !there);
	if (!a || !there)
		return;
	if (served[i].text)
		CHECK_STR(a->string, served[i].text);
	else
		CHECK((a->type == ATTR_INT ? (double)a->integer : a->number) == served[i].number);
}

TEST(call_span_served)
{
	for (int p = SEMCONV_V1_41; p <= SEMCONV_BOTH; p++) {
		const struct tracer_config config = { .profile = (enum semconv_profile)p };

		for (int said = 0; said < 2; said++) {
			struct call *c = new_call();
			struct span *s = NULL;

			if (!c || span_new(&s)) {
				call_free(c);
				return;
			}
			if (said)
				set_served(c);
			call_span_fill(s, c, &config);
			for (size_t i = 0; i < ARRAY_LEN(served); i++)
				check_served(s, i,
					     said && (!served[i].latest || p != SEMCONV_V1_41));
			span_free(s);
			call_free(c);
		}
	}
}
