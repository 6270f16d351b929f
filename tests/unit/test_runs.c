/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in, trees out. The language is that of runs.h. */
#include "runs.h"

static const char *const inferred[] = { "gentap.inferred", NULL };

static const struct runs_row one_agent[] = {
	{ "a question without tools is no run", "@0+50 pid=1 u:hello -> hi\n", "chat m 0+50\n" },
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
	  "  execute_tool a 90+210\n"
	  "  execute_tool b 90+210 ERROR\n"
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
	  "@0+10 pid=1 sys=You_are_Finder. u:q -> Thought|Action:_s|Action_Input:_x\n"
	  "@20+10 pid=1 sys=You_are_Finder. u:q a:Thought|Action:_s|Action_Input:_x u:seen "
	  "-> yes\n",
	  "invoke_agent Finder 0+30\n"
	  "  chat m 0+10\n"
	  "  chat m 20+10 inferred=history\n" },
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
	  "c:call_0123456789abcde2:format:x r:call_0123456789abcde2:ok -> text\n"
	  "@60+10 pid=1 sys=You_are_Researcher. tools=1 u:q "
	  "c:call_0123456789abcde1:transfer_to_writer: "
	  "r:call_0123456789abcde1:{\"assistant\":\"Writer_Agent\"} "
	  "c:call_0123456789abcde2:format:x r:call_0123456789abcde2:ok a:text -> end\n",
	  "invoke_agent Researcher 0+70\n"
	  "  chat m 0+10\n"
	  "  execute_tool transfer_to_writer 0+50\n"
	  "    invoke_agent Writer Agent 20+30\n"
	  "      chat m 20+10\n"
	  "      execute_tool format 20+20\n"
	  "      chat m 40+10\n"
	  "  chat m 60+10 inferred=history\n" },
};

TEST(runs_one_agent)
{
	runs_check(one_agent, ARRAY_LEN(one_agent), inferred);
}

