/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in, trees out. The language is that of runs.h. */
#include "runs.h"

struct row {
	const char *name;
	const char *calls;
	const char *want;
};

static const char *const inferred[] = { "gentap.inferred", NULL };

static void check(const struct row *rows, size_t n, const char *const *notes)
{
	static struct runs r;

	for (size_t i = 0; i < n; i++) {
		_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);

		test_row("%s", rows[i].name);
		runs_start(&r, &(struct tracer_config){ .seed = { 7 } }, notes);
		runs_feed(&r, rows[i].calls);
		runs_tree(&r, &tree);
		CHECK_STR(buf_slice(&tree), rows[i].want);
	}
	test_row(NULL);
}

TEST(runs_one_agent)
{
	static const struct row rows[] = {
		{ "a question without tools is no run", "@0+50 pid=1 u:hello -> hi\n",
		  "chat m 0+50\n" },
		{ "one tool",
		  "@0+100 pid=1 tools=2 u:weather? -> c:call_0123456789abcdef:get:x\n"
		  "@300+50 pid=1 tools=2 u:weather? c:call_0123456789abcdef:get:x "
		  "r:call_0123456789abcdef:rain -> rain\n",
		  "invoke_agent bot 0+350\n"
		  "  chat m 0+100\n"
		  "  execute_tool get 90+210\n"
		  "  chat m 300+50\n" },
		{ "parallel tools, one of which fails",
		  "@0+100 pid=1 tools=2 u:q -> c:call_0123456789abcde1:a:x "
		  "c:call_0123456789abcde2:b:y\n"
		  "@300+50 pid=1 tools=2 u:q c:call_0123456789abcde1:a:x "
		  "c:call_0123456789abcde2:b:y "
		  "r:call_0123456789abcde1:ok r!call_0123456789abcde2:no -> done\n",
		  "invoke_agent bot 0+350\n"
		  "  chat m 0+100\n"
		  "  execute_tool b 90+210 ERROR\n"
		  "  execute_tool a 90+210\n"
		  "  chat m 300+50\n" },
		{ "a named agent needs no tools",
		  "@0+50 pid=1 sys=You_are_Research_Agent._Find_things. u:hello -> hi\n",
		  "invoke_agent Research Agent 0+50\n"
		  "  chat m 0+50\n" },
		{ "ids that are not unique: the history tells",
		  "@0+10 pid=1 tools=1 u:q1 -> c:call_1:a:x\n"
		  "@5+10 pid=1 tools=1 u:q2 -> c:call_1:a:x\n"
		  "@20+10 pid=1 tools=1 u:q1 c:call_1:a:x r:call_1:r1 -> one\n"
		  "@40+10 pid=1 tools=1 u:q2 c:call_1:a:x r:call_1:r2 -> two\n",
		  "invoke_agent bot 0+30\n"
		  "  chat m 0+10\n"
		  "  execute_tool a 0+20\n"
		  "  chat m 20+10\n"
		  "invoke_agent bot 5+45\n"
		  "  chat m 5+10\n"
		  "  execute_tool a 5+35\n"
		  "  chat m 40+10\n" },
		{ "no ids at all",
		  "@0+10 pid=1 tools=1 u:q -> c::a:x\n"
		  "@20+10 pid=1 tools=1 u:q c::a:x r::r1 -> one\n",
		  "invoke_agent bot 0+30\n"
		  "  chat m 0+10\n"
		  "  execute_tool a 0+20\n"
		  "  chat m 20+10 inferred=history\n" },
		{ "the server keeps the history",
		  "@0+10 pid=1 tools=1 u:q resp=resp_1 -> c:call_0123456789abcdef:a:x\n"
		  "@20+10 pid=1 tools=1 prev=resp_1 r:call_0123456789abcdef:r1 resp=resp_2 -> one\n"
		  "@900+10 pid=1 tools=1 prev=resp_2 u:more resp=resp_3 -> two\n",
		  "invoke_agent bot 0+30\n"
		  "  chat m 0+10\n"
		  "  execute_tool a 0+20\n"
		  "  chat m 20+10\n"
		  "invoke_agent bot 900+10\n"
		  "  chat m 900+10\n" },
		{ "a retry is of the same run",
		  "@0+10 pid=1 tools=1 u:q status=429 ->\n"
		  "@500+10 pid=1 tools=1 u:q -> hi\n",
		  "invoke_agent bot 0+510\n"
		  "  chat m 0+10 ERROR\n"
		  "  chat m 500+10 inferred=retry\n" },
		{ "text that asks for tools",
		  "@0+10 pid=1 tools=0 sys=You_are_Finder. u:q -> "
		  "Thought:_hm\nAction:_s\nAction_Input:_x\n",
		  NULL },
	};

	check(rows, ARRAY_LEN(rows) - 1, inferred);
}

