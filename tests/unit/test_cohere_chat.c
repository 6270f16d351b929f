/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "second API; what was billed counts",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .content = true,
	    .request = SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"system\","
			     "\"content\":\"S\"},{\"ro"
			     "le\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"T\"}]},{"
			     "\"role\":\"assistan"
			     "t\",\"tool_plan\":\"p\",\"tool_calls\":[{\"id\":\"t1\",\"type\":"
			     "\"function\",\"funct"
			     "ion\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},{\"role\":"
			     "\"tool\",\"tool_"
			     "call_id\":\"t1\",\"content\":\"r\"}],\"temperature\":0.5,\"p\":0.9,"
			     "\"k\":3,\"seed\":"
			     "1,\"max_tokens\":9,\"stop_sequences\":[\"X\"],\"response_format\":{"
			     "\"type\":\"json_o"
			     "bject\"},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
			     "\"f\",\"parameters"
			     "\":{}}}]}"),
	    .response = SLICE("{\"id\":\"c1\",\"message\":{\"role\":\"assistant\",\"tool_plan\":"
			      "\"I will\",\"conten"
			      "t\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},{\"type\":\"text\","
			      "\"text\":\"A\"}]"
			      ",\"tool_calls\":[{\"id\":\"t2\",\"type\":\"function\",\"function\":{"
			      "\"name\":\"f\","
			      "\"arguments\":\"{\\\"b\\\":2}\"}}]},\"finish_reason\":\"TOOL_CALL\","
			      "\"usage\":{\"bil"
			      "led_units\":{\"input_tokens\":5.0,\"search_units\":1,\"output_"
			      "tokens\":2},\"tokens\":{"
			      "\"input_tokens\":"
			      "500,\"output_tokens\":20},\"cached_tokens\":3}}") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command-x\"\n"
	  "max_tokens=9\n"
	  "top_k=3\n"
	  "seed=1\n"
	  "temperature=0.5\n"
	  "top_p=0.9\n"
	  "stop=[X]\n"
	  "output_type=\"json\"\n"
	  "id=\"c1\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[TOOL_CALL]\n"
	  "usage in=5 out=2 units=1\n"
	  "input system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"T\"\n"
	  "input assistant\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "input tool\n"
	  "  tool_response #t1 \"r\"\n"
	  "output assistant finish=tool_calls\n"
	  "  reasoning \"I will\"\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "  tool_call #t2 f json \"{\\\"b\\\":2}\"\n"
	  "tool function f {}\n"
	  "call function f #t2 {\"b\":2}\n" },
	{ "stream",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "event: message-start\n"
		    "data: "
		    "{\"type\":\"message-start\",\"id\":\"c2\",\"delta\":{\"message\":{\"role\":\"a"
		    "ssistant\"}}}\n"
		    "\n"
		    "event: tool-plan-delta\n"
		    "data: "
		    "{\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"pl\"}}}"
		    "\n"
		    "\n"
		    "event: content-start\n"
		    "data: "
		    "{\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{"
		    "\"type\":\"text\",\"text\":\"\"}}}}\n"
		    "\n"
		    "event: content-delta\n"
		    "data: "
		    "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{"
		    "\"text\":\"A\"}}}}\n"
		    "\n"
		    "event: content-delta\n"
		    "data: "
		    "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{"
		    "\"text\":\"B\"}}}}\n"
		    "\n"
		    "event: content-end\n"
		    "data: {\"type\":\"content-end\",\"index\":0}\n"
		    "\n"
		    "event: tool-call-start\n"
		    "data: "
		    "{\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls"
		    "\":{\"id\":\"t1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
		    "\"arguments\":"
		    "\"\"}}}}}\n"
		    "\n"
		    "event: tool-call-delta\n"
		    "data: "
		    "{\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls"
		    "\":{\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}}}}\n"
		    "\n"
		    "event: tool-call-end\n"
		    "data: {\"type\":\"tool-call-end\",\"index\":0}\n"
		    "\n"
		    "event: message-end\n"
		    "data: "
		    "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":"
		    "{\"billed_units\":{\"input_tokens\":1,\"output_tokens\":2}}}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command-x\"\n"
	  "stream\n"
	  "id=\"c2\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[COMPLETE]\n"
	  "usage in=1 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"pl\"\n"
	  "  text \"AB\"\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "call function f #t1 {\"a\":1}\n" },
	{ "first API: a message and its history",
	  { .target = "/v1/chat",
	    .host = "api.cohere.com",
	    .content = true,
	    .request = SLICE("{\"model\":\"command\",\"message\":\"Hi\",\"preamble\":\"S\","
			     "\"conversation_id\":\"v"
			     "1\",\"chat_history\":[{\"role\":\"USER\",\"message\":\"a\"},{"
			     "\"role\":\"CHATBOT\",\""
			     "message\":\"b\",\"tool_calls\":[{\"name\":\"f\",\"parameters\":{"
			     "\"a\":1}}]}],\"tool_"
			     "results\":[{\"call\":{\"name\":\"f\"},\"outputs\":[{\"r\":1}]}]}"),
	    .response = SLICE("{\"response_id\":\"x1\",\"text\":\"A\",\"generation_id\":\"x0\","
			      "\"finish_reason\":\""
			      "MAX_TOKENS\",\"tool_calls\":[{\"name\":\"g\",\"parameters\":{\"b\":"
			      "2}}],\"meta\":{\""
			      "billed_units\":{\"input_tokens\":3,\"output_tokens\":1}}}") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command\"\n"
	  "conversation=\"v1\"\n"
	  "id=\"x1\"\n"
	  "finish=[length]\n"
	  "raw_finish=[MAX_TOKENS]\n"
	  "usage in=3 out=1\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"a\"\n"
	  "input assistant\n"
	  "  text \"b\"\n"
	  "  tool_call f json \"{\\\"a\\\":1}\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "input tool\n"
	  "  tool_response f json \"[{\\\"r\\\":1}]\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n"
	  "  tool_call g json \"{\\\"b\\\":2}\"\n"
	  "call function g # {\"b\":2}\n" },
	{ "first API, streamed as lines",
	  { .target = "/v1/chat",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"command\",\"message\":\"Hi\",\"stream\":true}"),
	    .response_fields = "content-type: application/stream+json\n",
	    .response = SLICE(
		    "{\"is_finished\":false,\"event_type\":\"stream-start\",\"generation_id\":"
		    "\"x0\"}\n"
		    "{\"is_finished\":false,\"event_type\":\"text-generation\",\"text\":\"A\"}\n"
		    "{\"is_finished\":false,\"event_type\":\"text-generation\",\"text\":\"B\"}\n"
		    "{\"is_finished\":true,\"event_type\":\"stream-end\",\"finish_reason\":"
		    "\"COMPLETE\","
		    "\"response\":{\"response_id\":\"x1\",\"generation_id\":\"x0\",\"text\":\"AB\","
		    "\"fini"
		    "sh_reason\":\"COMPLETE\",\"meta\":{\"billed_units\":{\"input_tokens\":3,"
		    "\"output_tok"
		    "ens\":2}}}}\n") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command\"\n"
	  "stream\n"
	  "id=\"x1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[COMPLETE]\n"
	  "usage in=3 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n" },
	{ "another's /v2/chat is no call",
	  { .target = "/v2/chat",
	    .host = "app.example",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[]}"),
	    .response = SLICE("{\"reply\":\"x\"}") },
	  "" },
	{ "a gateway, by the shape of the answer",
	  { .target = "/v2/chat",
	    .host = "gw.example",
	    .request = SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"Hi\"}]}"),
	    .response = SLICE("{\"id\":\"c1\",\"message\":{\"role\":\"assistant\",\"content\":[{"
			      "\"type\":\"text\","
			      "\"text\":\"A\"}]},\"finish_reason\":\"COMPLETE\",\"usage\":{"
			      "\"billed_units\":{\"inpu"
			      "t_tokens\":5,\"output_tokens\":2}}}") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"gw.example\"\n"
	  "status=200\n"
	  "request_model=\"command-x\"\n"
	  "id=\"c1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[COMPLETE]\n"
	  "usage in=5 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "what was used counts where nothing says what is billed",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"Hi\"}]}"),
	    .response = SLICE("{\"id\":\"c9\",\"message\":{\"role\":\"assistant\",\"content\":[{"
			      "\"type\":\"text\""
			      ",\"text\":\"A\"}]},\"finish_reason\":\"MAX_TOKENS\",\"usage\":{"
			      "\"tokens\":{\"in"
			      "put_tokens\":8.0,\"output_tokens\":3.0},\"cached_tokens\":2}}") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command-x\"\n"
	  "id=\"c9\"\n"
	  "finish=[length]\n"
	  "raw_finish=[MAX_TOKENS]\n"
	  "usage in=8 read=2 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n" },
	{ "what else a request may set",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .end = HTTP_END_TRUNCATED,
	    .request =
		    SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"user\",\"content\":"
			  "\"Hi\"}],\""
			  "frequency_penalty\":0.5,\"presence_penalty\":0.25,\"stream\":true,\"resp"
			  "onse_format\":{\"type\":\"json_object\"}}"),
	    .response = SLICE(
		    "event: message-start\n"
		    "data: {\"type\":\"message-start\",\"id\":\"c3\"}\n"
		    "\n"
		    "event: content-delta\n"
		    "data: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"conte"
		    "nt\":{\"text\":\"A\"}}}}\n"
		    "\n") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=200\n"
	  "request_model=\"command-x\"\n"
	  "stream\n"
	  "frequency_penalty=0.5\n"
	  "presence_penalty=0.25\n"
	  "output_type=\"json\"\n"
	  "id=\"c3\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "an error",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .status = 401,
	    .request = SLICE("{\"model\":\"command-x\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"Hi\"}]}"),
	    .response = SLICE("{\"id\":\"e\",\"message\":\"invalid api token\"}") },
	  "cohere-chat chat\n"
	  "provider=\"cohere\"\n"
	  "server=\"api.cohere.com\"\n"
	  "status=401\n"
	  "request_model=\"command-x\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"401\"\n"
	  "message=\"invalid api token\"\n" },
};

TEST(cohere_chat_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(cohere_chat_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
