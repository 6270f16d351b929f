/* SPDX-License-Identifier: Apache-2.0 */
/* By the bindings of A2A 1.0 (specification, sections 10 and 11) and 0.3. */
#include "mcp_rows.h"

#define ASK                                                                                        \
	"{\"message\":{\"messageId\":\"m1\",\"contextId\":\"ctx\",\"role\":\"ROLE_USER\","         \
	"\"parts\":[{\"text\":\"hi\"}]}}"
#define GRPC .request_fields = "content-type: application/grpc\n", .method = "POST"

static const struct mcp_row rows[] = {
	{ "a message that is answered with a task",
	  { .target = "/message:send",
	    .host = "h.example",
	    .request = SLICE(ASK),
	    .response = SLICE("{\"task\":{\"id\":\"t1\",\"contextId\":\"ctx\",\"status\":{"
			      "\"state\":\"TASK_STATE_WORKING\"}}}") },
	  "SendMessage a2a rest context=ctx answered result={\"id\":\"t1\",\"contextId\":\"ctx\","
	  "\"status\":{\"state\":\"TASK_STATE_WORKING\"}} arguments={}" },
	{ "0.3: below a version, the context that the server drew",
	  { .target = "/agents/7/v1/message:send?x=1",
	    .host = "h.example",
	    .request = SLICE("{\"message\":{\"messageId\":\"m1\",\"content\":[]}}"),
	    .response = SLICE("{\"message\":{\"contextId\":\"new\"}}") },
	  "SendMessage a2a rest context=new answered result={\"contextId\":\"new\"} arguments={}" },
	{ "a stream",
	  { .target = "/message:stream",
	    .host = "h.example",
	    .response_fields = EXCHANGE_STREAM,
	    .request = SLICE(ASK),
	    .response = SLICE(
		    "data: {\"task\":{\"id\":\"t1\"}}\n\n"
		    "data: {\"statusUpdate\":{\"taskId\":\"t1\"}}\n\n"
		    "data: {\"artifactUpdate\":{\"taskId\":\"t1\",\"lastChunk\":true}}\n\n") },
	  "SendStreamingMessage a2a rest context=ctx answered progress=2 "
	  "result={\"taskId\":\"t1\",\"lastChunk\":true} arguments={}" },
	{ "an error",
	  { .target = "/tasks/t1:cancel",
	    .host = "h.example",
	    .status = 404,
	    .request = SLICE("{}"),
	    .response = SLICE("{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":"
			      "\"no such task\"}}") },
	  "CancelTask a2a rest error=NOT_FOUND arguments={}" },
	{ "without anything to say",
	  { .target = "/tasks/t1:subscribe",
	    .host = "h.example",
	    .response_fields = EXCHANGE_STREAM,
	    .response = SLICE("data: {\"task\":{\"id\":\"t1\"}}\n\n") },
	  "SubscribeToTask a2a rest answered result={\"id\":\"t1\"} arguments={}" },
	{ "gRPC",
	  { GRPC, .target = "/lf.a2a.v1.A2AService/SendMessage", .host = "h.example",
	    .response_fields = "content-type: application/grpc\n",
	    .request = SLICE("\0\0\0\0\2\x0a\0"), .response = SLICE("\0\0\0\0\2\x0a\0") },
	  "SendMessage a2a grpc answered arguments={}" },
	{ "gRPC: what a stream has",
	  { GRPC, .target = "/a2a.v1.A2AService/SendStreamingMessage", .host = "h.example",
	    .response_fields = "content-type: application/grpc\n",
	    .request = SLICE("\0\0\0\0\2\x0a\0"), .response = SLICE("\0\0\0\0\2\x0a\0\0\0\0\0\0") },
	  "SendStreamingMessage a2a grpc answered progress=1 arguments={}" },
	{ "a task, by the version's field",
	  { .target = "/agents/7/tasks/t1?historyLength=1",
	    .host = "h.example",
	    .method = "GET",
	    .request_fields = "A2A-Version: 1.0\n",
	    .response = SLICE("{\"id\":\"t1\",\"contextId\":\"ctx\"}") },
	  "GetTask a2a rest context=ctx answered result={\"id\":\"t1\",\"contextId\":\"ctx\"} "
	  "arguments={}" },
	{ "all of them",
	  { .target = "/tasks",
	    .host = "h.example",
	    .method = "GET",
	    .request_fields = "A2A-Version: 1.0\n",
	    .response = SLICE("{\"tasks\":[]}") },
	  "ListTasks a2a rest answered result={\"tasks\":[]} arguments={}" },
	{ "something else of theirs",
	  { .target = "/tasks/t1/pushNotificationConfigs",
	    .host = "h.example",
	    .method = "GET",
	    .request_fields = "A2A-Version: 1.0\n",
	    .response = SLICE("{}") },
	  NULL },
	{ "anybody's GET of a task",
	  { .target = "/tasks/t1",
	    .host = "h.example",
	    .method = "GET",
	    .response = SLICE("{\"id\":\"t1\"}") },
	  NULL },
	{ "anybody's task",
	  { .target = "/tasks/7",
	    .host = "h.example",
	    .request = SLICE("{\"title\":\"wash up\"}"),
	    .response = SLICE("{\"id\":7}") },
	  NULL },
	{ "anybody's verb",
	  { .target = "/orders/7:cancel",
	    .host = "h.example",
	    .request = SLICE("{}"),
	    .response = SLICE("{\"id\":7}") },
	  NULL },
};

TEST(a2a_rows_at_every_split)
{
	mcp_rows_check(rows, ARRAY_LEN(rows));
}

TEST(a2a_without_memory)
{
	mcp_rows_without_memory(rows, ARRAY_LEN(rows));
}
