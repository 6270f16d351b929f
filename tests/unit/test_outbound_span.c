/* SPDX-License-Identifier: Apache-2.0 */
#include "runs.h"

#define TOOL "call_0123456789abcde1"
#define ASKS "@0+10 pid=7 tools=1 u:q -> c:" TOOL ":get:the_weather_at_example.org\n"
#define DONE                                                                                       \
	"@100+10 pid=7 tools=1 u:q c:" TOOL ":get:the_weather_at_example.org r:" TOOL              \
	":rain -> done\n"
#define TREE(below)                                                                                \
	"invoke_agent bot 0+110\n"                                                                 \
	"  chat m 0+10\n"                                                                          \
	"  execute_tool get 0+100" below "  chat m 100+10\n"

static const char *const notes[] = { "url.template",	    "http.response.status_code",
				     "server.address",	    "gentap.inferred",
				     "gentap.tool.effects", NULL };

static const struct runs_row rows[] = {
	{ "requests of the process itself",
	  ASKS "ask @20+5 pid=7 GET example.org /users/4711/mail 200\n" DONE,
	  TREE(" effects=1\n"
	       "    GET /users/{id}/mail 20+5 template=/users/{id}/mail status_code=200 "
	       "address=example.org inferred=tool_window\n") },
	{ "those that fail", ASKS "ask @20+5 pid=7 GET example.org / 503\n" DONE,
	  TREE(" effects=1\n"
	       "    GET / 20+5 ERROR template=/ status_code=503 address=example.org "
	       "inferred=tool_window\n") },
	{ "of a process that it started",
	  ASKS "ask @20+5 <8,7> pid=9 GET example.org /a 200\n" DONE,
	  TREE(" effects=1\n    GET /a 20+5 template=/a status_code=200 address=example.org "
	       "inferred=tool_window\n") },
	{ "of another process, before it and after it: not its",
	  "ask @5+1 pid=7 GET example.org /a 200\n" ASKS
	  "ask @20+5 <8> pid=9 GET example.org /a 200\n" DONE
	  "ask @120+5 pid=7 GET example.org /a 200\n",
	  TREE("\n") },
	{ "telemetry is nothing that a tool does",
	  ASKS "ask @20+5 pid=7 POST localhost /v1/traces 200\n"
	       "ask @21+5 pid=7 POST localhost "
	       "/opentelemetry.proto.collector.trace.v1.TraceService/Export 200\n" DONE,
	  TREE("\n") },
	{ "of two tools, the one that names the host; else none",
	  "@0+10 pid=7 tools=1 u:q -> c:" TOOL ":get:the_weather_at_example.org "
	  "c:call_0123456789abcde2:get:example.com\n"
	  "ask @20+5 pid=7 GET example.com /a 200\nask @30+5 pid=7 GET example.net /b 200\n"
	  "@100+10 pid=7 tools=1 u:q c:" TOOL ":get:the_weather_at_example.org "
	  "c:call_0123456789abcde2:get:example.com r:" TOOL
	  ":x r:call_0123456789abcde2:y -> done\n",
	  "invoke_agent bot 0+110\n"
	  "  chat m 0+10\n"
	  "  execute_tool get 0+100\n"
	  "  execute_tool get 0+100 effects=1\n"
	  "    GET /a 20+5 template=/a status_code=200 address=example.com inferred=tool_window\n"
	  "  chat m 100+10\n" },
	{ "a key in a path is not shown, nor a shorter one of mixed characters",
	  ASKS
	  "ask @20+5 pid=7 POST hooks.example.org /services/aB3dE5gH7jK9mN1pQ3sT5vW7 200\n" DONE,
	  TREE(" effects=1\n    POST /services/{id} 20+5 template=/services/{id} status_code=200 "
	       "address=hooks.example.org inferred=tool_window\n") },
	{ "a key in a path is not shown",
	  ASKS "ask @20+5 pid=7 GET api.example.org "
	       "/bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/send 200\n" DONE,
	  TREE(" effects=1\n    GET /{id}/send 20+5 template=/{id}/send status_code=200 "
	       "address=api.example.org inferred=tool_window\n") },
};