TEST(runs_conversations)
{
	static const struct row rows[] = {
		{ "each question is a run",
		  "@0+10 pid=1 tools=1 u:q1 -> a1\n"
		  "@100+10 pid=1 tools=1 u:q1 a:a1 u:q2 -> a2\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n"
		  "invoke_agent bot 100+10\n"
		  "  chat m 100+10 inferred=history\n" },
		{ "a call that was missed leaves a gap",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\n"
		  /* not seen: its result in, and b asked for */
		  "@200+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x "
		  "r:call_0123456789abcde1:r1 "
		  "c:call_0123456789abcde2:b:y r:call_0123456789abcde2:r2 -> done\n",
		  "invoke_agent bot 0+210\n"
		  "  chat m 0+10\n"
		  "  execute_tool a 0+200\n"
		  "  execute_tool b 200+0\n"
		  "  chat m 200+10 inferred=history\n" },
		{ "an interrupted tool",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\n"
		  "@200+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x u:stop -> fine\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n"
		  "invoke_agent bot 200+10\n"
		  "  chat m 200+10\n" },
		{ "first seen in its middle",
		  "@0+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x r:call_0123456789abcde1:r "
		  "-> done\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n" },
		{ "equal conversations are not told apart",
		  "@0+10 pid=1 tools=1 u:q -> hi\n"
		  "@5+10 pid=1 tools=1 u:q -> hi\n"
		  "@100+10 pid=1 tools=1 u:q a:hi u:more -> fine\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n"
		  "invoke_agent bot 5+10\n"
		  "  chat m 5+10\n"
		  "invoke_agent bot 100+10\n"
		  "  chat m 100+10\n" },
		{ "the same in two processes is",
		  "@0+10 pid=1 tools=1 u:q -> hi\n"
		  "@5+10 pid=2 tools=1 u:q -> hi\n"
		  "@100+10 pid=2 tools=1 u:q a:hi r::x -> fine\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n"
		  "invoke_agent bot 5+105\n"
		  "  chat m 5+10\n"
		  "  chat m 100+10 inferred=history\n" },
	};

	check(rows, ARRAY_LEN(rows), inferred);
}

TEST(runs_nested)
{
	static const struct row rows[] = {
		{ "a sub-agent under the tool that names its task",
		  "@0+10 pid=1 sys=You_are_Boss. tools=1 u:q -> "
		  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c\n"
		  "@20+10 pid=1 sys=You_are_Explorer. tools=1 u:look_for_the_bug_in_a.c -> "
		  "c:call_0123456789abcde2:read:f\n"
		  "@40+10 pid=1 sys=You_are_Explorer. tools=1 u:look_for_the_bug_in_a.c "
		  "c:call_0123456789abcde2:read:f "
		  "r:call_0123456789abcde2:ok -> found\n"
		  "@60+10 pid=1 sys=You_are_Boss. tools=1 u:q "
		  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c "
		  "r:call_0123456789abcde1:found -> done\n",
		  "invoke_agent Boss 0+70\n"
		  "  chat m 0+10\n"
		  "  execute_tool Task 0+60\n"
		  "    invoke_agent Explorer 20+30 inferred=tool_argument\n"
		  "      chat m 20+10\n"
		  "      execute_tool read 20+20\n"
		  "      chat m 40+10\n"
		  "  chat m 60+10\n" },
		{ "a hand-off, and back",
		  "@0+10 pid=1 sys=You_are_Researcher. tools=1 u:q -> "
		  "c:call_0123456789abcde1:transfer_to_writer:\n"
		  "@20+10 pid=1 sys=You_are_Writer. tools=1 u:q "
		  "c:call_0123456789abcde1:transfer_to_writer: "
		  "r:call_0123456789abcde1:{\"assistant\":\"Writer_Agent\"} -> "
		  "c:call_0123456789abcde2:format:x\n"
		  "@40+10 pid=1 sys=You_are_Writer. tools=1 u:q "
		  "c:call_0123456789abcde1:transfer_to_writer: "
		  "r:call_0123456789abcde1:{\"assistant\":\"Writer_Agent\"} "
		  "c:call_0123456789abcde2:format:x "
		  "r:call_0123456789abcde2:ok -> text\n"
		  "@60+10 pid=1 sys=You_are_Researcher. tools=1 u:q "
		  "c:call_0123456789abcde1:transfer_to_writer: "
		  "r:call_0123456789abcde1:{\"assistant\":\"Writer_Agent\"} "
		  "c:call_0123456789abcde2:format:x "
		  "r:call_0123456789abcde2:ok a:text -> end\n",
		  NULL },
		{ "a question that was asked of others too is no task",
		  "@0+10 pid=1 tools=1 u:what_is_the_weather -> "
		  "c:call_0123456789abcde1:ask:what_is_the_weather\n"
		  "@20+10 pid=1 tools=1 u:what_is_the_weather -> rain\n",
		  "invoke_agent bot 0+10\n"
		  "  chat m 0+10\n"
		  "invoke_agent bot 20+10\n"
		  "  chat m 20+10\n" },
		{ "an agent in a process that a tool started",
		  "@0+10 pid=7 <1> tools=1 u:q -> c:call_0123456789abcde1:Bash:run_it\n", NULL },
	};

	check(rows, 1, inferred);
	check(rows + 2, 1, inferred);
}