static const struct runs_row conversations[] = {
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

TEST(runs_conversations)
{
	runs_check(conversations, ARRAY_LEN(conversations), inferred);
}

static const struct runs_row nested[] = {
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
	{ "a question that was asked of others too is no task",
	  "@0+10 pid=1 tools=1 u:what_is_the_weather -> "
	  "c:call_0123456789abcde1:ask:what_is_the_weather\n"
	  "@20+10 pid=1 tools=1 u:what_is_the_weather -> rain\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "an agent in a process that a tool started",
	  "@0+10 pid=7 tools=1 u:q -> "
	  "c:call_0123456789abcde1:Bash:claude_-p_'count_the_files'\n"
	  "@20+10 <8,7> pid=9 tools=1 u:count_the_files -> c:call_0123456789abcde2:ls:x\n"
	  "@40+10 <8,7> pid=9 tools=1 u:count_the_files c:call_0123456789abcde2:ls:x "
	  "r:call_0123456789abcde2:3 -> three\n"
	  "@60+10 pid=7 tools=1 u:q "
	  "c:call_0123456789abcde1:Bash:claude_-p_'count_the_files' "
	  "r:call_0123456789abcde1:three -> done\n",
	  "invoke_agent bot 0+70\n"
	  "  chat m 0+10\n"
	  "  execute_tool Bash 0+60\n"
	  "    invoke_agent bot 20+30 inferred=command_argument\n"
	  "      chat m 20+10\n"
	  "      execute_tool ls 20+20\n"
	  "      chat m 40+10\n"
	  "  chat m 60+10\n" },
	{ "the nearest of several processes above",
	  "@0+10 pid=6 tools=1 u:p -> c:call_0123456789abcde9:Bash:count_the_files\n"
	  "@5+10 <6> pid=7 tools=1 u:q -> c:call_0123456789abcde1:Bash:count_the_files\n"
	  "@20+10 <8,7,6> pid=9 tools=1 u:count_the_files -> three\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "  execute_tool Bash 0+10\n"
	  "    invoke_agent bot 5+10 inferred=process_tree\n"
	  "      chat m 5+10\n"
	  "      execute_tool Bash 5+10\n"
	  "        invoke_agent bot 20+10 inferred=tool_argument\n"
	  "          chat m 20+10\n" },
	{ "two tools could have started it: none did",
	  "@0+10 pid=7 tools=1 u:q -> c:call_0123456789abcde1:Bash:make_all "
	  "c:call_0123456789abcde2:Bash:make_test\n"
	  "@20+10 <7> pid=9 tools=1 u:count_the_files -> three\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "parallel sub-agents",
	  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:Task:count_all_the_files "
	  "c:call_0123456789abcde2:Task:count_all_the_lines\n"
	  "@20+10 pid=1 tools=1 u:count_all_the_lines -> nine\n"
	  "@21+10 pid=1 tools=1 u:count_all_the_files -> three\n"
	  "@60+10 pid=1 tools=1 u:q c:call_0123456789abcde1:Task:count_all_the_files "
	  "c:call_0123456789abcde2:Task:count_all_the_lines r:call_0123456789abcde1:three "
	  "r:call_0123456789abcde2:nine -> done\n",
	  "invoke_agent bot 0+70\n"
	  "  chat m 0+10\n"
	  "  execute_tool Task 0+60\n"
	  "    invoke_agent bot 21+10 inferred=tool_argument\n"
	  "      chat m 21+10\n"
	  "  execute_tool Task 0+60\n"
	  "    invoke_agent bot 20+10 inferred=tool_argument\n"
	  "      chat m 20+10\n"
	  "  chat m 60+10\n" },
	{ "a sub-agent in the background: its tool has answered when it begins",
	  "@0+10 pid=1 sys=You_are_Boss. tools=1 u:q -> "
	  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c\n"
	  "@20+10 pid=1 sys=You_are_Boss. tools=1 u:q "
	  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c "
	  "r:call_0123456789abcde1:started -> c:call_0123456789abcde3:wait:x\n"
	  "@40+10 pid=1 sys=You_are_Explorer. tools=1 u:look_for_the_bug_in_a.c -> found\n",
	  "invoke_agent Boss 0+30\n"
	  "  chat m 0+10\n"
	  "  execute_tool Task 0+20\n"
	  "    invoke_agent Explorer 40+10 inferred=tool_argument\n"
	  "      chat m 40+10\n"
	  "  chat m 20+10\n" },
	{ "too long after: none of its",
	  "@0+10 pid=1 sys=You_are_Boss. tools=1 u:q -> "
	  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c\n"
	  "@20+10 pid=1 sys=You_are_Boss. tools=1 u:q "
	  "c:call_0123456789abcde1:Task:look_for_the_bug_in_a.c "
	  "r:call_0123456789abcde1:started -> c:call_0123456789abcde3:wait:x\n"
	  "@10030+10 pid=1 sys=You_are_Explorer. tools=1 u:look_for_the_bug_in_a.c -> found\n",
	  "invoke_agent Boss 0+30\n"
	  "  chat m 0+10\n"
	  "  execute_tool Task 0+20\n"
	  "  chat m 20+10\n"
	  "invoke_agent Explorer 10030+10\n"
	  "  chat m 10030+10\n" },
	{ "a known program's calls beside its main line",
	  "@0+5 pid=1 ua=claude-cli/2.0.1 u:quota -> ok\n"
	  "@2+5 pid=1 ua=claude-cli/2.0.1 sys=Make_a_title u:fix_the_bug_in_a.c -> Title\n"
	  "@1+30 pid=1 ua=claude-cli/2.0.1 tools=5 u:fix_the_bug_in_a.c -> done\n",
	  "invoke_agent claude-cli 0+31\n"
	  "  chat m 0+5\n"
	  "  chat m 1+30\n"
	  "  chat m 2+5 inferred=side_call\n" },
	{ "a call that asks about the run's question",
	  "@0+10 pid=1 tools=1 u:fix_the_bug_in_a.c -> c:call_0123456789abcde1:read:x\n"
	  "@5+20 pid=1 u:Make_a_title_for:_fix_the_bug_in_a.c -> Title\n"
	  "@6+20 pid=1 u:something_else_altogether -> Title\n",
	  "invoke_agent bot 0+25\n"
	  "  chat m 0+10\n"
	  "  chat m 5+20 inferred=side_call\n"
	  "chat m 6+20\n" },
};

TEST(runs_nested)
{
	runs_check(nested, ARRAY_LEN(nested), inferred);
}

TEST(runs_end)
{
	static const char *const ends[] = { "gentap.run.end", "gentap.run.retries",
					    "gentap.run.interrupted", NULL };
	static const struct runs_row rows[] = {
		{ "nothing happens any more",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\nsweep 1900000\n",
		  "invoke_agent bot 0+10 end=idle\n  chat m 0+10\n" },
		{ "its process ends",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\nexit 1\n",
		  "invoke_agent bot 0+10 end=process_exit\n  chat m 0+10\n" },
		{ "another process ends",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\nexit 2\n",
		  "invoke_agent bot 0+10 end=shutdown\n  chat m 0+10\n" },
		{ "the user says something else",
		  "@0+10 pid=1 tools=1 u:q -> c:call_0123456789abcde1:a:x\n"
		  "@20+10 pid=1 tools=1 u:q c:call_0123456789abcde1:a:x u:no -> fine\n",
		  "invoke_agent bot 0+10 end=interrupted interrupted\n  chat m 0+10\n"
		  "invoke_agent bot 20+10 end=final\n  chat m 20+10\n" },
		{ "it fails for good", "@0+10 pid=1 tools=1 u:q status=400 ->\n",
		  "invoke_agent bot 0+10 ERROR end=error\n  chat m 0+10 ERROR\n" },
		{ "it fails, is tried again, and waits meanwhile",
		  "@0+10 pid=1 tools=1 u:q status=529 ->\nsweep 100000\n"
		  "@100001+10 pid=1 tools=1 u:q -> hi\n",
		  "invoke_agent bot 0+100011 end=final retries=1\n  chat m 0+10 ERROR\n"
		  "  chat m 100001+10\n" },
	};

	runs_check(rows, ARRAY_LEN(rows), ends);
}

/* Whatever call of a run is missed, the others stay in it, and every parent is there. */
TEST(runs_with_any_call_missing)
{
	static struct runs r;
	enum { TURNS = 6 };

	for (unsigned int missing = 0; missing < TURNS; missing++) {
		_cleanup_(buf_cleanup) struct buf history = BUF_INIT(1 << 16);
		_cleanup_(buf_cleanup) struct buf all = BUF_INIT(1 << 20);
		_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);
		size_t runs = 0, chats = 0;

		for (unsigned int i = 0; i < TURNS; i++) {
			if (i != missing)
				buf_printf(&all, "@%u+10 pid=1 tools=1 u:q %.*s -> ", 100 * i,
					   (int)history.len, history.len ? history.data : "");
			if (i != missing && i == TURNS - 1)
				buf_add_str(&all, "done\n");
			else if (i != missing)
				buf_printf(&all, "c:call_0123456789abcde%u:a:x\n", i);
			buf_printf(&history,
				   "c:call_0123456789abcde%u:a:x r:call_0123456789abcde%u:ok ", i,
				   i);
		}
		test_row("without %u", missing);
		runs_start(&r, &(struct tracer_config){ 0 }, NULL);
		buf_add_char(&all, '\0');
		runs_feed(&r, all.data);
		runs_tree(&r, &tree);
		for (size_t at = 0; at < r.n; at++) {
			runs += !strncmp(r.spans[at].name, "invoke_agent", 12);
			chats += !strncmp(r.spans[at].name, "chat", 4);
		}
		CHECK_INT(runs, 1);
		CHECK_INT(chats, TURNS - 1);
		CHECK(slice_find(buf_slice(&tree), SLICE("?")) < 0);
	}
	test_row(NULL);
}

