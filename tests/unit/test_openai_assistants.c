/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define RUN(status, more)                                                                          \
	"{\"id\":\"run_1\",\"object\":\"thread.run\",\"thread_id\":\"thread_1\","                  \
	"\"assistant_id\":\"asst_1\",\"status\":\"" status "\",\"model\":\"gpt-x\"" more "}"
#define USAGE                                                                                      \
	",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,"             \
	"\"prompt_token_details\":{\"cached_tokens\":3}}"
#define ASKS                                                                                       \
	",\"usage\":null,\"required_action\":{\"type\":\"submit_tool_outputs\","                   \
	"\"submit_tool_outputs\":{\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","       \
	"\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}}"

static const struct dialect_row rows[] = {
	{ "an agent is made",
	  { .target = "/v1/assistants",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"gpt-x\",\"name\":\"Clerk\",\"description\":\"files\","
			     "\"instructions\":\"S\",\"tools\":[{\"type\":\"file_search\"}]}"),
	    .response = SLICE("{\"id\":\"asst_1\",\"object\":\"assistant\",\"name\":\"Clerk\"}") },
	  "openai-assistants create_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "request_model=\"gpt-x\"\n"
	  "agent=\"asst_1\"\n"
	  "agent_name=\"Clerk\"\n"
	  "agent_description=\"files\"\n"
	  "system\n"
	  "  text \"S\"\n"
	  "tool file_search file_search \n" },
	{ "a run begins",
	  { .target = "/v1/threads/thread_1/runs",
	    .host = "api.openai.com",
	    .request = SLICE("{\"assistant_id\":\"asst_1\",\"temperature\":1,"
			     "\"max_completion_tokens\":50,\"additional_messages\":[{\"role\":"
			     "\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(RUN("queued", ",\"usage\":null")) },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "max_tokens=50\n"
	  "temperature=1\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"queued\"\n"
	  "input user\n"
	  "  text \"Hi\"\n" },
	{ "a run waits for a tool",
	  { .method = "GET",
	    .target = "/v1/threads/thread_1/runs/run_1",
	    .host = "api.openai.com",
	    .request_fields = "accept: */*\n",
	    .response = SLICE(RUN("requires_action", ASKS)) },
	  "openai-assistants fetch_response\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"requires_action\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_calls]\n"
	  "output assistant finish=tool_calls\n"
	  "  tool_call #call_1 f json \"{\\\"a\\\":1}\"\n"
	  "call function f #call_1 {\"a\":1}\n" },
	{ "it gets the result, and streams to its end",
	  { .target = "/v1/threads/thread_1/runs/run_1/submit_tool_outputs",
	    .host = "api.openai.com",
	    .request = SLICE("{\"tool_outputs\":[{\"tool_call_id\":\"call_1\",\"output\":\"7\"}],"
			     "\"stream\":true}"),
	    .response = SLICE("event: thread.run.in_progress\ndata: " RUN(
		    "in_progress",
		    "") "\n\n"
			"event: thread.message.delta\ndata: {\"object\":\"thread.message.delta\","
			"\"delta\":{\"content\":[{\"type\":\"text\",\"text\":{\"value\":\"It is "
			"\"}}]}}\n\n"
			"event: thread.message.delta\ndata: {\"object\":\"thread.message.delta\","
			"\"delta\":{\"content\":[{\"type\":\"text\",\"text\":{\"value\":\"7\"}}]}}"
			"\n\n"
			"event: thread.run.step.completed\ndata: {\"object\":\"thread.run.step\","
			"\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":4}}\n\n"
			"event: thread.run.completed\ndata: " RUN(
				"completed", USAGE) "\n\n"
						    "event: done\ndata: [DONE]\n\n") },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"completed\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=9 read=3 out=4 total=13\n"
	  "input tool\n"
	  "  tool_response #call_1 \"7\"\n"
	  "output assistant finish=stop\n"
	  "  text \"It is 7\"\n" },
	{ "made with its thread; the stream stops at a tool",
	  { .target = "/v1/threads/runs",
	    .host = "api.openai.com",
	    .request =
		    SLICE("{\"assistant_id\":\"asst_1\",\"stream\":true,\"thread\":{\"messages\":"
			  "[{\"role\":\"user\",\"content\":\"Hi\"}]}}"),
	    .response = SLICE("event: thread.created\ndata: {\"id\":\"thread_1\","
			      "\"object\":\"thread\"}\n\n"
			      "event: thread.run.requires_action\ndata: " RUN(
				      "requires_action", ASKS) "\n\n"
							       "event: done\ndata: [DONE]\n\n") },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"requires_action\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_calls]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=tool_calls\n"
	  "  tool_call #call_1 f json \"{\\\"a\\\":1}\"\n"
	  "call function f #call_1 {\"a\":1}\n" },
	{ "a stream that breaks off",
	  { .target = "/v1/threads/thread_1/runs",
	    .host = "api.openai.com",
	    .request = SLICE("{\"assistant_id\":\"asst_1\",\"stream\":true}"),
	    .response = SLICE("event: thread.run.created\ndata: " RUN("queued", "") "\n\n"),
	    .end = HTTP_END_TRUNCATED },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"queued\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "a run that failed",
	  { .method = "GET",
	    .target = "/v1/threads/thread_1/runs/run_1",
	    .host = "api.openai.com",
	    .request_fields = "accept: */*\n",
	    .response =
		    SLICE(RUN("failed", USAGE ",\"last_error\":{\"code\":\"rate_limit_exceeded\","
					      "\"message\":\"slow\"}")) },
	  "openai-assistants fetch_response\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_1\"\n"
	  "model=\"gpt-x\"\n"
	  "response_status=\"failed\"\n"
	  "finish=[error]\n"
	  "raw_finish=[failed]\n"
	  "usage in=9 read=3 out=4 total=13\n"
	  "error=\"rate_limit_exceeded\"\n"
	  "message=\"slow\"\n" },
	{ "a store is searched",
	  { .target = "/v1/vector_stores/vs_1/search",
	    .host = "api.openai.com",
	    .request = SLICE("{\"query\":\"return policy\",\"max_num_results\":5}"),
	    .response = SLICE("{\"object\":\"vector_store.search_results.page\",\"data\":[]}") },
	  "openai-assistants retrieval\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "top_k=5\n"
	  "data_source=\"vs_1\"\n"
	  "input user\n"
	  "  text \"return policy\"\n" },
	{ "somebody else's threads have runs too",
	  { .target = "/threads/7/runs",
	    .host = "loom.example",
	    .request = SLICE("{\"colour\":\"red\"}"),
	    .response = SLICE("{\"ok\":true}") },
	  "" },
	{ "what a run may set",
	  { .target = "/v1/threads/thread_1/runs",
	    .host = "api.openai.com",
	    .request = SLICE(
		    "{\"assistant_id\":\"asst_1\",\"top_p\":0.5,\"temperature\":1,\"max_completi"
		    "on_tokens\":9,\"reasoning_effort\":\"low\",\"response_format\":{\"type\":\"j"
		    "son_object\"}}"),
	    .response =
		    SLICE("{\"id\":\"run_9\",\"object\":\"thread.run\",\"assistant_id\":\"asst_1\","
			  "\"threa"
			  "d_id\":\"thread_1\",\"status\":\"completed\",\"model\":\"m\",\"usage\":{"
			  "\"prompt"
			  "_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,\"prompt_token_d"
			  "etails\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasonin"
			  "g_tokens\":2}}}") },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "max_tokens=9\n"
	  "temperature=1\n"
	  "top_p=0.5\n"
	  "reasoning=\"low\"\n"
	  "output_type=\"json\"\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_9\"\n"
	  "model=\"m\"\n"
	  "response_status=\"completed\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=9 read=3 out=4 reasoning=2 total=13\n" },
	{ "a run's stream that breaks off",
	  { .target = "/v1/threads/thread_1/runs",
	    .host = "api.openai.com",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"assistant_id\":\"asst_1\",\"stream\":true}"),
	    .response = SLICE(
		    "event: thread.run.created\n"
		    "data: {\"id\":\"run_8\",\"object\":\"thread.run\",\"assistant_id\":\"asst_1\","
		    "\"thread_id\":\"thread_1\",\"status\":\"queued\",\"model\":\"m\",\"usage\":"
		    "null}"
		    "\n"
		    "\n") },
	  "openai-assistants invoke_agent\n"
	  "provider=\"openai\"\n"
	  "server=\"api.openai.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"thread_1\"\n"
	  "agent=\"asst_1\"\n"
	  "id=\"run_8\"\n"
	  "model=\"m\"\n"
	  "response_status=\"queued\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
};

TEST(openai_assistants_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(openai_assistants_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
