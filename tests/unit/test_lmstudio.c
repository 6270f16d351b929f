/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "whole",
	  { .target = "/api/v1/chat",
	    .host = "localhost:1234",
	    .request = SLICE(
		    "{\"model\":\"gpt-oss\",\"input\":\"Hi\",\"system_prompt\":\"S\","
		    "\"temperature\":"
		    "0.5,\"top_p\":0.25,\"top_k\":4,\"max_output_tokens\":9,\"reasoning\":\"low\""
		    ",\"previous_response_id\":\"resp_01\",\"context_length\":5000}"),
	    .response = SLICE(
		    "{\"model_instance_id\":\"openai/gpt-oss-20b\",\"output\":[{\"type\":\"reaso"
		    "ning\",\"content\":\"Need\"},{\"type\":\"tool_call\",\"tool\":\"model_"
		    "search\","
		    "\"arguments\":{\"limit\":1},\"output\":\"[]\",\"provider_info\":{\"type\":"
		    "\"eph"
		    "emeral_mcp\",\"server_label\":\"hf\"}},{\"type\":\"message\",\"content\":"
		    "\"AB\""
		    "}],\"stats\":{\"input_tokens\":329,\"total_output_tokens\":268,\"reasonin"
		    "g_output_tokens\":5,\"tokens_per_second\":43.7,\"time_to_first_token_s"
		    "econds\":0.7},\"response_id\":\"resp_02b2\"}") },
	  "lmstudio chat\n"
	  "provider=\"lmstudio\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"gpt-oss\"\n"
	  "max_tokens=9\n"
	  "top_k=4\n"
	  "temperature=0.5\n"
	  "top_p=0.25\n"
	  "reasoning=\"low\"\n"
	  "previous=\"resp_01\"\n"
	  "id=\"resp_02b2\"\n"
	  "model=\"openai/gpt-oss-20b\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=329 out=268 reasoning=5\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"Need\"\n"
	  "  server_tool_call model_search json \"{\\\"limit\\\":1}\"\n"
	  "  text \"AB\"\n" },
	{ "stream: the last event has it all again",
	  { .target = "/api/v1/chat",
	    .host = "localhost:1234",
	    .request = SLICE("{\"model\":\"gpt-oss\",\"input\":\"Hi\",\"stream\":true}"),
	    .response = SLICE(
		    "event: chat.start\n"
		    "data: {\"type\":\"chat.start\",\"model_instance_id\":\"openai/gpt-oss-20b"
		    "\"}\n"
		    "\n"
		    "event: prompt_processing.progress\n"
		    "data: {\"type\":\"prompt_processing.progress\",\"progress\":0.5}\n"
		    "\n"
		    "event: reasoning.delta\n"
		    "data: {\"type\":\"reasoning.delta\",\"content\":\"Ne\"}\n"
		    "\n"
		    "event: reasoning.delta\n"
		    "data: {\"type\":\"reasoning.delta\",\"content\":\"ed\"}\n"
		    "\n"
		    "event: tool_call.start\n"
		    "data: {\"type\":\"tool_call.start\",\"tool\":\"model_search\"}\n"
		    "\n"
		    "event: tool_call.arguments\n"
		    "data: {\"type\":\"tool_call.arguments\",\"tool\":\"model_search\",\"argumen"
		    "ts\":{\"limit\":1}}\n"
		    "\n"
		    "event: tool_call.success\n"
		    "data: {\"type\":\"tool_call.success\",\"tool\":\"model_search\",\"arguments"
		    "\":{\"limit\":1},\"output\":\"[]\"}\n"
		    "\n"
		    "event: message.delta\n"
		    "data: {\"type\":\"message.delta\",\"content\":\"A\"}\n"
		    "\n"
		    "event: message.delta\n"
		    "data: {\"type\":\"message.delta\",\"content\":\"B\"}\n"
		    "\n"
		    "event: message.end\n"
		    "data: {\"type\":\"message.end\"}\n"
		    "\n"
		    "event: chat.end\n"
		    "data: {\"type\":\"chat.end\",\"result\":{\"model_instance_id\":\"openai/gpt"
		    "-oss-20b\",\"output\":[{\"type\":\"reasoning\",\"content\":\"Need\"},{"
		    "\"type\":"
		    "\"tool_call\",\"tool\":\"model_search\",\"arguments\":{\"limit\":1},\"output\""
		    ":\"[]\",\"provider_info\":{\"type\":\"ephemeral_mcp\",\"server_label\":\"hf\"}"
		    "},{\"type\":\"message\",\"content\":\"AB\"}],\"stats\":{\"input_tokens\":329,"
		    "\""
		    "total_output_tokens\":268,\"reasoning_output_tokens\":5,\"tokens_per_s"
		    "econd\":43.7,\"time_to_first_token_seconds\":0.7},\"response_id\":\"resp"
		    "_02b2\"}}\n"
		    "\n") },
	  "lmstudio chat\n"
	  "provider=\"lmstudio\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"gpt-oss\"\n"
	  "stream\n"
	  "id=\"resp_02b2\"\n"
	  "model=\"openai/gpt-oss-20b\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=329 out=268 reasoning=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"Need\"\n"
	  "  server_tool_call model_search json \"{\\\"limit\\\":1}\"\n"
	  "  text \"AB\"\n" },
	{ "a stream that breaks off",
	  { .target = "/api/v1/chat",
	    .host = "localhost:1234",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"model\":\"gpt-oss\",\"input\":\"Hi\",\"stream\":true}"),
	    .response = SLICE("event: chat.start\n"
			      "data: {\"type\":\"chat.start\",\"model_instance_id\":\"gpt-oss\"}\n"
			      "\n"
			      "event: message.delta\n"
			      "data: {\"type\":\"message.delta\",\"content\":\"A\"}\n"
			      "\n") },
	  "lmstudio chat\n"
	  "provider=\"lmstudio\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"gpt-oss\"\n"
	  "stream\n"
	  "model=\"gpt-oss\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "an error in the middle",
	  { .target = "/api/v1/chat",
	    .host = "localhost:1234",
	    .request = SLICE("{\"model\":\"gpt-oss\",\"input\":\"Hi\",\"stream\":true}"),
	    .response = SLICE(
		    "event: chat.start\n"
		    "data: {\"type\":\"chat.start\",\"model_instance_id\":\"gpt-oss\"}\n"
		    "\n"
		    "event: error\n"
		    "data: {\"type\":\"error\",\"error\":{\"type\":\"mcp_connection_error\",\"mess"
		    "age\":\"no\"}}\n"
		    "\n"
		    "event: chat.end\n"
		    "data: {\"type\":\"chat.end\",\"result\":{\"model_instance_id\":\"gpt-oss\",\""
		    "output\":[],\"stats\":{\"input_tokens\":3,\"total_output_tokens\":0}}}\n"
		    "\n") },
	  "lmstudio chat\n"
	  "provider=\"lmstudio\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"gpt-oss\"\n"
	  "stream\n"
	  "model=\"gpt-oss\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "usage in=3 out=0\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"mcp_connection_error\"\n"
	  "message=\"no\"\n" },
};

TEST(lmstudio_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(lmstudio_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
