/* SPDX-License-Identifier: Apache-2.0 */
/* Two observers of the same calls, one on the client's host and one on a gateway's, tell the same
 * ids where the wire gives them a key, and different ones where it gives none. */
#include "runs.h"

#include "shared_id.h"

static int by_id(const void *a, const void *b)
{
	return memcmp(((const struct runs_span *)a)->id, ((const struct runs_span *)b)->id, 8);
}

/* Another host: another key, process, connection, and side. */
static void observe(struct runs *r, const char *lines, bool gateway)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 16), tree = BUF_INIT(1 << 16);
	struct slice rest = slice_from(lines);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		struct slice at = slice_cut(&line, ' ');

		buf_add_slice(&text, at);
		buf_add_str(&text, gateway ? " pid=77 side=server " : " pid=1 ");
		buf_add_slice(&text, line);
		buf_add_char(&text, '\n');
	}
	buf_add_char(&text, '\0');
	runs_start(r, &(struct tracer_config){ .seed = { gateway ? 7 : 8 } }, NULL);
	r->calls = gateway ? 1000 : 0;
	runs_feed(r, text.data);
	runs_tree(r, &tree);
	qsort(r->spans, r->n, sizeof(*r->spans), by_id);
}

#define TRACE "trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 "

static const struct {
	const char *name, *calls;
	size_t same; /* spans that both tell with the same ids */
	size_t all;
} rows[] = {
	{ "the response's id",
	  "@0+10 tools=1 u:q resp=chatcmpl-0123456789abcdef -> "
	  "c:call_0123456789abcde1:read:x c:call_0123456789abcde2:read:y\n"
	  "@50+10 tools=1 u:q c:call_0123456789abcde1:read:x c:call_0123456789abcde2:read:y "
	  "r:call_0123456789abcde1:1 r:call_0123456789abcde2:2 resp=chatcmpl-0123456789abcdf0 -> "
	  "done\n",
	  5, 5 },
	{ "the request's id, of a provider that names no response",
	  "@0+10 u:q req=req_011CSHoEeqs5C35K2UUqR7Fy -> hi\n", 1, 1 },
	{ "the request's traceparent", "@0+10 u:q " TRACE "-> hi\n", 1, 1 },
	{ "two of one parent", "@0+10 u:q " TRACE "-> hi\n@50+10 u:r " TRACE "-> ho\n", 2, 2 },
	{ "the same again: who can tell which?",
	  "@0+10 u:q " TRACE "-> hi\n@50+10 u:q " TRACE "-> hi\n", 1, 2 },
	{ "a server that names every response alike",
	  "@0+10 u:q resp=chatcmpl-0123456789abcdef -> hi\n"
	  "@50+10 u:r resp=chatcmpl-0123456789abcdef -> ho\n",
	  1, 2 },
	{ "a short id is none", "@0+10 u:q resp=chatcmpl-123 -> hi\n", 0, 1 },
	{ "nothing in common", "@0+10 u:q -> hi\n", 0, 1 },
	{ "the run has its ids from its first call, whatever comes then",
	  "@0+10 tools=1 u:q resp=chatcmpl-0123456789abcdef -> c:call_0123456789abcde1:read:x\n"
	  "@50+10 tools=1 u:q c:call_0123456789abcde1:read:x r:call_0123456789abcde1:1 -> done\n",
	  3, 4 },
};

TEST(shared_id_of_two_observers)
{
	static struct runs client, gateway;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t same = 0;

		test_row("%s", rows[i].name);
		observe(&client, rows[i].calls, false);
		observe(&gateway, rows[i].calls, true);
		CHECK_INT(client.n, rows[i].all);
		CHECK_INT(gateway.n, rows[i].all);
		for (size_t a = 0; a < client.n; a++)
			for (size_t b = 0; b < gateway.n; b++)
				same += !memcmp(client.spans[a].id, gateway.spans[b].id, 8) &&
					!memcmp(client.spans[a].trace, gateway.spans[b].trace,
						16) &&
					!memcmp(client.spans[a].parent, gateway.spans[b].parent,
						8) &&
					!strcmp(client.spans[a].name, gateway.spans[b].name);
		CHECK_INT(same, rows[i].same);
		/* And no id is told twice. */
		for (size_t a = 1; a < client.n; a++)
			CHECK(memcmp(client.spans[a - 1].id, client.spans[a].id, 8));
	}
	test_row(NULL);
}

/* ---- What only one of them sees ------------------------------------------------------------ */

static const char *const own_notes[] = { "gentap.ids.own", NULL };

static void check_tree(const struct tracer_config *config, const char *calls, const char *want,
		       struct runs *ret)
{
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

	runs_start(ret, config, own_notes);
	runs_feed(ret, calls);
	runs_tree(ret, &tree);
	CHECK_STR(buf_slice(&tree), want);
}

