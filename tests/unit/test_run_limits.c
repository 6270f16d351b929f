/* SPDX-License-Identifier: Apache-2.0 */
#include "runs.h"
#include "tracer_impl.h"

static const char *const notes[] = { "gentap.run.rate_limit.tokens.limit",
				     "gentap.run.rate_limit.tokens.remaining",
				     "gentap.run.rate_limited", "gentap.run.retries", NULL };

static void call_with(struct runs *r, const char *line, int64_t limit, int64_t remaining)
{
	struct call *c = runs_call(r, slice_from(line));
	struct rate_limit *l = rate_limit_get(c, RATE_LIMIT_TOKENS);

	CHECK(l);
	if (l) {
		l->limit = limit;
		l->remaining = remaining;
	}
	tracer_call(r->tracer, c);
}

/* The least that was left, not the last. */
TEST(run_limits_least)
{
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);
	static struct runs r;

	runs_start(&r, &(struct tracer_config){ 0 }, notes);
	call_with(&r, "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x", 1000, 400);
	call_with(&r,
		  "@20+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x "
		  "r:call_0123456789abcde1:ok status=429 ->",
		  1000, 0);
	call_with(&r,
		  "@2030+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x "
		  "r:call_0123456789abcde1:ok -> done",
		  1000, 900);
	runs_tree(&r, &tree);
	CHECK_STR(buf_slice(&tree), "invoke_agent bot 0+2040 limit=1000 remaining=0 "
				    "rate_limited=1 retries=1\n"
				    "  chat m 0+10\n"
				    "  execute_tool a 0+20\n"
				    "  chat m 20+10 ERROR\n"
				    "  chat m 2030+10\n");
}

struct seen {
	double wait;
	double used[RATE_LIMIT_KINDS];
	size_t n_used;
};

static void note(void *ctx, struct span *s)
{
	const struct attr *wait = span_attr(s, "gentap.retry_wait");
	struct seen *seen = ctx;

	if (wait)
		seen->wait = wait->number;
	for (int k = 0; k < RATE_LIMIT_KINDS; k++) {
		char key[96];
		const struct attr *a;

		snprintf(key, sizeof(key), "gentap.run.rate_limit.%s.used",
			 rate_limit_name((enum rate_limit_kind)k));
		a = span_attr(s, key);
		if (a)
			seen->used[k] = a->number;
		seen->n_used += a != NULL;
	}
}

/* Every kind has its key; what is used is the most that it ever was. */
TEST(run_limits_of_every_kind)
{
	struct runs r = { 0 };
	struct seen seen = { 0 };
	struct span_sink sink = { &seen, note };

	CHECK_INT(tracer_new(&r.tracer, &(struct tracer_config){ 0 }, &sink), 0);
	for (int turn = 0; turn < 2; turn++) {
		struct call *c =
			runs_call(&r, turn ? SLICE("@520+10 pid=1 tools=1 u:q -> done")
					   : SLICE("@0+20 pid=1 tools=1 u:q status=529 ->"));

		for (int k = 0; k < RATE_LIMIT_KINDS; k++)
			rate_limit_get(c, (enum rate_limit_kind)k)->used = turn ? 0.1 : k / 32.0;
		tracer_call(r.tracer, c);
	}
	tracer_free(r.tracer);
	CHECK_INT(seen.n_used, RATE_LIMIT_KINDS);
	CHECK(seen.wait == 0.5);
	for (int k = 0; k < RATE_LIMIT_KINDS; k++)
		CHECK(seen.used[k] == MAX(0.1, k / 32.0));
}

TEST(run_limits_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct run run = { 0 };
		struct rate_limit limits[] = {
			{ .kind = RATE_LIMIT_TOKENS, .limit = -1, .remaining = 5, .used = NAN },
			{ .kind = RATE_LIMIT_REQUESTS, .limit = 9, .remaining = -1, .used = NAN },
		};
		const struct call c = { .rate_limits = limits, .n_rate_limits = 2 };

		run_limits_add(&run, &c);
		CHECK(run.n_limits <= 2);
		free(run.limits);
	}
}
