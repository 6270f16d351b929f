/* SPDX-License-Identifier: Apache-2.0 */
/* What the vendors of Bedrock's models say in bodies of their own. */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "a tool, thoughts and the cache, as the vendor counts them",
	  { .target = "/model/anthropic.claude-x/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request_fields = "content-type: application/json\n"
			      "x-amzn-bedrock-service-tier: flex\n",
	    .response_fields = "content-type: application/json\n"
			       "x-amzn-bedrock-service-tier: flex\n"
			       "x-amzn-bedrock-invocation-latency: 1234\n"
			       "x-amzn-requestid: r-1\n",
	    .request = SLICE(
		    "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":9,\"output_c"
		    "onfig\":{\"effort\":\"low\"},\"metadata\":{\"user_id\":\"u\"},\"tools\":[{"
		    "\"name"
		    "\":\"f\",\"input_schema\":{}}],\"messages\":[{\"role\":\"user\",\"content\":"
		    "\"Hi"
		    "\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
		    "\"claude-"
		    "x\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},{\"type\":\"tool_"
		    "us"
		    "e\",\"id\":\"t1\",\"name\":\"f\",\"input\":{\"a\":1}}],\"stop_reason\":\"tool_"
		    "use\""
		    ",\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":30,\"cache"
		    "_read_input_tokens\":2,\"cache_creation\":{\"ephemeral_5m_input_tokens"
		    "\":10,\"ephemeral_1h_input_tokens\":20},\"output_tokens\":3,\"output_tok"
		    "ens_details\":{\"thinking_tokens\":1},\"server_tool_use\":{\"web_search_"
		    "requests\":1}}}") },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_id=\"r-1\"\n"
	  "request_model=\"anthropic.claude-x\"\n"
	  "max_tokens=9\n"
	  "reasoning=\"low\"\n"
	  "request_tier=\"flex\"\n"
	  "user=\"u\"\n"
	  "id=\"msg_1\"\n"
	  "model=\"claude-x\"\n"
	  "tier=\"flex\"\n"
	  "processing=1.234\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_use]\n"
	  "usage in=33 read=2 write=30 write_5m=10 write_1h=20 out=3 reasonin"
	  "g=1 searches=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=tool_calls\n"
	  "  reasoning \"hm\"\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "tool function f \n"
	  "call function f #t1 {\"a\":1}\n" },
	{ "OpenAI's body: what it may ask",
	  { .target = "/model/openai.gpt-oss/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE(
		    "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"seed\":3,\"n\":2,"
		    "\"frequ"
		    "ency_penalty\":0.5,\"response_format\":{\"type\":\"json_object\"},\"max_co"
		    "mpletion_tokens\":9}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"openai.gpt-oss\","
		    "\"sys"
		    "tem_fingerprint\":\"fp\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"ass"
		    "istant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_t"
		    "okens\":3,\"completion_tokens\":2,\"total_tokens\":5}}") },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"openai.gpt-oss\"\n"
	  "max_tokens=9\n"
	  "seed=3\n"
	  "choices=2\n"
	  "frequency_penalty=0.5\n"
	  "output_type=\"json\"\n"
	  "id=\"c\"\n"
	  "model=\"openai.gpt-oss\"\n"
	  "fingerprint=\"fp\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=3 out=2 total=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(bedrock_vendors_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(bedrock_vendors_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
