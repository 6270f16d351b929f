/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that were rewritten from their beginning: summed up, or cut. */
#include "runs.h"

static const char *const notes[] = { "gentap.inferred", "gentap.conversation.rewritten",
				     "gentap.conversation.branch", "gentap.run.rewritten", NULL };

#define ID1 "call_0123456789abcde1"
#define ID2 "call_0123456789abcde2"
#define SUMMARY                                                                                    \
	"The_user_wants_the_bug_in_a.c_fixed,_which_is_an_off-by-one_in_the_loop_of_main().|Next:" \
	"_"                                                                                        \
	"edit_it."
#define LONG "It_is_a_long_answer_that_nobody_gives_twice_by_chance,_of_more_than_64_bytes_in_all."
#define LONG2 "Another_long_answer_that_nobody_gives_twice_by_chance,_of_more_than_64_bytes_again."

static const struct runs_row rows[] = {
	{ "a summary in the middle of the work, with words of the client before it",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID1 ":read:x\n"
	  "@20+10 pid=1 tools=1 u:q c:" ID1 ":read:x r:" ID1 ":text u:Summarize_this. -> " SUMMARY
	  "\n"
	  "@40+10 pid=1 tools=1 u:This_goes_on_from_another_session.|" SUMMARY " -> c:" ID2
	  ":edit:y\n"
	  "@60+10 pid=1 tools=1 u:This_goes_on_from_another_session.|" SUMMARY " c:" ID2
	  ":edit:y r:" ID2 ":ok -> done\n",
	  "invoke_agent bot 0+70 rewritten=1\n"
	  "  chat m 0+10\n"
	  "  execute_tool read 0+20\n"
	  "  chat m 20+10\n"
	  "  chat m 40+10 inferred=compaction rewritten branch\n"
	  "  execute_tool edit 40+20\n"
	  "  chat m 60+10\n" },
	{ "a summary as it was given, by an assistant's message",
	  "@0+10 pid=1 tools=1 u:q a:x u:Please_compact_our_conversation. -> " SUMMARY "\n"
	  "@20+10 pid=1 tools=1 u:What_did_we_do? a:" SUMMARY " u:go_on -> done\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10 rewritten=1\n"
	  "  chat m 20+10 inferred=compaction rewritten branch\n" },
	{ "a summary in a message behind others that were kept",
	  "@0+10 pid=1 tools=1 u:q u:q2 a:x u:Summarize_it. -> " SUMMARY "\n"
	  "@20+10 pid=1 tools=1 u:q u:q2 u:Summary:|" SUMMARY " -> done\n",
	  "invoke_agent bot 0+30 rewritten=1\n"
	  "  chat m 0+10\n"
	  "  chat m 20+10 inferred=compaction rewritten branch\n" },
	{ "the answer of one agent as the question of the next is no summary",
	  "@0+10 pid=1 tools=1 sys=A u:q a:x u:write_it -> " LONG "\n"
	  "@20+10 pid=1 tools=1 sys=B u:Check:|" LONG " -> fine\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "nor is what sums up a text, of no conversation",
	  "@0+10 pid=1 tools=1 u:Summarize_this:_... -> " SUMMARY "\n"
	  "@20+10 pid=1 tools=1 u:Translate:|" SUMMARY " -> fine\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "nor another process's",
	  "@0+10 pid=1 tools=1 u:q a:x u:Summarize_it. -> " SUMMARY "\n"
	  "@20+10 pid=2 tools=1 u:So_far:|" SUMMARY " -> done\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "two equal summaries: no guess",
	  "@0+10 pid=1 tools=1 u:q a:x u:Summarize_it. -> " SUMMARY "\n"
	  "@5+10 pid=1 tools=1 u:q a:y u:Summarize_it. -> " SUMMARY "\n"
	  "@20+10 pid=1 tools=1 u:So_far:|" SUMMARY " -> done\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 5+10\n"
	  "  chat m 5+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "the newest messages only: three of them agree",
	  "@0+10 pid=1 tools=1 u:q1 a:a1 u:q2 -> a2\n"
	  "@20+10 pid=1 tools=1 a:a1 u:q2 a:a2 u:q3 -> a3\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10 rewritten=1\n"
	  "  chat m 20+10 inferred=history_tail rewritten branch\n" },
	{ "the newest messages only: two agree, the answer is long",
	  "@0+10 pid=1 tools=1 u:q1 a:a1 u:q2 -> " LONG "\n"
	  "@20+10 pid=1 tools=1 u:q2 a:" LONG " u:q3 -> " LONG2 "\n"
	  "@40+10 pid=1 tools=1 u:q3 a:" LONG2 " u:q4 -> fine\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10 rewritten=1\n"
	  "  chat m 20+10 inferred=history_tail rewritten branch\n"
	  "invoke_agent bot 40+10 rewritten=1\n"
	  "  chat m 40+10 inferred=history_tail rewritten branch\n" },
	{ "two short messages prove nothing",
	  "@0+10 pid=1 tools=1 u:q1 a:a1 u:hi -> hello\n"
	  "@20+10 pid=1 tools=1 u:hi a:hello u:q3 -> a3\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "nor do equal ones of another agent",
	  "@0+10 pid=1 tools=1 sys=A u:q1 a:a1 u:q2 -> a2\n"
	  "@20+10 pid=1 tools=1 sys=B a:a1 u:q2 a:a2 u:q3 -> a3\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "old results were taken out: ids tell, and that it was rewritten is said",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID1 ":read:x\n"
	  "@20+10 pid=1 tools=1 u:q c:" ID1 ":read:x r:" ID1 ":text -> c:" ID2 ":edit:y\n"
	  "@40+10 pid=1 tools=1 u:q c:" ID1 ":read:x r:" ID1 ":(cleared) c:" ID2 ":edit:y r:" ID2
	  ":ok -> done\n",
	  "invoke_agent bot 0+50 rewritten=1\n"
	  "  chat m 0+10\n"
	  "  execute_tool read 0+20\n"
	  "  chat m 20+10\n"
	  "  execute_tool edit 20+20\n"
	  "  chat m 40+10 rewritten branch\n" },
	{ "the same without ids: from where nothing was changed it goes another way",
	  "@0+10 pid=1 tools=1 u:q -> c::read:x\n"
	  "@20+10 pid=1 tools=1 u:q c::read:x r::text -> c::edit:y\n"
	  "@40+10 pid=1 tools=1 u:q c::read:x r::(cleared) c::edit:y r::ok -> done\n",
	  "invoke_agent bot 0+50\n"
	  "  chat m 0+10\n"
	  "  execute_tool read 0+20\n"
	  "  chat m 20+10 inferred=history\n"
	  "  execute_tool edit 20+20\n"
	  "  chat m 40+10 inferred=history branch\n" },
	{ "a question that was changed: a new branch from the longest common beginning",
	  "@0+10 pid=1 tools=1 u:q1 -> a1\n"
	  "@20+10 pid=1 tools=1 u:q1 a:a1 u:q2 -> a2\n"
	  "@40+10 pid=1 tools=1 u:q1 a:a1 u:q2 a:a2 u:q3 -> a3\n"
	  "@60+10 pid=1 tools=1 u:q1 a:a1 u:other -> a4\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10 inferred=history\n"
	  "invoke_agent bot 40+10\n"
	  "  chat m 40+10 inferred=history\n"
	  "invoke_agent bot 60+10\n"
	  "  chat m 60+10 inferred=history branch\n" },
};