/* Fifty at once, of one prompt, in one process: each keeps its own. */
TEST(runs_at_once)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf all = BUF_INIT(1 << 20), tree = BUF_INIT(1 << 20);
	size_t runs = 0;

	for (unsigned int i = 0; i < 50; i++)
		buf_printf(&all,
			   "@%u+400 pid=1 tools=1 u:what_is_the_weather -> "
			   "c:call_0123456789abc%04u:get:what_is_the_weather\n",
			   i, i);
	for (unsigned int i = 0; i < 50; i++) {
		unsigned int k = (i * 37 + 11) % 50;

		buf_printf(&all,
			   "@%u+10 pid=1 tools=1 u:what_is_the_weather "
			   "c:call_0123456789abc%04u:get:what_is_the_weather "
			   "r:call_0123456789abc%04u:rain -> rain\n",
			   1000 + i, k, k);
	}
	buf_add_char(&all, '\0');
	runs_start(&r, &(struct tracer_config){ 0 }, NULL);
	runs_feed(&r, all.data);
	CHECK_INT(tracer_stats(r.tracer)->ambiguous, 0);
	runs_tree(&r, &tree);
	for (size_t i = 0; i < r.n; i++) {
		size_t chats = 0, tools = 0;

		if (strncmp(r.spans[i].name, "invoke_agent", 12))
			continue;
		runs++;
		for (size_t k = 0; k < r.n; k++) {
			if (memcmp(r.spans[k].parent, r.spans[i].id, 8))
				continue;
			chats += !strncmp(r.spans[k].name, "chat", 4);
			tools += !strncmp(r.spans[k].name, "execute_tool", 12);
		}
		CHECK_INT(chats, 2);
		CHECK_INT(tools, 1);
	}
	CHECK_INT(runs, 50);
}