/* Of the gateway's spans, how many the client's host tells with that id, and in that trace. */
static size_t same_traces(const struct runs *client, const struct runs *gateway, size_t *ret_ids)
{
	size_t traces = 0;

	*ret_ids = 0;
	for (size_t a = 0; a < client->n; a++)
		for (size_t b = 0; b < gateway->n; b++) {
			bool id = !memcmp(client->spans[a].id, gateway->spans[b].id, 8);

			*ret_ids += id;
			traces +=
				id && !memcmp(client->spans[a].trace, gateway->spans[b].trace, 16);
		}
	return traces;
}

#define FIRST(who)                                                                                 \
	"@0+10 " who " tools=1 u:q resp=chatcmpl-0123456789abcdef -> "                             \
	"c:call_0123456789abcde1:read:x\n"                                                         \
	"@50+10 " who " tools=1 u:q c:call_0123456789abcde1:read:x r:call_0123456789abcde1:1 "     \
	"resp=chatcmpl-0123456789abcdf0 -> done\n"
#define SECOND(who)                                                                                \
	"@70+10 " who " sys=You_are_Other. tools=1 u:other resp=chatcmpl-0123456789abcdf1 -> no\n"
#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static const struct {
	const char *name, *client, *client_tree, *gateway, *gateway_tree;
	size_t ids, traces;
} cases[] = {
	{ "a request without a trace takes that of its first call",
	  FIRST("pid=1 for=1") "served 1 pid=1\n",
	  "POST /ask 0+1\n  invoke_agent bot 0+60\n    chat m 0+10\n"
	  "    execute_tool read 0+50\n    chat m 50+10\n",
	  FIRST("pid=77 side=server"),
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool read 0+50\n  chat m "
	  "50+10\n",
	  4, 4 },
	{ "what else is made for it is in a trace of its own elsewhere",
	  FIRST("pid=1 for=1") SECOND("pid=1 for=1") "served 1 pid=1\n",
	  "POST /ask 0+1\n  invoke_agent bot 0+60\n    chat m 0+10\n"
	  "    execute_tool read 0+50\n    chat m 50+10\n"
	  "  invoke_agent Other 70+10 trace\n    chat m 70+10 trace\n",
	  FIRST("pid=77 side=server") SECOND("pid=77 side=server"),
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool read 0+50\n  chat m 50+10\n"
	  "invoke_agent Other 70+10\n  chat m 70+10\n",
	  6, 4 },
	{ "the next request has its own",
	  FIRST("pid=1 for=1") "served 1 pid=1\n" SECOND("pid=1 for=2") "served 2 pid=1\n",
	  "POST /ask 0+1\n  invoke_agent bot 0+60\n    chat m 0+10\n"
	  "    execute_tool read 0+50\n    chat m 50+10\n"
	  "POST /ask 0+1\n  invoke_agent Other 70+10\n    chat m 70+10\n",
	  FIRST("pid=77 side=server") SECOND("pid=77 side=server"),
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool read 0+50\n  chat m 50+10\n"
	  "invoke_agent Other 70+10\n  chat m 70+10\n",
	  6, 6 },
	{ "the process's environment names a trace", FIRST("pid=1 env=" PARENT),
	  "? chat m\n? execute_tool read\n? chat m\n? invoke_agent bot\n",
	  FIRST("pid=77 side=server"),
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool read 0+50\n  chat m "
	  "50+10\n",
	  4, 0 },
	{ "nothing in common is all its own", "@0+10 pid=1 u:q -> hi\n", "chat m 0+10 span,trace\n",
	  "@0+10 pid=77 side=server u:q -> hi\n", "chat m 0+10 span,trace\n", 0, 0 },
	{ "an agent that a tool starts, known by the process tree",
	  "@0+10 pid=1 tools=1 u:q resp=chatcmpl-0123456789abcdef -> "
	  "c:call_0123456789abcde1:run:x\n"
	  "@20+10 pid=2 <1> sys=You_are_Other. tools=1 u:other "
	  "resp=chatcmpl-0123456789abcdf1 -> no\n"
	  "@50+10 pid=1 tools=1 u:q c:call_0123456789abcde1:run:x "
	  "r:call_0123456789abcde1:1 resp=chatcmpl-0123456789abcdf0 -> done\n",
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool run 0+50\n"
	  "    invoke_agent Other 20+10 trace\n      chat m 20+10 trace\n  chat m 50+10\n",
	  "@0+10 pid=77 side=server tools=1 u:q resp=chatcmpl-0123456789abcdef -> "
	  "c:call_0123456789abcde1:run:x\n"
	  "@20+10 pid=77 side=server sys=You_are_Other. tools=1 u:other "
	  "resp=chatcmpl-0123456789abcdf1 -> no\n"
	  "@50+10 pid=77 side=server tools=1 u:q c:call_0123456789abcde1:run:x "
	  "r:call_0123456789abcde1:1 resp=chatcmpl-0123456789abcdf0 -> done\n",
	  "invoke_agent bot 0+60\n  chat m 0+10\n  execute_tool run 0+50\n  chat m 50+10\n"
	  "invoke_agent Other 20+10\n  chat m 20+10\n",
	  6, 4 },
};