TEST(runs_rewritten)
{
	runs_check(rows, ARRAY_LEN(rows), notes);
}

static uint64_t conversation_seen;

static void note_conversation(void *ctx, struct span *s)
{
	const struct attr *a = span_attr(s, "gen_ai.conversation.id");
	uint64_t *n = ctx;
	uint64_t id = a ? slice_hash(SLICE_HASH, a->string) : 0;

	*n += !id || (conversation_seen && id != conversation_seen);
	conversation_seen = id;
}

/* It stays one conversation, whatever becomes of its history. */
TEST(runs_rewritten_keep_their_conversation)
{
	static const char lines[] =
		"@0+10 pid=1 tools=1 u:q -> c:" ID1 ":read:x\n"
		"@20+10 pid=1 tools=1 u:q c:" ID1 ":read:x r:" ID1 ":t u:Summarize. -> " SUMMARY
		"\n"
		"@40+10 pid=1 tools=1 u:Before:|" SUMMARY " -> " LONG "\n"
		"@60+10 pid=1 tools=1 u:Before:|" SUMMARY " a:" LONG " u:more -> " LONG2 "\n"
		"@80+10 pid=1 tools=1 u:more a:" LONG2 " u:q -> end\n";
	struct runs r = { 0 };
	uint64_t others = 0;
	struct span_sink sink = { &others, note_conversation };

	conversation_seen = 0;
	CHECK_INT(tracer_new(&r.tracer, &(struct tracer_config){ 0 }, &sink), 0);
	runs_feed(&r, lines);
	tracer_free(r.tracer);
	CHECK(conversation_seen != 0);
	CHECK_INT(others, 0);
}

/* Of a text of any size, a bounded part is looked up. */
TEST(runs_rewritten_have_a_bound)
{
	_cleanup_(buf_cleanup) struct buf line = BUF_INIT(1 << 20), tree = BUF_INIT(1 << 20);
	static struct runs r;

	buf_add_str(&line, "@0+10 pid=1 tools=1 u:q a:x u:Summarize_it. -> " SUMMARY "\n");
	buf_add_str(&line, "@20+10 pid=1 tools=1 u:" SUMMARY);
	for (size_t i = 0; i < 40; i++)
		buf_printf(&line,
			   " u:text_%zu_that_is_long_enough_to_be_looked_up_as_a_summary_of_it", i);
	buf_add_str(&line, " -> done\n");
	buf_add_char(&line, '\0');
	runs_start(&r, &(struct tracer_config){ 0 }, notes);
	runs_feed(&r, line.data);
	runs_tree(&r, &tree);
	CHECK(slice_find(buf_slice(&tree), SLICE("compaction")) < 0);
}
