/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"
#include "mcp.h"

#define ASK                                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"get\","    \
	"\"arguments\":{\"q\":\"x\"},\"_meta\":{\"traceparent\":"                                  \
	"\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}}}"

struct row {
	const char *name;
	struct exchange x;
	const char *want; /* NULL: no call */
};

static const struct row rows[] = {
	{ "a tool",
	  { .target = "/mcp",
	    .host = "h.example",
	    .request = SLICE(ASK),
	    .response = SLICE("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":"
			      "\"text\",\"text\":\"rain\"}],\"isError\":false}}") },
	  "tools/call get id=7 parent answered result=rain arguments={\"q\":\"x\"}" },
	{ "in a stream, behind notifications",
	  { .target = "/mcp",
	    .host = "h.example",
	    .response_fields = EXCHANGE_STREAM,
	    .request = SLICE(ASK),
	    .response = SLICE(
		    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
		    "progress\",\"params\":{}}\n\nevent: message\ndata: "
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":\"text\","
		    "\"text\":\"no\"}],\"isError\":true}}\n\n") },
	  "tools/call get id=7 parent answered is_error progress=1 result=no "
	  "arguments={\"q\":\"x\"}" },
	{ "an error of the protocol",
	  { .target = "/",
	    .host = "h.example",
	    .request = SLICE("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"prompts/get\","
			     "\"params\":{\"name\":\"p\"}}"),
	    .response = SLICE("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32602,"
			      "\"message\":\"no such prompt\"}}") },
	  "prompts/get p id=a answered code=-32602 message=no such prompt arguments={}" },
	{ "Agent2Agent",
	  { .target = "/a2a",
	    .host = "h.example",
	    .request = SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message/send\",\"params\":"
			     "{\"message\":{\"contextId\":\"ctx\",\"parts\":[]}}}"),
	    .response = SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"kind\":\"task\"}}") },
	  "message/send id=1 a2a context=ctx answered result={\"kind\":\"task\"} arguments={}" },
	{ "another JSON-RPC",
	  { .target = "/rpc",
	    .host = "h.example",
	    .request =
		    SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[]}"),
	    .response = SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x\"}") },
	  NULL },
	{ "another id is no answer",
	  { .target = "/mcp",
	    .host = "h.example",
	    .request = SLICE(ASK),
	    .response = SLICE("{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}") },
	  "tools/call get id=7 parent arguments={\"q\":\"x\"}" },
};

static void dump(void *ctx, struct call *c)
{
	const struct mcp *m = c->mcp;
	struct buf *to = ctx;

	if (c->op == OP_MCP && m) {
		buf_add_slice(to, m->method);
		if (m->tool.len || m->prompt.len)
			buf_printf(to, " %.*s", SLICE_FMT(m->tool.len ? m->tool : m->prompt));
		buf_printf(to, " id=%.*s", SLICE_FMT(m->id));
		buf_add_str(to, m->parent.valid ? " parent" : "");
		buf_add_str(to, m->a2a ? " a2a" : "");
		if (m->context.len)
			buf_printf(to, " context=%.*s", SLICE_FMT(m->context));
		buf_add_str(to, m->answered ? " answered" : "");
		buf_add_str(to, m->is_error ? " is_error" : "");
		if (m->has_code)
			buf_printf(to, " code=%lld message=%.*s", (long long)m->code,
				   SLICE_FMT(m->error_message));
		if (m->progress)
			buf_printf(to, " progress=%llu", (unsigned long long)m->progress);
		if (m->result.text.len)
			buf_printf(to, " result=%.*s", SLICE_FMT(m->result.text));
		buf_printf(to, " arguments=%.*s", SLICE_FMT(m->arguments.text));
	}
	call_free(c);
}

TEST(mcp_rows_at_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t first = 0; first < rows[i].x.response.len; first++) {
			_cleanup_(buf_cleanup) struct buf got = BUF_INIT(1 << 16);

			test_row("%s, split at %zu", rows[i].name, first);
			exchange_run(&rows[i].x, dump, &got, first ? first : 1, SIZE_MAX);
			CHECK_SLICE(got.len ? buf_slice(&got) : SLICE_NONE,
				    slice_from(rows[i].want));
		}
	test_row(NULL);
}

TEST(mcp_without_memory)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EACH_MALLOC_FAILURE
		{
			struct buf got = BUF_INIT(1 << 16);

			exchange_run(&rows[i].x, dump, &got, 0, SIZE_MAX);
			buf_release(&got);
		}
}
