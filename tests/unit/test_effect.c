/* SPDX-License-Identifier: Apache-2.0 */
/* What tools start, in runs.h's language. */
#include "run.h"
#include "runs.h"

static const char *const notes[] = { "process.exit.code", "error.type", "gentap.tool.effects",
				     "gentap.tool.effects_dropped", NULL };

#define ASK "@0+100 pid=7 tools=3 u:go -> "
#define DONE "@400+50 pid=7 tools=3 u:go c:t1:shell:ls_-la r:t1:ok -> done\n"

static const struct runs_row rows[] = {
	{ "in the window of the only tool",
	  ASK "c:t1:shell:ls_-la\n"
	      "effect @120+30 pid=8 <7> cmd=sh_-c_ls_-la\n" DONE,
	  "invoke_agent bot 0+450\n"
	  "  chat m 0+100\n"
	  "  execute_tool shell 90+310 effects=1\n"
	  "    sh 120+30 code=0\n"
	  "  chat m 400+50\n" },
	{ "its children too, statuses and signals, and one that is not known",
	  ASK "c:t1:shell:ls_-la\n"
	      "effect @121+2 pid=9 <8,7> exe=/usr/bin/ls status=2\n"
	      "effect @124+2 pid=10 <8,7> exe=/usr/bin/cat signal=9\n"
	      "effect @127+2 pid=11 <8,7> exe=/usr/bin/tail status=-1\n" DONE,
	  "invoke_agent bot 0+450\n"
	  "  chat m 0+100\n"
	  "  execute_tool shell 90+310 effects=3\n"
	  "    ls 121+2 ERROR code=2 type=2\n"
	  "    cat 124+2 ERROR code=137 type=signal_9\n"
	  "    tail 127+2\n"
	  "  chat m 400+50\n" },
	{ "it outlives its tool",
	  ASK "c:t1:shell:ls_-la\n" DONE "effect @120+600 pid=8 <7> cmd=sh_-c_ls_-la\n",
	  "invoke_agent bot 0+450\n"
	  "  chat m 0+100\n"
	  "  execute_tool shell 90+310\n"
	  "    sh 120+600 code=0\n"
	  "  chat m 400+50\n" },
	{ "before it, after it, of another process",
	  ASK "c:t1:shell:ls_-la\n"
	      "effect @50+30 pid=8 <7>\n"
	      "effect @120+30 pid=8 <6>\n" DONE "effect @420+30 pid=8 <7>\n",
	  "invoke_agent bot 0+450\n"
	  "  chat m 0+100\n"
	  "  execute_tool shell 90+310\n"
	  "  chat m 400+50\n" },
	{ "of two at once, the one that names it",
	  ASK "c:t1:shell:ls_-la c:t2:shell:make_all\n"
	      "effect @120+30 pid=8 <7> cmd=sh_-c_make_all\n"
	      "effect @121+30 pid=9 <7> cmd=sh_-c_ls_-la\n"
	      "effect @122+30 pid=10 <7> cmd=who\n"
	      "@400+50 pid=7 tools=3 u:go c:t1:shell:ls_-la c:t2:shell:make_all r:t1:ok r:t2:ok -> "
	      "done\n",
	  "invoke_agent bot 0+450\n"
	  "  chat m 0+100\n"
	  "  execute_tool shell 90+310 effects=1\n"
	  "    sh 121+30 code=0\n"
	  "  execute_tool shell 90+310 effects=1\n"
	  "    sh 120+30 code=0\n"
	  "  chat m 400+50\n" },
};

TEST(effects_find_their_tool)
{
	runs_check(rows, ARRAY_LEN(rows), notes);
}

TEST(effects_of_two_equal_tools_are_of_none)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

	runs_start(&r, &(struct tracer_config){ .seed = { 7 } }, notes);
	runs_feed(&r, ASK "c:t1:shell:who c:t2:shell:who\n"
			  "effect @120+30 pid=8 <7> cmd=sh_-c_who\n");
	CHECK_INT(tracer_stats(r.tracer)->effects_ambiguous, 1);
	runs_tree(&r, &tree);
	CHECK(slice_find(buf_slice(&tree), SLICE(" sh ")) < 0);
}

TEST(effects_have_a_ceiling)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

	runs_start(&r, &(struct tracer_config){ .seed = { 7 } }, notes);
	runs_feed(&r, ASK "c:t1:shell:ls_-la\n");
	for (int i = 0; i < TOOL_EFFECTS_MAX + 5; i++)
		runs_feed(&r, "effect @120+30 pid=8 <7>\n");
	runs_feed(&r, DONE);
	CHECK_INT(tracer_stats(r.tracer)->effects_dropped, 5);
	runs_tree(&r, &tree);
	CHECK(slice_find(buf_slice(&tree), SLICE("effects=64 effects_dropped=5")) >= 0);
}

/* The command is content, as the arguments of the tool are. */
TEST(effects_keep_their_command_to_themselves)
{
	static const char *const line[] = { "process.command_line", NULL };

	for (int content = 0; content < 2; content++) {
		static struct runs r;
		_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

		runs_start(&r, &(struct tracer_config){ .seed = { 7 }, .content = content }, line);
		runs_feed(&r, ASK "c:t1:shell:ls_-la\neffect @120+30 pid=8 <7> cmd=ls_-la\n" DONE);
		runs_tree(&r, &tree);
		CHECK_INT(slice_find(buf_slice(&tree), SLICE("command_line=ls -la")) >= 0, content);
	}
}

TEST(effects_without_memory)
{
	struct process *p = runs_process(SLICE("8"), SLICE("7"));
	const struct effect e = { .process = p,
				  .start_ns = RUNS_BASE + 120 * RUNS_MS,
				  .end_ns = RUNS_BASE + 150 * RUNS_MS,
				  .status = 1 };
	static struct runs r;

	EACH_MALLOC_FAILURE
	{
		long n = _n;

		test_malloc_fail_at(-1);
		runs_start(&r, &(struct tracer_config){ .content = true }, notes);
		runs_feed(&r, ASK "c:t1:shell:ls_-la\n");
		test_malloc_fail_at(n);
		tracer_effect(r.tracer, &e);
		tracer_free(r.tracer);
	}
	/* The call, the process, the tool, the run. */
	CHECK_INT(r.n, 4);
	process_unref(p);
}
