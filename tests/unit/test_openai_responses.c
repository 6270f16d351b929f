/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define RESPONSES .target = "/v1/responses", .host = "api.openai.com"
#define HELLO "{\"model\":\"gpt-x\",\"input\":\"Hi\"}"
#define NAME                                                                                       \
	"openai-responses "                                                                        \
	"chat\nprovider=\"openai\"\napi_type=\"responses\"\nserver=\"api.openai.com\"\n"
#define HEAD NAME "status=200\nrequest_model=\"gpt-x\"\n"
#define HI "input user\n  text \"Hi\"\n"

static const struct dialect_row rows[] = {
	{ "everything a request can say; the model's items are one message",
	  { RESPONSES, .content = true,
	    .request = SLICE(
		    "{\"model\":\"gpt-x\",\"instructions\":\"Be\",\"max_output_tokens\":5,"
		    "\"temperature\":0,\"reasoning\":{\"effort\":\"high\"},\"text\":{\"format\":{"
		    "\"type\":"
		    "\"json_object\"}},\"previous_response_id\":\"resp_0\",\"conversation\":{"
		    "\"id\":"
		    "\"conv_1\"},\"background\":true,\"service_tier\":\"priority\",\"safety_"
		    "identifier\":"
		    "\"u\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}},"
		    "{\"type\":\"web_search\"}],\"input\":[{\"role\":\"user\",\"content\":[{"
		    "\"type\":"
		    "\"input_text\",\"text\":\"T\"},{\"type\":\"input_image\",\"image_url\":"
		    "\"https://i\"},"
		    "{\"type\":\"input_file\",\"file_data\":\"data:application/pdf;base64,AA\"}]},"
		    "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[{\"type\":\"summary_text\","
		    "\"text\":"
		    "\"hm\"}]},{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
		    "\"output_text\",\"text\":\"A\"}]},{\"type\":\"function_call\",\"call_id\":"
		    "\"c1\","
		    "\"name\":\"f\",\"arguments\":\"{ \\\"a\\\": 1 "
		    "}\"},{\"type\":\"function_call_output\","
		    "\"call_id\":\"c1\",\"output\":\"ok\"},{\"type\":\"item_reference\",\"id\":"
		    "\"x\"}]}"),
	    .response = SLICE("{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"queued\","
			      "\"model\":\"gpt-x\",\"output\":[],\"error\":null,\"usage\":null}") },
	  HEAD
	  "max_tokens=5\ntemperature=0\nreasoning=\"high\"\noutput_type=\"json\"\n"
	  "request_tier=\"priority\"\nprevious=\"resp_0\"\nconversation=\"conv_1\"\nuser=\"u\"\n"
	  "background\nid=\"resp_1\"\nmodel=\"gpt-x\"\nresponse_status=\"queued\"\nsystem\n"
	  "  text \"Be\"\ninput user\n  text \"T\"\n  uri image \"https://i\"\n"
	  "  blob application/pdf document \"AA\"\ninput assistant\n  reasoning \"hm\"\n  text "
	  "\"A\"\n"
	  "  tool_call #c1 f json \"{ \\\"a\\\": 1 }\"\ninput tool\n  tool_response #c1 \"ok\"\n"
	  "input assistant\n  other item_reference\ntool function f {}\ntool web_search web_search "
	  "\n" },
	{ "stream",
	  { RESPONSES, .request = SLICE(HELLO),
	    .response = SLICE(
		    "event: response.created\ndata: "
		    "{\"type\":\"response.created\",\"response\":{\"id\":"
		    "\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"m\","
		    "\"output\":"
		    "[],\"usage\":null,\"error\":null}}\n\n"
		    "data: "
		    "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":"
		    "\"msg\","
		    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}\n\n"
		    "data: "
		    "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":"
		    "0,"
		    "\"delta\":\"He\"}\n\n"
		    "data: "
		    "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"id\":"
		    "\"msg\","
		    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_"
		    "text\","
		    "\"text\":\"Hey\"}]}}\n\n"
		    "data: "
		    "{\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"id\":"
		    "\"fc\","
		    "\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":"
		    "\"\"}}\n\n"
		    "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,"
		    "\"delta\":\"{}\"}\n\n"
		    "data: "
		    "{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"id\":"
		    "\"fc\","
		    "\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{"
		    "}\"}}\n\n"
		    "data: "
		    "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"object\":"
		    "\"response\",\"status\":\"completed\",\"model\":\"m\",\"service_tier\":"
		    "\"default\","
		    "\"output\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{"
		    "\"type\":"
		    "\"output_text\",\"text\":\"Hey\"}]},{\"type\":\"function_call\",\"call_id\":"
		    "\"c1\","
		    "\"name\":\"f\",\"arguments\":\"{}\"}],\"usage\":{\"input_tokens\":3,\"output_"
		    "tokens\":9,"
		    "\"output_tokens_details\":{\"reasoning_tokens\":4},\"total_tokens\":12}}}"
		    "\n\n") },
	  HEAD
	  "stream\nid=\"resp_1\"\nmodel=\"m\"\nresponse_status=\"completed\"\ntier=\"default\"\n"
	  "finish=[stop,tool_calls]\nraw_finish=[stop,tool_calls]\n"
	  "usage in=3 out=9 reasoning=4 total=12\n" HI "output assistant finish=tool_calls\n"
	  "  text \"Hey\"\n  tool_call #c1 f json \"{}\"\ncall function f #c1 {}\n" },
	{ "stream of which only the end was seen",
	  { RESPONSES, .request = SLICE(HELLO),
	    .response = SLICE(
		    "data: "
		    "{\"type\":\"response.incomplete\",\"response\":{\"id\":\"resp_1\",\"object\":"
		    "\"response\",\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
		    "\"max_output_tokens\"},\"model\":\"m\",\"output\":[{\"type\":\"custom_tool_"
		    "call\","
		    "\"call_id\":\"c2\",\"name\":\"sh\",\"input\":\"ls\"}],\"usage\":{\"input_"
		    "tokens\":1,"
		    "\"output_tokens\":2,\"total_tokens\":3}}}\n\n") },
	  HEAD
	  "stream\nid=\"resp_1\"\nmodel=\"m\"\nresponse_status=\"incomplete\"\nfinish=[length]\n"
	  "raw_finish=[max_output_tokens]\nusage in=1 out=2 total=3\n" HI
	  "output assistant finish=length\n  tool_call #c2 sh \"ls\"\ncall custom sh #c2 ls\n" },
	{ "stream that breaks off",
	  { RESPONSES, .request = SLICE(HELLO), .end = HTTP_END_TRUNCATED,
	    .response = SLICE(
		    "data: "
		    "{\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{"
		    "\"type\":"
		    "\"function_call\",\"call_id\":\"c1\",\"name\":\"f\"}}\n\n"
		    "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":2,"
		    "\"delta\":\"{\\\"a\"}\n\n"
		    "data: "
		    "{\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"He\"}"
		    "\n\n") },
	  HEAD "stream\nfinish=[error]\nraw_finish=[error]\n" HI "output assistant finish=error\n"
	       "  text \"He\"\n  tool_call #c1 f \"{\\\"a\"\ncall function f #c1 {\"a truncated\n"
	       "error=\"stream_interrupted\"\npartial stream_interrupted lost=0\n" },
	{ "failed in the stream",
	  { RESPONSES, .request = SLICE(HELLO),
	    .response = SLICE(
		    "data: "
		    "{\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"object\":"
		    "\"response\","
		    "\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"m\"},"
		    "\"usage\":{\"input_tokens\":1,\"output_tokens\":0,\"total_tokens\":1}}}"
		    "\n\n") },
	  HEAD "stream\nid=\"r\"\nresponse_status=\"failed\"\nfinish=[error]\nraw_finish=[failed]\n"
	       "usage in=1 out=0 total=1\n" HI "error=\"server_error\"\nmessage=\"m\"\n" },
	{ "error event",
	  { RESPONSES, .request = SLICE(HELLO),
	    .response = SLICE("event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit\","
			      "\"message\":\"slow\",\"param\":null}\n\n") },
	  HEAD "stream\nfinish=[error]\nraw_finish=[error]\n" HI
	       "error=\"rate_limit\"\nmessage=\"slow\"\n" },
	{ "not streamed; server tools are not the client's",
	  { RESPONSES, .request = SLICE(HELLO),
	    .response = SLICE(
		    "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"model\":"
		    "\"m\","
		    "\"error\":null,\"output\":[{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":["
		    "]},"
		    "{\"type\":\"web_search_call\",\"id\":\"ws\",\"action\":{\"q\":\"x\"}},"
		    "{\"type\":\"local_shell_call\",\"call_id\":\"c\",\"action\":{\"command\":["
		    "\"ls\"]}},"
		    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
		    "\"refusal\","
		    "\"refusal\":\"no\"}]}],\"usage\":{\"input_tokens\":1,\"input_tokens_details\":"
		    "{\"cached_tokens\":1},\"output_tokens\":2,\"total_tokens\":3}}") },
	  HEAD "id=\"r\"\nmodel=\"m\"\nresponse_status=\"completed\"\nfinish=[tool_calls,stop]\n"
	       "raw_finish=[tool_calls,stop]\nusage in=1 read=1 out=2 total=3 searches=1\n" HI
	       "output assistant finish=tool_calls\n  reasoning\n"
	       "  server_tool_call #ws web_search json \"{\\\"q\\\":\\\"x\\\"}\"\n"
	       "  tool_call #c local_shell json \"{\\\"command\\\":[\\\"ls\\\"]}\"\n  text \"no\"\n"
	       "call local_shell local_shell #c {\"command\":[\"ls\"]}\n" },
	{ "fetched: what it counted is for trace/pending.h to settle",
	  { .method = "GET",
	    .target = "/v1/responses/resp_7",
	    .host = "api.openai.com",
	    .request_fields = "accept: */*\n",
	    .response = SLICE("{\"id\":\"resp_7\",\"object\":\"response\",\"status\":\"completed\","
			      "\"model\":\"m\","
			      "\"output\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":2,"
			      "\"total_tokens\":3}}") },
	  "openai-responses fetch_response\nprovider=\"openai\"\napi_type=\"responses\"\n"
	  "server=\"api.openai.com\"\nstatus=200\nid=\"resp_7\"\nmodel=\"m\"\n"
	  "response_status=\"completed\"\nfinish=[stop]\nraw_finish=[completed]\n"
	  "usage in=1 out=2 total=3\n" },
	{ "fetched in vain: the path has the id",
	  { .method = "GET",
	    .target = "/v1/responses/resp_7?x=1",
	    .host = "api.openai.com",
	    .request_fields = "accept: */*\n",
	    .status = 404 },
	  "openai-responses fetch_response\nprovider=\"openai\"\napi_type=\"responses\"\n"
	  "server=\"api.openai.com\"\nstatus=404\nid=\"resp_7\"\nerror=\"404\"\n" },
	{ "compaction",
	  { .target = "/v1/responses/compact",
	    .host = "api.openai.com",
	    .request = SLICE(HELLO),
	    .response =
		    SLICE("{\"id\":\"r\",\"object\":\"response.compaction\",\"output\":[{\"type\":"
			  "\"compaction\",\"id\":\"cmp\"}],\"usage\":{\"input_tokens\":1,"
			  "\"output_tokens\":2,\"total_tokens\":3}}") },
	  HEAD "compacted\nid=\"r\"\nusage in=1 out=2 total=3\n" HI },
	{ "what the client adds between the model's items is no part of them",
	  { RESPONSES,
	    .request = SLICE("{\"model\":\"gpt-x\",\"input\":[{\"type\":\"tool_search_call\","
			     "\"execution\":\"client\",\"call_id\":\"c1\"},{\"type\":"
			     "\"tool_search_output\",\"execution\":\"client\",\"call_id\":"
			     "\"c1\",\"tools\":[]},{\"type\":\"additional_tools\",\"role\":"
			     "\"developer\",\"tools\":[]},{\"type\":\"function_call\","
			     "\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"}]}"),
	    .response = SLICE("{\"id\":\"r\",\"status\":\"completed\"}") },
	  HEAD "id=\"r\"\nresponse_status=\"completed\"\nfinish=[stop]\n"
	       "raw_finish=[completed]\ninput assistant\n"
	       "  server_tool_call #c1 tool_search_call\ninput tool\n"
	       "  other tool_search_output\ninput developer\n  other additional_tools\n"
	       "input assistant\n  tool_call #c2 f json \"{}\"\n" },
	{ "tools that the provider counts itself count once",
	  { .target = "/v1/responses",
	    .host = "api.x.ai",
	    .request = SLICE("{\"model\":\"m\",\"input\":\"Hi\"}"),
	    .response = SLICE(
		    "{\"id\":\"resp_x\",\"object\":\"response\",\"status\":\"completed\",\"model\":"
		    "\"m"
		    "-1\",\"output\":[{\"type\":\"web_search_call\",\"id\":\"ws1\",\"status\":"
		    "\"compl"
		    "eted\",\"action\":{\"type\":\"search\",\"query\":\"q\"}},{\"type\":\"code_"
		    "interp"
		    "reter_call\",\"id\":\"ci\",\"status\":\"completed\",\"code\":\"1\"},{\"type\":"
		    "\"me"
		    "ssage\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
		    "\"text\":"
		    "\"A\"}]}],\"usage\":{\"input_tokens\":7583,\"input_tokens_details\":{\"cach"
		    "ed_tokens\":3072},\"output_tokens\":3192,\"output_tokens_details\":{\"re"
		    "asoning_tokens\":12},\"total_tokens\":10775,\"cost_in_usd_ticks\":29233"
		    "1500,\"server_side_tool_usage_details\":{\"web_search_calls\":3}}}") },
	  "openai-responses chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"resp_x\"\n"
	  "model=\"m-1\"\n"
	  "response_status=\"completed\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=7583 read=3072 out=3192 reasoning=12 total=10775 searches"
	  "=3 codes=1 cost=0.0292331\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  server_tool_call #ws1 web_search json \"{\\\"type\\\":\\\"search\\\",\\\"qu"
	  "ery\\\":\\\"q\\\"}\"\n"
	  "  server_tool_call #ci code_interpreter json \"1\"\n"
	  "  text \"A\"\n" },
};

TEST(responses_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(responses_rows_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}

TEST(responses_tool_call_times_are_those_of_its_item)
{
	const struct exchange *x = &rows[1].in;
	struct call *c = NULL;

	exchange_run(x, exchange_keep_fn, &c, 0, 100);
	CHECK(c && c->n_tool_calls == 1);
	if (c && c->n_tool_calls == 1)
		CHECK(c->tool_calls[0].end_ns > c->first_chunk_ns &&
		      c->tool_calls[0].end_ns < c->last_chunk_ns);
	call_free(c);
}
