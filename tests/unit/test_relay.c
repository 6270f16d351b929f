/* SPDX-License-Identifier: Apache-2.0 */
/* An app asks a gateway (process 5), which asks the provider: one call, told once. */
#include "runs.h"

#define RELAYS_TEST_CALLS 1100

static const char *const notes[] = { "gentap.relayed.model",  "gen_ai.usage.input_tokens",
				     "gentap.run.calls",      "gentap.relayed.failed_attempts",
				     "gentap.relayed.failed", NULL };

static const struct runs_row rows[] = {
	{ "by the response's id",
	  "@10+30 pid=5 relaying=1 model=gpt u:q resp=chatcmpl-1 -> hi\n"
	  "@0+50 pid=1 by=5 u:q resp=chatcmpl-1 -> hi\n",
	  "chat m 0+50\n"
	  "  POST /v1/chat 10+30 model=gpt\n" },
	{ "by question and answer, when the gateway has ids of its own",
	  "@10+30 pid=5 relaying=1 u:q resp=chatcmpl-1 -> hi\n"
	  "@0+50 pid=1 by=5 u:q resp=chatcmpl-2 -> hi\n",
	  "chat m 0+50\n"
	  "  POST /v1/chat 10+30 model=m\n" },
	{ "seen from the gateway alone",
	  "@10+30 pid=5 relaying=1 u:q resp=chatcmpl-1 -> hi\n"
	  "@0+50 pid=5 side=server u:q resp=chatcmpl-1 -> hi\n",
	  "chat m 0+50\n"
	  "  POST /v1/chat 10+30 model=m\n" },
	{ "another answer: an agent with an API of its own",
	  "@10+30 pid=5 relaying=1 u:think resp=chatcmpl-1 -> hm\n"
	  "@0+50 pid=1 by=5 u:q resp=chatcmpl-2 -> hi\nsweep 2000\n",
	  "chat m 0+50\n"
	  "chat m 10+30\n" },
	{ "another gateway's",
	  "@10+30 pid=6 relaying=1 u:q resp=chatcmpl-1 -> hi\n"
	  "@0+50 pid=1 by=5 u:q resp=chatcmpl-1 -> hi\n",
	  "chat m 0+50\n"
	  "chat m 10+30\n" },
	{ "began before what it should serve",
	  "@10+30 pid=5 relaying=1 u:q resp=chatcmpl-1 -> hi\n"
	  "@20+50 pid=1 by=5 u:q resp=chatcmpl-1 -> hi\n",
	  "chat m 10+30\n"
	  "chat m 20+50\n" },
	{ "two that are alike, and ids that do not tell: of neither",
	  "@10+30 pid=5 relaying=1 u:q resp=x -> hi\n"
	  "@11+30 pid=5 relaying=1 u:q resp=x -> hi\n"
	  "@0+50 pid=1 by=5 u:q resp=x -> hi\n",
	  "chat m 0+50\n"
	  "chat m 10+30\n"
	  "chat m 11+30\n" },
	{ "nobody took it: it is told when its time is over",
	  "@10+30 pid=5 relaying=1 u:q resp=x -> hi\nsweep 5041\n"
	  "@0+6000 pid=1 by=5 u:q resp=x -> hi\n",
	  "chat m 0+6000\n"
	  "chat m 10+30\n" },
	{ "its process has ended",
	  "@10+30 pid=5 relaying=1 u:q resp=x -> hi\nexit 4\nexit 5\n"
	  "@0+50 pid=1 by=5 u:q resp=x -> hi\n",
	  "chat m 0+50\n"
	  "chat m 10+30\n" },
	{ "two providers failed before it: they are below it",
	  "@5+5 pid=5 relaying=1 model=a u:q status=500\n"
	  "@11+9 pid=5 relaying=1 model=b u:q status=429\n"
	  "@20+2000 pid=5 relaying=1 model=c u:q resp=x1 -> hi\nsweep 1990\n"
	  "@0+2030 pid=1 by=5 u:q resp=x1 -> hi\n",
	  "chat m 0+2030 failed_attempts=2\n"
	  "  POST /v1/chat 5+5 ERROR model=a failed\n"
	  "  POST /v1/chat 11+9 ERROR model=b failed\n"
	  "  POST /v1/chat 20+2000 model=c\n" },
	{ "all of them failed, and so did it",
	  "@5+5 pid=5 relaying=1 u:q status=500\n@11+9 pid=5 relaying=1 u:q status=500\n"
	  "@0+30 pid=1 by=5 u:q status=500\n",
	  "chat m 0+30 ERROR failed_attempts=2\n"
	  "  POST /v1/chat 5+5 ERROR model=m failed\n"
	  "  POST /v1/chat 11+9 ERROR model=m failed\n" },
	{ "it may have failed for another: of nobody's",
	  "@5+5 pid=5 relaying=2 u:q status=500\n@11+9 pid=5 relaying=2 u:q resp=x1 -> hi\n"
	  "@0+30 pid=1 by=5 u:q resp=x1 -> hi\nsweep 1031\n",
	  "chat m 0+30\n  POST /v1/chat 11+9 model=m\nchat m 5+5 ERROR\n" },
	{ "it asked something else, or before",
	  "@5+5 pid=5 relaying=1 u:other status=500\n@0+9 pid=5 relaying=1 u:q status=500\n"
	  "@11+9 pid=5 relaying=1 u:q resp=x1 -> hi\n@1+30 pid=1 by=5 u:q resp=x1 -> hi\n",
	  "chat m 0+9 ERROR\nchat m 1+30\n  POST /v1/chat 11+9 model=m\nchat m 5+5 ERROR\n" },
	{ "nobody answered: it is told when its time is over",
	  "@5+5 pid=5 relaying=1 u:q status=500\nsweep 120011\n"
	  "@0+130000 pid=1 by=5 u:q resp=x1 -> hi\n",
	  "chat m 0+130000\nchat m 5+5 ERROR\n" },
	{ "tools: the run is the app's alone",
	  "@10+30 pid=5 relaying=1 tools=1 u:q resp=x1 -> c:call_0123456789abcde1:read:x\n"
	  "@0+50 pid=1 by=5 tools=1 u:q resp=x1 -> c:call_0123456789abcde1:read:x\n"
	  "@110+30 pid=5 relaying=1 tools=1 u:q c:call_0123456789abcde1:read:x "
	  "r:call_0123456789abcde1:1 resp=x2 -> done\n"
	  "@100+50 pid=1 by=5 tools=1 u:q c:call_0123456789abcde1:read:x "
	  "r:call_0123456789abcde1:1 resp=x2 -> done\n",
	  "invoke_agent bot 0+150 calls=2\n"
	  "  chat m 0+50\n"
	  "    POST /v1/chat 10+30 model=m\n"
	  "  execute_tool read 40+60\n"
	  "  chat m 100+50\n"
	  "    POST /v1/chat 110+30 model=m\n" },
};

