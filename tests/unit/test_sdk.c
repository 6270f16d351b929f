/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our spans does an application export itself? "export PID SPAN" is one of its own. */
#include "runs.h"

#include "sdk.h"

#define T1 "4bf92f3577b34da6a3ce929d0e0e4731"
#define T2 "4bf92f3577b34da6a3ce929d0e0e4732"
#define UNDER(trace, flags) "trace=00-" trace "-00f067aa0ba902b7-" flags " "

static const char *const notes[] = { "gentap.duplicate", NULL };

/* "PID KIND TRACE RESPONSE" */
static void export(struct runs *r, const char *line)
{
	struct slice rest = slice_from(line), pid = slice_cut(&rest, ' ');
	struct sdk_span s = { .kind = (enum sdk_kind)runs_number(slice_cut(&rest, ' ')) };
	struct slice trace = slice_cut(&rest, ' ');
	struct process *p = runs_process(pid, SLICE_NONE);
	struct trace_parent parent = { 0 };
	char text[80];

	snprintf(text, sizeof(text), "00-%.*s-00f067aa0ba902b7-01", SLICE_FMT(trace));
	CHECK(trace_parent_parse(slice_from(text), &parent));
	memcpy(s.trace_id, parent.trace_id, 16);
	s.response_id = rest;
	tracer_sdk_span(r->tracer, p, &s);
	process_unref(p);
}

static const struct {
	const char *name, *before, *exported, *after, *want;
} rows[] = {
	{ "nothing is exported", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n", NULL,
	  "@20+10 pid=1 u:r " UNDER(T1, "01") "-> ho\n", "? chat m\n? chat m\n" },
	{ "the same trace again", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n", "1 1 " T1 " ",
	  "@20+10 pid=1 u:r " UNDER(T1, "01") "-> ho\n",
	  "? chat m\n? chat m duplicate=sdk_trace\n" },
	{ "the next trace of that process", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 1 " T1 " ", "@20+10 pid=1 u:r " UNDER(T2, "01") "-> ho\n",
	  "? chat m\n? chat m duplicate=sdk_trace\n" },
	{ "one that it has not sampled", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 1 " T1 " ", "@20+10 pid=1 u:r " UNDER(T2, "00") "-> ho\n", "? chat m\n? chat m\n" },
	{ "of another process", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n", "1 1 " T1 " ",
	  "@20+10 pid=2 u:r " UNDER(T2, "01") "-> ho\n", "? chat m\n? chat m\n" },
	{ "of another process in the same trace", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 1 " T1 " ", "@20+10 pid=2 u:r " UNDER(T1, "01") "-> ho\n",
	  "? chat m\n? chat m duplicate=sdk_trace\n" },
	{ "it exports tools, but no calls", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 2 " T1 " ", "@20+10 pid=1 u:r " UNDER(T2, "01") "-> ho\n", "? chat m\n? chat m\n" },
	{ "without a traceparent, by the response's id", "@0+10 pid=1 u:q resp=r1 -> hi\n",
	  "1 1 " T1 " r1", "@20+10 pid=1 u:r resp=r2 -> ho\n",
	  "chat m\nchat m duplicate=sdk_process\n" },
	{ "whose call was not seen", "@0+10 pid=1 u:q resp=r1 -> hi\n", "1 1 " T1 " r7",
	  "@20+10 pid=1 u:r resp=r2 -> ho\n", "chat m\nchat m\n" },
	{ "runs and tools where it exports those", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 7 " T1 " ",
	  "@20+10 pid=1 tools=1 u:r " UNDER(
		  T2, "01") "-> c:call_0123456789abcde1:read:x\n"
			    "@50+10 pid=1 tools=1 u:r c:call_0123456789abcde1:read:x "
			    "r:call_0123456789abcde1:1 " UNDER(T2, "01") "-> done\n",
	  "? chat m\n? chat m duplicate=sdk_trace\n? execute_tool read duplicate=sdk_trace\n"
	  "? chat m duplicate=sdk_trace\n? invoke_agent bot duplicate=sdk_trace\n" },
	{ "and not where it exports calls alone", "@0+10 pid=1 u:q " UNDER(T1, "01") "-> hi\n",
	  "1 1 " T1 " ",
	  "@20+10 pid=1 tools=1 u:r " UNDER(
		  T2, "01") "-> c:call_0123456789abcde1:read:x\n"
			    "@50+10 pid=1 tools=1 u:r c:call_0123456789abcde1:read:x "
			    "r:call_0123456789abcde1:1 " UNDER(T2, "01") "-> done\n",
	  "? chat m\n? chat m duplicate=sdk_trace\n? execute_tool read\n"
	  "? chat m duplicate=sdk_trace\n? invoke_agent bot\n" },
};

TEST(sdk_marks)
{
	static const uint8_t none[8];
	static struct runs r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 12);

		test_row("%s", rows[i].name);
		runs_start(&r, &(struct tracer_config){ 0 }, notes);
		runs_feed(&r, rows[i].before);
		if (rows[i].exported)
			export(&r, rows[i].exported);
		runs_feed(&r, rows[i].after);
		CHECK_INT(tracer_stats(r.tracer)->sdk_spans, rows[i].exported != NULL);
		tracer_free(TAKE(r.tracer));
		for (size_t k = 0; k < r.n; k++)
			buf_printf(&got, "%s%s%s\n", memcmp(r.spans[k].parent, none, 8) ? "? " : "",
				   r.spans[k].name, r.spans[k].notes);
		CHECK_STR(buf_slice(&got), rows[i].want);
	}
	test_row(NULL);
}

TEST(sdk_ceilings)
{
	struct sdk_span span = { .kind = SDK_CALL };
	struct sdk s;

	sdk_init(&s);
	for (uint32_t i = 0; i < 2 * SDK_TRACES_MAX; i++) {
		memcpy(span.trace_id, &i, sizeof(i));
		sdk_exported(&s, NULL, &span);
	}
	CHECK_INT(s.traces.count, SDK_TRACES_MAX);
	CHECK_INT(s.spans, 2 * SDK_TRACES_MAX);
	CHECK_INT(s.matched, 0);
	sdk_release(&s);
}