TEST(outbound_rows)
{
	runs_check(rows, ARRAY_LEN(rows), notes);
}

/* Who is asked about, before it is known what it does. */
TEST(outbound_acts)
{
	static struct runs r;
	struct process *own = runs_process(SLICE("7"), SLICE_NONE);
	struct process *below = runs_process(SLICE("9"), SLICE("8,7"));
	struct process *other = runs_process(SLICE("5"), SLICE("4"));
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);

	runs_start(&r, &(struct tracer_config){ 0 }, NULL);
	CHECK(!tracer_acts(r.tracer, own) && !tracer_acts(r.tracer, NULL));
	runs_feed(&r, ASKS);
	CHECK(tracer_acts(r.tracer, own) && tracer_acts(r.tracer, below));
	CHECK(!tracer_acts(r.tracer, other));
	runs_feed(&r, DONE);
	CHECK(!tracer_acts(r.tracer, own) && !tracer_acts(r.tracer, below));
	runs_tree(&r, &tree);
	process_unref(own);
	process_unref(below);
	process_unref(other);
}

/* More than a tool may have: counted, not shown. */
TEST(outbound_has_a_ceiling)
{
	static const char *const counts[] = { "gentap.tool.effects", "gentap.tool.effects_dropped",
					      NULL };
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);

	runs_start(&r, &(struct tracer_config){ 0 }, counts);
	runs_feed(&r, ASKS);
	for (unsigned int i = 0; i < 100; i++)
		runs_feed(&r, "ask @20+5 pid=7 GET example.org /a 200\n");
	runs_feed(&r, DONE);
	CHECK_INT(tracer_stats(r.tracer)->effects_dropped, 36);
	runs_tree(&r, &tree);
	CHECK(slice_find(buf_slice(&tree), SLICE("effects=64 effects_dropped=36")) > 0);
}

static void on_acting(void *ctx, uint32_t pid)
{
	*(unsigned int *)ctx += pid;
}

/* A statement to a database; that it may come is told before. */
TEST(outbound_database)
{
	static const char *const db_notes[] = { "db.system.name",
						"db.operation.name",
						"db.collection.name",
						"db.query.summary",
						"db.query.text",
						"db.response.status_code",
						NULL };
	static struct runs r;
	struct process *own = runs_process(SLICE("7"), SLICE_NONE);
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 20);
	struct outbound o = { .process = own,
			      .start_ns = RUNS_BASE + 20 * RUNS_MS,
			      .end_ns = RUNS_BASE + 25 * RUNS_MS,
			      .whole = true,
			      .system = "postgresql",
			      .summary = SLICE("SELECT users"),
			      .statement = SLICE("SELECT a FROM users WHERE b = ?") };
	unsigned int told = 0;

	runs_start(&r, &(struct tracer_config){ 0 }, db_notes);
	tracer_on_acting(r.tracer, on_acting, &told);
	runs_feed(&r, ASKS);
	CHECK_INT(told, 7);
	tracer_outbound(r.tracer, &o);
	o.failed = true;
	o.error = SLICE("42P01");
	o.summary = SLICE("SELECT a b");
	tracer_outbound(r.tracer, &o);
	o.summary = o.statement = o.error = SLICE_NONE;
	tracer_outbound(r.tracer, &o);
	runs_feed(&r, DONE);
	CHECK_INT(told, 7);
	runs_tree(&r, &tree);
	CHECK(slice_find(buf_slice(&tree), SLICE("SELECT users 20+5 name=postgresql name=SELECT "
						 "name=users summary=SELECT users "
						 "text=SELECT a FROM users WHERE b = ?\n")) > 0);
	CHECK(slice_find(buf_slice(&tree),
			 SLICE("SELECT a b 20+5 ERROR name=postgresql name=SELECT "
			       "summary=SELECT a b")) > 0);
	CHECK(slice_find(buf_slice(&tree), SLICE("postgresql 20+5 ERROR name=postgresql\n")) > 0);
	process_unref(own);
}
