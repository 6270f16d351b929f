/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "an interaction",
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .content = true,
	    .request = SLICE("{\"model\":\"gemini-x\",\"input\":[{\"type\":\"user_input\","
			     "\"content\":[{\"type\":"
			     "\"text\",\"text\":\"Hi\"}]},{\"type\":\"function_call\",\"id\":"
			     "\"c1\",\"name\":\"f\""
			     ",\"arguments\":{\"a\":1}},{\"type\":\"function_result\",\"call_id\":"
			     "\"c1\",\"name\":"
			     "\"f\",\"result\":\"r\"}],\"previous_interaction_id\":\"i0\",\"system_"
			     "instruction\":"
			     "\"S\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":"
			     "\"google_search\"}"
			     "],\"generation_config\":{\"temperature\":0.5,\"max_output_tokens\":9,"
			     "\"top_p\":1,\"s"
			     "eed\":1,\"stop_sequences\":[\"X\"],\"thinking_level\":\"low\"},"
			     "\"response_mime_type"
			     "\":\"application/json\",\"background\":true}"),
	    .response = SLICE("{\"id\":\"i1\",\"status\":\"requires_action\",\"usage\":{\"total_"
			      "tokens\":30,\"total"
			      "_input_tokens\":10,\"total_cached_tokens\":4,\"total_output_"
			      "tokens\":8,\"total_tool_"
			      "use_tokens\":5,\"total_thought_tokens\":7},\"service_tier\":"
			      "\"standard\",\"steps\":["
			      "{\"type\":\"thought\",\"summary\":[{\"type\":\"text\",\"text\":"
			      "\"hm\"}]},{\"type\":"
			      "\"model_output\",\"content\":[{\"type\":\"text\",\"text\":\"A\"}]},{"
			      "\"type\":\"googl"
			      "e_search_call\",\"id\":\"g1\",\"arguments\":{\"q\":1}},{\"type\":"
			      "\"google_search_res"
			      "ult\",\"call_id\":\"g1\"},{\"type\":\"function_call\",\"id\":\"c2\","
			      "\"name\":\"f\","
			      "\"arguments\":{\"b\":2}}],\"object\":\"interaction\",\"model\":"
			      "\"gemini-x\"}") },
	  "gemini-interactions chat\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "max_tokens=9\n"
	  "seed=1\n"
	  "temperature=0.5\n"
	  "top_p=1\n"
	  "stop=[X]\n"
	  "reasoning=\"low\"\n"
	  "output_type=\"json\"\n"
	  "previous=\"i0\"\n"
	  "background\n"
	  "id=\"i1\"\n"
	  "model=\"gemini-x\"\n"
	  "response_status=\"requires_action\"\n"
	  "tier=\"standard\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_calls]\n"
	  "usage in=15 read=4 in_tool=5 out=15 reasoning=7 total=30\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "input assistant\n"
	  "  tool_call #c1 f json \"{\\\"a\\\":1}\"\n"
	  "input tool\n"
	  "  tool_response #c1 f \"r\"\n"
	  "output assistant finish=tool_calls\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "  server_tool_call #g1 google_search_call json \"{\\\"q\\\":1}\"\n"
	  "  server_tool_response #g1 google_search_result\n"
	  "  tool_call #c2 f json \"{\\\"b\\\":2}\"\n"
	  "tool function f \n"
	  "tool google_search google_search \n"
	  "call function f #c2 {\"b\":2}\n" },
	{ "stream",
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"model\":\"gemini-x\",\"input\":\"Hi\",\"stream\":true}"),
	    .response = SLICE(
		    "data: "
		    "{\"event_type\":\"interaction.created\",\"interaction\":{\"id\":\"i2\",\"statu"
		    "s\":\"in_progress\",\"object\":\"interaction\",\"model\":\"gemini-x\"}}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.start\",\"index\":0,\"step\":{\"type\":\"model_output\""
		    "}}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text"
		    "\":\"A\"}}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text"
		    "\":\"B\"}}\r\n"
		    "\r\n"
		    "data: {\"event_type\":\"step.stop\",\"index\":0}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.start\",\"index\":1,\"step\":{\"type\":\"function_call"
		    "\",\"id\":\"c1\",\"name\":\"f\",\"arguments\":{}}}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.delta\",\"index\":1,\"delta\":{\"type\":\"arguments_del"
		    "ta\",\"arguments\":\"{\\\"a\\\"\"}}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"step.delta\",\"index\":1,\"delta\":{\"type\":\"arguments_del"
		    "ta\",\"arguments\":\":1}\"}}\r\n"
		    "\r\n"
		    "data: {\"event_type\":\"step.stop\",\"index\":1}\r\n"
		    "\r\n"
		    "data: "
		    "{\"event_type\":\"interaction.completed\",\"interaction\":{\"id\":\"i2\",\"sta"
		    "tus\":\"completed\",\"usage\":{\"total_input_tokens\":3,\"total_output_"
		    "tokens\":2,\""
		    "total_thought_tokens\":0,\"total_tokens\":5}}}\r\n"
		    "\r\n") },
	  "gemini-interactions chat\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "id=\"i2\"\n"
	  "model=\"gemini-x\"\n"
	  "response_status=\"completed\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[completed]\n"
	  "usage in=3 out=2 reasoning=0 total=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n"
	  "  tool_call #c1 f json \"{\\\"a\\\":1}\"\n"
	  "call function f #c1 {\"a\":1}\n" },
	{ "an agent of Google's",
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"agent\":\"deep-research\",\"input\":\"Hi\",\"background\":true}"),
	    .response = SLICE(
		    "{\"id\":\"i3\",\"status\":\"in_progress\",\"object\":\"interaction\"}") },
	  "gemini-interactions invoke_agent\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "agent=\"deep-research\"\n"
	  "background\n"
	  "id=\"i3\"\n"
	  "response_status=\"in_progress\"\n"
	  "input user\n"
	  "  text \"Hi\"\n" },
	{ "fetched: what it counted is for trace/pending.h to settle",
	  { .target = "/v1beta/interactions/i3",
	    .host = "generativelanguage.googleapis.com",
	    .method = "GET",
	    .response = SLICE("{\"id\":\"i3\",\"status\":\"failed\",\"object\":\"interaction\","
			      "\"usage\":{\"total_i"
			      "nput_tokens\":3,\"total_output_tokens\":2}}") },
	  "gemini-interactions fetch_response\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "id=\"i3\"\n"
	  "response_status=\"failed\"\n"
	  "finish=[error]\n"
	  "raw_finish=[failed]\n"
	  "usage in=3 out=2\n"
	  "error=\"_OTHER\"\n" },
	{ "somebody else's interactions",
	  { .target = "/v1/interactions",
	    .host = "shop.example",
	    .request = SLICE("{\"a\":1}"),
	    .response = SLICE("{\"ok\":true}") },
	  "" },
	{ "parts by modality, and searches",
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"model\":\"gemini-x\",\"input\":\"Hi\"}"),
	    .response = SLICE(
		    "{\"id\":\"v1_x\",\"object\":\"interaction\",\"status\":\"completed\","
		    "\"model\":\""
		    "gemini-x\",\"steps\":[{\"type\":\"model_output\",\"content\":[{\"type\":\"text"
		    "\",\"text\":\"A\"}]}],\"usage\":{\"total_input_tokens\":30,\"input_tokens_by"
		    "_modality\":[{\"modality\":\"text\",\"tokens\":10},{\"modality\":\"image\",\"t"
		    "okens\":12},{\"modality\":\"audio\",\"tokens\":5},{\"modality\":\"video\",\"to"
		    "kens\":3}],\"total_cached_tokens\":9,\"cached_tokens_by_modality\":[{\"m"
		    "odality\":\"text\",\"tokens\":4},{\"modality\":\"audio\",\"tokens\":5}],\"tota"
		    "l_output_tokens\":8,\"output_tokens_by_modality\":[{\"modality\":\"text\""
		    ",\"tokens\":1},{\"modality\":\"image\",\"tokens\":7}],\"total_thought_token"
		    "s\":2,\"total_tool_use_tokens\":6,\"total_tokens\":46,\"grounding_tool_c"
		    "ount\":[{\"type\":\"google_maps\",\"count\":4},{\"type\":\"google_search\",\"c"
		    "ount\":2}]}}") },
	  "gemini-interactions chat\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "id=\"v1_x\"\n"
	  "model=\"gemini-x\"\n"
	  "response_status=\"completed\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[completed]\n"
	  "usage in=36 read=9 in_text=10 in_audio=5 in_image=12 in_video=3 in"
	  "_tool=6 read_text=4 read_audio=5 out=10 reasoning=2 out_text=1 out"
	  "_image=7 total=46 searches=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(gemini_interactions_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(gemini_interactions_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
