/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that the client changed: ids of its own, edited answers. */
#include "runs.h"

static const char *const inferred[] = { "gentap.inferred", NULL };

static const struct runs_row rows[] = {
	{ "ids that the client made up: an old result answers no new call of that name",
	  "@0+10 pid=1 tools=1 u:q -> c::a:x\n"
	  "@20+10 pid=1 tools=1 u:q c:p1:a:x r:p1:r1 -> c::a:y c::a:z\n"
	  "@40+10 pid=1 tools=1 u:q c:p1:a:x r:p1:r1 c:p2:a:y c:p3:a:z r:p2:r2 -> one\n",
	  "invoke_agent bot 0+50\n"
	  "  chat m 0+10\n"
	  "  execute_tool a 0+20\n"
	  "  chat m 20+10 inferred=history\n"
	  "  execute_tool a 20+20\n"
	  "  chat m 40+10 inferred=history\n" },
	{ "ids that the client made up: what was asked tells two runs apart",
	  "@0+10 pid=1 tools=1 u:q -> c::a:x\n"
	  "@5+10 pid=1 tools=1 u:q -> c::a:y\n"
	  "@20+10 pid=1 tools=1 u:q c:p1:a:x r:p1:r1 -> one\n"
	  "@40+10 pid=1 tools=1 u:q c:p2:a:y r:p2:r2 -> two\n",
	  "invoke_agent bot 0+30\n"
	  "  chat m 0+10\n"
	  "  execute_tool a 0+20\n"
	  "  chat m 20+10 inferred=history\n"
	  "invoke_agent bot 5+45\n"
	  "  chat m 5+10\n"
	  "  execute_tool a 5+35\n"
	  "  chat m 40+10 inferred=history\n" },
	{ "ids that the client made up, of equal runs: no guess",
	  "@0+10 pid=1 tools=1 u:q -> c::a:x\n"
	  "@5+10 pid=1 tools=1 u:q -> c::a:x\n"
	  "@20+10 pid=1 tools=1 u:q c:p1:a:x r:p1:r1 -> one\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 5+10\n"
	  "  chat m 5+10\n"
	  "invoke_agent bot 20+10\n"
	  "  chat m 20+10\n" },
	{ "an answer that the client edited",
	  "@0+10 pid=1 tools=1 sys=S u:q -> hi\n"
	  "@100+10 pid=1 tools=1 sys=S u:q a:ho u:more -> fine\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 100+10\n"
	  "  chat m 100+10 inferred=history_edited\n" },
	{ "another's example that begins with the same question is no edited answer",
	  "@0+10 pid=1 tools=1 sys=S u:q -> hi\n"
	  "@100+10 pid=1 tools=1 sys=T u:q a:ho u:more -> fine\n",
	  "invoke_agent bot 0+10\n"
	  "  chat m 0+10\n"
	  "invoke_agent bot 100+10\n"
	  "  chat m 100+10\n" },
};

TEST(runs_edited)
{
	runs_check(rows, ARRAY_LEN(rows), inferred);
}