TEST(relay)
{
	runs_check(rows, ARRAY_LEN(rows), notes);
}

/* What the app's side was not told, the provider's was. */
TEST(relay_usage_is_learned)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);
	struct call *inner, *outer;

	runs_start(&r, &(struct tracer_config){ 0 }, notes);
	inner = runs_call(&r, SLICE("@10+30 pid=5 relaying=1 u:q resp=x -> hi"));
	usage_set(&inner->usage, USAGE_INPUT, 11);
	inner->usage_source = USAGE_SOURCE_WIRE;
	outer = runs_call(&r, SLICE("@0+50 pid=1 by=5 u:q resp=x -> hi"));
	tracer_call(r.tracer, inner);
	CHECK_INT(r.n, 0);
	tracer_call(r.tracer, outer);
	CHECK_INT(tracer_stats(r.tracer)->relayed, 1);
	runs_tree(&r, &tree);
	CHECK_STR(buf_slice(&tree), "chat m 0+50 input_tokens=11\n  POST /v1/chat 10+30 model=m\n");
}

/* It broke off midway: what it cost is told, once, and counts for the run. */
TEST(relay_failed_with_tokens)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);
	struct call *failed;

	runs_start(&r, &(struct tracer_config){ 0 }, notes);
	failed = runs_call(&r, SLICE("@5+5 pid=5 relaying=1 tools=1 u:q resp=x0 -> h"));
	usage_set(&failed->usage, USAGE_INPUT, 11);
	failed->usage_source = USAGE_SOURCE_WIRE;
	call_set_error(failed, SLICE("stream_interrupted"), SLICE_NONE);
	tracer_call(r.tracer, failed);
	runs_feed(&r, "@11+9 pid=5 relaying=1 tools=1 u:q resp=x1 -> hi\n"
		      "@0+30 pid=1 by=5 tools=1 u:q resp=x1 -> hi\n");
	CHECK_INT(tracer_stats(r.tracer)->relays_failed, 1);
	runs_tree(&r, &tree);
	CHECK_STR(buf_slice(&tree), "invoke_agent bot 0+30 calls=2\n"
				    "  chat m 0+30 failed_attempts=1\n"
				    "    chat m 5+5 ERROR input_tokens=11 failed\n"
				    "    POST /v1/chat 11+9 model=m\n");
}

TEST(relay_ceiling)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf all = BUF_INIT(1 << 20), tree = BUF_INIT(1 << 20);

	for (unsigned int i = 0; i < RELAYS_TEST_CALLS; i++)
		buf_printf(&all, "@%u+1 pid=5 relaying=1 u:q%u resp=x%u -> hi\n", i / 100, i, i);
	buf_add_char(&all, '\0');
	runs_start(&r, &(struct tracer_config){ 0 }, NULL);
	runs_feed(&r, all.data);
	CHECK_INT(r.n, RELAYS_TEST_CALLS - 1024);
	runs_tree(&r, &tree);
	CHECK_INT(r.n, RELAYS_TEST_CALLS);
}

TEST(relay_without_memory)
{
	static struct runs r;

	EACH_MALLOC_FAILURE
	{
		struct span_sink sink = { &r, runs_on_span };
		struct call *calls[2];
		long n = _n;

		test_malloc_fail_at(-1);
		r = (struct runs){ 0 };
		calls[0] = runs_call(&r, SLICE("@10+30 pid=5 relaying=1 u:q resp=x -> hi"));
		calls[1] = runs_call(&r, SLICE("@0+50 pid=1 by=5 u:q resp=x -> hi"));
		test_malloc_fail_at(n);
		if (tracer_new(&r.tracer, &(struct tracer_config){ 0 }, &sink)) {
			call_free(calls[0]);
			call_free(calls[1]);
			continue;
		}
		tracer_call(r.tracer, calls[0]);
		tracer_call(r.tracer, calls[1]);
		tracer_free(r.tracer);
	}
	CHECK_INT(r.n, 2);
}