TEST(shared_id_off_the_wire)
{
	static struct runs client, gateway;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t ids, traces;

		test_row("%s", cases[i].name);
		check_tree(&(struct tracer_config){ .seed = { 8 } }, cases[i].client,
			   cases[i].client_tree, &client);
		check_tree(&(struct tracer_config){ .seed = { 7 } }, cases[i].gateway,
			   cases[i].gateway_tree, &gateway);
		traces = same_traces(&client, &gateway, &ids);
		CHECK_INT(ids, cases[i].ids);
		CHECK_INT(traces, cases[i].traces);
	}
	test_row(NULL);
}

/* Whoever sees the first answer, or only a later call, names the conversation alike. */
TEST(shared_id_of_conversations)
{
	static const char *const notes[] = { "gen_ai.conversation.id", NULL };
	static const char *const seen[] = {
		FIRST("pid=1"),
		FIRST("pid=77 side=server"),
		"@50+10 pid=5 tools=1 u:q c:call_0123456789abcde1:read:x r:call_0123456789abcde1:1 "
		"-> done\n",
	};
	static struct runs runs[ARRAY_LEN(seen)];

	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

		runs_start(&runs[i], &(struct tracer_config){ .seed = { (uint8_t)i } }, notes);
		runs_feed(&runs[i], seen[i]);
		runs_tree(&runs[i], &tree);
		CHECK(strlen(runs[i].spans[0].notes) > 20);
		CHECK_STR(slice_from(runs[i].spans[0].notes), runs[0].spans[0].notes);
	}
}

TEST(shared_id_requests_have_a_ceiling)
{
	static struct runs r;
	_cleanup_(buf_cleanup) struct buf all = BUF_INIT(1 << 20), tree = BUF_INIT(1 << 20);

	for (unsigned int i = 0; i < 10; i++)
		buf_printf(&all, "@%u+1 pid=1 for=%u u:q%u resp=chatcmpl-%020u -> hi\n", i, i, i,
			   i);
	for (unsigned int i = 0; i < 10; i++)
		buf_printf(&all, "served %u pid=1\n", i);
	buf_add_char(&all, '\0');
	runs_start(&r, &(struct tracer_config){ 0 }, own_notes);
	runs_feed(&r, all.data);
	CHECK_INT(r.n, 20);
	for (unsigned int i = 0; i < 10; i++)
		CHECK(!memcmp(r.spans[i].trace, r.spans[10 + i].trace, 16));
	runs_tree(&r, &tree);
}

TEST(shared_id_keys_have_a_ceiling)
{
	struct shared_ids ids;
	char id[40];

	shared_ids_init(&ids);
	for (unsigned int i = 0; i < SHARED_IDS_MAX + 2; i++) {
		struct call *c = NULL;
		struct span *s = NULL;

		call_new(&c);
		CHECK_INT(span_new(&s), 0);
		snprintf(id, sizeof(id), "chatcmpl-%020u", i);
		c->op = OP_CHAT;
		c->response_id = slice_from(id);
		CHECK(shared_ids_set(&ids, c, s));
		/* The one just used is known, the oldest is forgotten. */
		CHECK(!shared_ids_set(&ids, c, s));
		span_free(s);
		call_free(c);
	}
	CHECK_INT(ids.seen.count, SHARED_IDS_MAX);
	CHECK_INT(ids.repeated, SHARED_IDS_MAX + 2);
	shared_ids_release(&ids);
}

/* After a restart: what the agent of before has told is another call than a new one whose
 * response has the same id, from a cache. */
TEST(shared_id_of_what_was_told_before)
{
	static const char *const call = "@0+10 pid=1 u:q resp=chatcmpl-0123456789abcdef -> hi\n";
	static struct runs before, after, other;
	_cleanup_(buf_cleanup) struct buf tree = BUF_INIT(1 << 16);

	runs_start(&before, &(struct tracer_config){ .seed = { 7 } }, NULL);
	runs_feed(&before, call);
	runs_tree(&before, &tree);
	runs_start(&after, &(struct tracer_config){ .seed = { 7 } }, NULL);
	tracer_told(after.tracer, before.spans[0].id);
	runs_feed(&after, call);
	CHECK_INT(tracer_stats(after.tracer)->ids_repeated, 1);
	runs_tree(&after, &tree);
	runs_start(&other, &(struct tracer_config){ .seed = { 7 } }, NULL);
	tracer_told(other.tracer, (const uint8_t[8]){ 1, 2, 3 });
	runs_feed(&other, call);
	runs_tree(&other, &tree);
	CHECK(memcmp(before.spans[0].id, after.spans[0].id, 8));
	CHECK(!memcmp(before.spans[0].id, other.spans[0].id, 8));
}
