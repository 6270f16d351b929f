/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "whole",
	  { .target = "/v1/complete",
	    .host = "api.anthropic.com",
	    .request = SLICE("{\"model\":\"claude-2\",\"prompt\":\"\\n\\nHuman: "
			     "Hi\\n\\nAssistant:\",\"max_tokens_"
			     "to_sample\":9,\"temperature\":1,\"top_k\":2,\"top_p\":0.5,\"stop_"
			     "sequences\":[\"X\"]"
			     ",\"metadata\":{\"user_id\":\"u\"}}"),
	    .response = SLICE("{\"type\":\"completion\",\"id\":\"compl_1\",\"completion\":\" "
			      "A\",\"stop_reason\":\""
			      "stop_sequence\",\"model\":\"claude-2.1\"}") },
	  "anthropic-complete text_completion\n"
	  "provider=\"anthropic\"\n"
	  "server=\"api.anthropic.com\"\n"
	  "status=200\n"
	  "request_model=\"claude-2\"\n"
	  "max_tokens=9\n"
	  "top_k=2\n"
	  "temperature=1\n"
	  "top_p=0.5\n"
	  "stop=[X]\n"
	  "user=\"u\"\n"
	  "id=\"compl_1\"\n"
	  "model=\"claude-2.1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop_sequence]\n"
	  "input user\n"
	  "  text \"\\n\\nHuman: Hi\\n\\nAssistant:\"\n"
	  "output assistant finish=stop\n"
	  "  text \" A\"\n" },
	{ "stream",
	  { .target = "/v1/complete",
	    .host = "api.anthropic.com",
	    .request = SLICE("{\"model\":\"claude-2\",\"prompt\":\"Hi\",\"stream\":true}"),
	    .response = SLICE(
		    "event: completion\n"
		    "data: {\"type\":\"completion\",\"id\":\"compl_2\",\"completion\":\" "
		    "A\",\"stop_reaso"
		    "n\":null,\"model\":\"claude-2.1\"}\n"
		    "\n"
		    "event: ping\n"
		    "data: {\"type\":\"ping\"}\n"
		    "\n"
		    "event: completion\n"
		    "data: "
		    "{\"type\":\"completion\",\"id\":\"compl_2\",\"completion\":\"B\",\"stop_reason"
		    "\":\"max_tokens\",\"model\":\"claude-2.1\"}\n"
		    "\n") },
	  "anthropic-complete text_completion\n"
	  "provider=\"anthropic\"\n"
	  "server=\"api.anthropic.com\"\n"
	  "status=200\n"
	  "request_model=\"claude-2\"\n"
	  "stream\n"
	  "id=\"compl_2\"\n"
	  "model=\"claude-2.1\"\n"
	  "finish=[length]\n"
	  "raw_finish=[max_tokens]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \" AB\"\n" },
	{ "another's /v1/complete is no call",
	  { .target = "/v1/complete",
	    .host = "app.example",
	    .request = SLICE("{\"task\":1}"),
	    .response = SLICE("{\"ok\":true}") },
	  "" },
	{ "a stream that breaks off",
	  { .target = "/v1/complete",
	    .host = "api.anthropic.com",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"model\":\"claude-2\",\"prompt\":\"Hi\",\"stream\":true}"),
	    .response = SLICE("event: completion\n"
			      "data: {\"type\":\"completion\",\"id\":\"compl_3\",\"completion\":\" "
			      "A\",\"stop_"
			      "reason\":null,\"model\":\"claude-2.1\"}\n"
			      "\n") },
	  "anthropic-complete text_completion\n"
	  "provider=\"anthropic\"\n"
	  "server=\"api.anthropic.com\"\n"
	  "status=200\n"
	  "request_model=\"claude-2\"\n"
	  "stream\n"
	  "id=\"compl_3\"\n"
	  "model=\"claude-2.1\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \" A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "an error",
	  { .target = "/v1/complete",
	    .host = "api.anthropic.com",
	    .status = 529,
	    .request = SLICE("{\"model\":\"claude-2\",\"prompt\":\"Hi\"}"),
	    .response = SLICE("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
			      "\"message\":\"Over"
			      "loaded\"}}") },
	  "anthropic-complete text_completion\n"
	  "provider=\"anthropic\"\n"
	  "server=\"api.anthropic.com\"\n"
	  "status=529\n"
	  "request_model=\"claude-2\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"overloaded_error\"\n"
	  "message=\"Overloaded\"\n" },
};

TEST(anthropic_complete_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(anthropic_complete_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
