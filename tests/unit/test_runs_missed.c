/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a tree whose calls were not all seen, and that it says so. */
#include "runs.h"

static const char *const notes[] = { "gentap.completeness", "gentap.partial_reason",
				     "gentap.run.gaps", "gentap.run.end", NULL };

#define ID(n) "call_0123456789abcde" #n

static const struct runs_row rows[] = {
	{ "the call that ended a run: what it had asked for, and the next run, are as they were",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID(1) ":a:x\n"
						/* missed: u:q c r -> done */
						"@200+10 pid=1 tools=1 u:q c:" ID(1) ":a:x r:" ID(
							1) ":ok a:done u:and_now -> fine\n",
	  "invoke_agent bot 0+10 completeness=partial partial_reason=calls_missed gaps=1 "
	  "end=final\n"
	  "  chat m 0+10 completeness=full\n"
	  "  execute_tool a 0+200 completeness=partial partial_reason=calls_missed\n"
	  "invoke_agent bot 200+10 completeness=full end=final\n"
	  "  chat m 200+10 completeness=full\n" },
	{ "the end of a run and the beginning of the next",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID(
		  1) ":a:x\n"
		     /* missed: its last call, and the first for the next question */
		     "@200+10 pid=1 tools=1 u:q c:" ID(1) ":a:x r:" ID(
			     1) ":ok a:done u:and_now c:" ID(2) ":b:y r:" ID(2) ":ok -> fine\n",
	  "invoke_agent bot 0+10 completeness=partial partial_reason=calls_missed gaps=1 "
	  "end=final\n"
	  "  chat m 0+10 completeness=full\n"
	  "  execute_tool a 0+200 completeness=partial partial_reason=calls_missed\n"
	  "invoke_agent bot 200+10 completeness=partial partial_reason=began_before gaps=1 "
	  "end=final\n"
	  "  execute_tool b 200+0 completeness=inferred partial_reason=calls_missed\n"
	  "  chat m 200+10 completeness=full\n" },
	{ "a call in the middle, which the user stopped",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID(1) ":a:x\n"
						/* missed: its result in, and b asked for */
						"@200+10 pid=1 tools=1 u:q c:" ID(1) ":a:x r:" ID(
							1) ":ok c:" ID(2) ":b:y u:stop -> fine\n",
	  "invoke_agent bot 0+10 completeness=partial partial_reason=calls_missed gaps=1 "
	  "end=interrupted\n"
	  "  chat m 0+10 completeness=full\n"
	  "  execute_tool a 0+200 completeness=partial partial_reason=calls_missed\n"
	  "invoke_agent bot 200+10 completeness=full end=final\n"
	  "  chat m 200+10 completeness=full\n" },
	{ "words beside a result end nothing",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID(
		  1) ":a:x\n"
		     "@200+10 pid=1 tools=1 u:q c:" ID(1) ":a:x r:" ID(1) ":ok c:" ID(
			     2) ":b:y r:" ID(2) ":ok u:reminder -> fine\n",
	  "invoke_agent bot 0+210 completeness=partial partial_reason=calls_missed gaps=1 "
	  "end=final\n"
	  "  chat m 0+10 completeness=full\n"
	  "  execute_tool a 0+200 completeness=partial partial_reason=calls_missed\n"
	  "  execute_tool b 200+0 completeness=inferred partial_reason=calls_missed\n"
	  "  chat m 200+10 completeness=full\n" },
	{ "a tool's file behind an answer that the client made up: nothing was missed",
	  "@0+10 pid=1 tools=1 u:q -> c:" ID(1) ":a:x\n"
						"@200+10 pid=1 tools=1 u:q c:" ID(1) ":a:x r:" ID(
							1) ":See_file_241a70 a:OK "
							   "u:This_is_file_241a70: -> fine\n",
	  "invoke_agent bot 0+210 completeness=full end=final\n"
	  "  chat m 0+10 completeness=full\n"
	  "  execute_tool a 0+200 completeness=full\n"
	  "  chat m 200+10 completeness=full\n" },
};

TEST(runs_missed)
{
	runs_check(rows, ARRAY_LEN(rows), notes);
}
