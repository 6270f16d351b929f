/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define ANTHROPIC .target = "/v1/messages?beta=true", .host = "api.anthropic.com"
#define HELLO                                                                                      \
	"{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"   \
	"\"Hi\"}]}"
#define HEAD                                                                                       \
	"anthropic-messages chat\nprovider=\"anthropic\"\n"                                        \
	"server=\"api.anthropic.com\"\nstatus=200\n"
#define ASKED "request_model=\"claude-x\"\n"
#define HI "input user\n  text \"Hi\"\n"

static const struct dialect_row rows[] = {
	{ "everything a request can say; cached tokens add up",
	  { ANTHROPIC, .content = true,
	    .request = SLICE(
		    "{\"model\":\"claude-x\",\"max_tokens\":64,\"temperature\":1,\"top_p\":0.9,"
		    "\"top_k\":5,\"stop_sequences\":[\"X\"],\"service_tier\":\"auto\",\"metadata\":"
		    "{\"user_id\":\"u\"},\"output_config\":{\"effort\":\"high\",\"format\":{"
		    "\"type\":"
		    "\"json_schema\"}},\"system\":[{\"type\":\"text\",\"text\":\"S\",\"cache_"
		    "control\":"
		    "{\"type\":\"ephemeral\"}}],\"tools\":[{\"name\":\"f\",\"input_schema\":{}},"
		    "{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"messages\":["
		    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"T\"},{\"type\":"
		    "\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/"
		    "png\",\"data\":"
		    "\"AAAA\"}},{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":"
		    "\"https://d\"}},"
		    "{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f1\"}}]},"
		    "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
		    "\"hm\","
		    "\"signature\":\"s\"},{\"type\":\"redacted_thinking\",\"data\":\"zz\"},"
		    "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{\"a\":1}}]},"
		    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
		    "\"t1\","
		    "\"content\":[{\"type\":\"text\",\"text\":\"r\"}],\"is_error\":true}]}]}"),
	    .response_fields = EXCHANGE_JSON "request-id: req_9\n",
	    .response = SLICE(
		    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
		    "\"claude-x-1\","
		    "\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\"},{\"type\":\"text\","
		    "\"text\":\"A\"},"
		    "{\"type\":\"server_tool_use\",\"id\":\"s1\",\"name\":\"web_search\",\"input\":"
		    "{\"q\":1}},"
		    "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s1\",\"content\":[]},"
		    "{\"type\":\"tool_use\",\"id\":\"t2\",\"name\":\"f\",\"input\":{}}],"
		    "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":10,"
		    "\"cache_creation_input_tokens\":200,\"cache_read_input_tokens\":3000,"
		    "\"cache_creation\":{\"ephemeral_5m_input_tokens\":150,"
		    "\"ephemeral_1h_input_tokens\":50},\"output_tokens\":7,\"output_tokens_"
		    "details\":"
		    "{\"thinking_tokens\":2},\"server_tool_use\":{\"web_search_requests\":1},"
		    "\"service_tier\":\"standard\"}}") },
	  HEAD
	  "request_id=\"req_9\"\n" ASKED
	  "max_tokens=64\ntop_k=5\ntemperature=1\ntop_p=0.9\nstop=[X]\nreasoning=\"high\"\n"
	  "output_type=\"json\"\nrequest_tier=\"auto\"\nuser=\"u\"\nid=\"msg_1\"\n"
	  "model=\"claude-x-1\"\ntier=\"standard\"\nfinish=[tool_calls]\nraw_finish=[tool_use]\n"
	  "usage in=3210 read=3000 write=200 write_5m=150 write_1h=50 out=7 reasoning=2 "
	  "searches=1\n"
	  "system\n  text \"S\"\ninput user\n  text \"T\"\n  blob image/png image \"AAAA\"\n"
	  "  uri document \"https://d\"\n  file image \"f1\"\ninput assistant\n"
	  "  reasoning \"hm\"\n  tool_call #t1 f json \"{\\\"a\\\":1}\"\ninput user\n"
	  "  tool_response #t1 json error "
	  "\"[{\\\"type\\\":\\\"text\\\",\\\"text\\\":\\\"r\\\"}]\"\n"
	  "output assistant finish=tool_calls\n  reasoning \"t\"\n  text \"A\"\n"
	  "  server_tool_call #s1 web_search json \"{\\\"q\\\":1}\"\n"
	  "  server_tool_response #s1 web_search_tool_result json \"[]\"\n"
	  "  tool_call #t2 f json \"{}\"\ntool function f {}\n"
	  "tool web_search_20250305 web_search \ncall function f #t2 {}\n" },
	{ "stream: the delta may leave input out, or raise it",
	  { ANTHROPIC, .request = SLICE(HELLO),
	    .response = SLICE(
		    "event: message_start\ndata: "
		    "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_2\","
		    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-"
		    "x-1\","
		    "\"stop_reason\":null,\"usage\":{\"input_tokens\":43,\"cache_creation_input_"
		    "tokens\":5,"
		    "\"cache_read_input_tokens\":0,\"cache_creation\":{\"ephemeral_5m_input_"
		    "tokens\":5,"
		    "\"ephemeral_1h_input_tokens\":0},\"output_tokens\":1}}}\n\n"
		    "event: ping\ndata: {\"type\":\"ping\"}\n\n"
		    "event: content_block_start\ndata: "
		    "{\"type\":\"content_block_start\",\"index\":0,"
		    "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n"
		    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		    "\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
		    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		    "\"signature_delta\",\"signature\":\"s\"}}\n\n"
		    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
		    "data: "
		    "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
		    "\"text\","
		    "\"text\":\"\"}}\n\n"
		    "data: "
		    "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_"
		    "delta\","
		    "\"text\":\"Hel\"}}\n\n"
		    "data: "
		    "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_"
		    "delta\","
		    "\"text\":\"lo\"}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
		    "data: "
		    "{\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":"
		    "\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}}\n\n"
		    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":"
		    "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\"\"}}\n\n"
		    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":"
		    "\"input_json_delta\",\"partial_json\":\": 1}\"}}\n\n"
		    "data: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
		    "data: "
		    "{\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":"
		    "\"tool_use\",\"id\":\"t2\",\"name\":\"g\",\"input\":{}}}\n\n"
		    "data: {\"type\":\"content_block_stop\",\"index\":3}\n\n"
		    "event: message_delta\ndata: "
		    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
		    "\"tool_use\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":61,\"output_"
		    "tokens\":"
		    "20}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") },
	  HEAD ASKED
	  "stream\nmax_tokens=9\nid=\"msg_2\"\nmodel=\"claude-x-1\"\nfinish=[tool_calls]\n"
	  "raw_finish=[tool_use]\n"
	  "usage in=66 read=0 write=5 write_5m=5 write_1h=0 out=20\n" HI
	  "output assistant finish=tool_calls\n  reasoning \"hm\"\n  text \"Hello\"\n"
	  "  tool_call #t1 f json \"{\\\"a\\\": 1}\"\n  tool_call #t2 g json \"{}\"\n"
	  "call function f #t1 {\"a\": 1}\ncall function g #t2 {}\n" },
	{ "stream that breaks off in a tool call",
	  { ANTHROPIC, .request = SLICE(HELLO), .abort = true,
	    .response = SLICE(
		    "data: "
		    "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\","
		    "\"model\":\"c\",\"usage\":{\"input_tokens\":4,\"output_tokens\":1}}}\n\n"
		    "data: "
		    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
		    "\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}}\n\n"
		    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		    "\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n") },
	  HEAD ASKED
	  "stream\nmax_tokens=9\nid=\"m\"\nmodel=\"c\"\nfinish=[error]\nraw_finish=[error]\n"
	  "usage in=4\n" HI "output assistant finish=error\n"
	  "  tool_call #t1 f json \"{}\"\ncall function f #t1 {} truncated\n"
	  "error=\"cancelled\"\npartial cancelled lost=0\n" },
	{ "error in a stream",
	  { ANTHROPIC, .request = SLICE(HELLO),
	    .response = SLICE("event: error\ndata: "
			      "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
			      "\"message\":\"Overloaded\"}}\n\n") },
	  HEAD ASKED "stream\nmax_tokens=9\nfinish=[error]\nraw_finish=[error]\n" HI
		     "error=\"overloaded_error\"\nmessage=\"Overloaded\"\n" },
	{ "overloaded",
	  { ANTHROPIC, .request = SLICE(HELLO), .status = 529,
	    .response = SLICE("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
			      "\"message\":\"Overloaded\"},\"request_id\":\"r\"}") },
	  "anthropic-messages "
	  "chat\nprovider=\"anthropic\"\nserver=\"api.anthropic.com\"\nstatus=529\n" ASKED
	  "max_tokens=9\n" HI "error=\"overloaded_error\"\nmessage=\"Overloaded\"\n" },
	{ "only output known: no input made up",
	  { ANTHROPIC, .request = SLICE(HELLO),
	    .response = SLICE(
		    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"stop_reason\":"
		    "\"refusal\",\"usage\":{\"output_tokens\":2,\"cache_read_input_tokens\":3}}") },
	  HEAD ASKED "max_tokens=9\nfinish=[content_filter]\nraw_finish=[refusal]\n"
		     "usage read=3 out=2\n" HI "output assistant finish=content_filter\n" },
	{ "compaction",
	  { ANTHROPIC, .request = SLICE(HELLO),
	    .response = SLICE("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
			      "\"compaction\","
			      "\"content\":\"sum\"}],\"stop_reason\":\"end_turn\",\"usage\":{"
			      "\"input_tokens\":1,"
			      "\"output_tokens\":2,\"iterations\":[{\"type\":\"compaction\","
			      "\"input_tokens\":9,\"cache_read_input_tokens\":4,"
			      "\"output_tokens\":5},{\"type\":\"message\",\"input_tokens\":1,"
			      "\"output_tokens\":2},{\"type\":\"advisor_message\",\"model\":\"a\","
			      "\"input_tokens\":7,\"output_tokens\":3}]}}") },
	  HEAD ASKED "max_tokens=9\ncompacted\nfinish=[stop]\nraw_finish=[end_turn]\n"
		     "usage in=1 out=2\ncompaction usage in=13 read=4 out=5\n"
		     "advisor model=\"a\"\nusage in=7 out=3\n" HI
		     "output assistant finish=stop\n  compaction \"sum\"\n" },
	{ "iterations come again with each delta: the last ones count",
	  { ANTHROPIC, .request = SLICE(HELLO),
	    .response = SLICE(
		    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":"
		    "\"assistant\",\"usage\":{\"input_tokens\":4,\"output_tokens\":1}}}\n\n"
		    "data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"iterations\":["
		    "{\"type\":\"compaction\",\"input_tokens\":1,\"output_tokens\":1},"
		    "{\"type\":\"compaction\",\"input_tokens\":2,\"output_tokens\":2}]}}\n\n"
		    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
		    "\"usage\":{\"output_tokens\":6,\"iterations\":[{\"type\":\"compaction\","
		    "\"input_tokens\":8,\"output_tokens\":9}]}}\n\n"
		    "data: {\"type\":\"message_stop\"}\n\n") },
	  HEAD ASKED "stream\nmax_tokens=9\ncompacted\nid=\"m\"\nfinish=[stop]\n"
		     "raw_finish=[end_turn]\nusage in=4 out=6\n"
		     "compaction usage in=8 out=9\n" HI "output assistant finish=stop\n" },
	{ "start of the stream not seen",
	  { ANTHROPIC, .no_request = true,
	    .response = SLICE(
		    "data: "
		    "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\"}}"
		    "\n\n"
		    "data: "
		    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"x\"}}\n\n"
		    "data: "
		    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},"
		    "\"usage\":"
		    "{\"output_tokens\":5}}\n\ndata: {\"type\":\"message_stop\"}\n\n") },
	  HEAD "stream\nid=\"m\"\nfinish=[length]\nraw_finish=[max_tokens]\nusage out=5\n"
	       "output assistant finish=length\n  text \"x\"\npartial request_not_seen lost=0\n" },
	{ "counting tokens is not an inference",
	  { .target = "/v1/messages/count_tokens",
	    .host = "api.anthropic.com",
	    .request = SLICE(HELLO),
	    .response = SLICE("{\"input_tokens\":3}") },
	  "" },
	{ "somebody else's messages",
	  { .target = "/v1/messages",
	    .host = "sms.example",
	    .request = SLICE("{\"to\":\"+1\",\"body\":\"x\"}"),
	    .response = SLICE("{\"id\":\"1\"}") },
	  "" },
	{ "thoughts, and the tokens that they took",
	  { .target = "/v1/messages",
	    .host = "api.anthropic.com",
	    .request = SLICE(
		    "{\"model\":\"claude-x\",\"max_tokens\":9,\"service_tier\":\"auto\",\"output_c"
		    "onfig\":{\"effort\":\"low\"},\"messages\":[{\"role\":\"user\",\"content\":"
		    "\"Hi\"}"
		    "]}"),
	    .response =
		    SLICE("{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
			  "\"claude-"
			  "x-1\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
			  "\"signature\":\"s\""
			  "},{\"type\":\"text\",\"text\":\"A\"}],\"stop_reason\":\"end_turn\","
			  "\"usage\":{\"i"
			  "nput_tokens\":5,\"cache_creation_input_tokens\":30,\"cache_read_input_"
			  "tokens\":100,\"cache_creation\":{\"ephemeral_5m_input_tokens\":10,\"ephe"
			  "meral_1h_input_tokens\":20},\"output_tokens\":40,\"output_tokens_detai"
			  "ls\":{\"thinking_tokens\":33},\"server_tool_use\":{\"web_search_requests"
			  "\":2,\"web_fetch_requests\":1},\"service_tier\":\"priority\"}}") },
	  "anthropic-messages chat\n"
	  "provider=\"anthropic\"\n"
	  "server=\"api.anthropic.com\"\n"
	  "status=200\n"
	  "request_model=\"claude-x\"\n"
	  "max_tokens=9\n"
	  "reasoning=\"low\"\n"
	  "request_tier=\"auto\"\n"
	  "id=\"msg_1\"\n"
	  "model=\"claude-x-1\"\n"
	  "tier=\"priority\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[end_turn]\n"
	  "usage in=135 read=100 write=30 write_5m=10 write_1h=20 out=40 reas"
	  "oning=33 searches=2 fetches=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n" },
};

TEST(anthropic_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(anthropic_rows_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