TEST(runs_have_ceilings)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf all = BUF_INIT(1 << 20), tree = BUF_INIT(1 << 20);
	const struct tracer_config config = { .runs_max = 10,
					      .conversations_max = 20,
					      .points_max = 15 };

	for (unsigned int i = 0; i < 100; i++)
		buf_printf(&all, "@%u+10 pid=1 tools=1 u:q%u -> c:call_0123456789abc%04u:get:x\n",
			   i, i, i);
	buf_add_char(&all, '\0');
	runs_start(&r, &config, NULL);
	runs_feed(&r, all.data);
	CHECK_INT(tracer_stats(r.tracer)->runs_evicted, 90);
	CHECK_INT(tracer_stats(r.tracer)->conversations_evicted, 80);
	CHECK_INT(tracer_stats(r.tracer)->points_evicted, 85);
	runs_tree(&r, &tree);
	CHECK_INT(r.n, 200);
}

TEST(runs_without_memory)
{
	static struct runs r;
	static const char lines[] =
		"@0+10 pid=1 sys=You_are_Boss. tools=1 u:q -> "
		"c:call_0123456789abcde1:Task:look_for_the_bug\n"
		"@20+10 pid=1 sys=You_are_Explorer. tools=1 u:look_for_the_bug -> "
		"c:call_0123456789abcde2:transfer_to_x:f\n"
		"@40+10 pid=1 sys=You_are_X. tools=1 u:look_for_the_bug "
		"c:call_0123456789abcde2:transfer_to_x:f r:call_0123456789abcde2:ok -> found\n"
		"@60+10 pid=1 sys=You_are_Boss. tools=1 u:q "
		"c:call_0123456789abcde1:Task:look_for_the_bug r:call_0123456789abcde1:found -> "
		"done\n";

	EACH_MALLOC_FAILURE
	{
		const struct tracer_config config = { .content = true };
		struct span_sink sink = { &r, runs_on_span };
		struct slice rest = slice_from(lines);
		struct call *calls[4];
		long n = _n;

		/* The calls themselves are made with memory. */
		test_malloc_fail_at(-1);
		r = (struct runs){ 0 };
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			calls[i] = runs_call(&r, slice_cut(&rest, '\n'));
		test_malloc_fail_at(n);
		if (tracer_new(&r.tracer, &config, &sink)) {
			for (size_t i = 0; i < ARRAY_LEN(calls); i++)
				call_free(calls[i]);
			continue;
		}
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			tracer_call(r.tracer, calls[i]);
		tracer_free(r.tracer);
	}
	CHECK_INT(r.n, 9);
}
