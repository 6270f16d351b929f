/* SPDX-License-Identifier: Apache-2.0 */
#include "mcp_rows.h"

#define ASK                                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"get\","    \
	"\"arguments\":{\"q\":\"x\"},\"_meta\":{\"traceparent\":"                                  \
	"\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}}}"

static const struct mcp_row rows[] = {
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
	  "prompts/get p id=a answered code=-32602 message=no such prompt error=-32602 "
	  "arguments={}" },
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

TEST(mcp_rows_at_every_split)
{
	mcp_rows_check(rows, ARRAY_LEN(rows));
}

TEST(mcp_without_memory)
{
	mcp_rows_without_memory(rows, ARRAY_LEN(rows));
}
