/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"
#include "eventstream_make.h"

static struct dialect_row rows[] = {
	{ "everything a request can say; cached tokens add up",
	  { .target = "/model/us.amazon.nova%3A0/converse",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .content = true,
	    .request = SLICE("{\"system\":[{\"text\":\"S\"}],\"inferenceConfig\":{\"maxTokens\":9,"
			     "\"temperature\":"
			     "0.5,\"topP\":1,\"stopSequences\":[\"X\"]},"
			     "\"additionalModelRequestFields\":{\"top_k"
			     "\":4},\"guardrailConfig\":{\"guardrailIdentifier\":\"g1\"},"
			     "\"serviceTier\":{\"type\""
			     ":\"flex\"},\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\","
			     "\"description\":"
			     "\"d\",\"inputSchema\":{\"json\":{}}}},{\"cachePoint\":{\"type\":"
			     "\"default\"}}]},\"me"
			     "ssages\":[{\"role\":\"user\",\"content\":[{\"text\":\"T\"},{"
			     "\"image\":{\"format\":\""
			     "png\",\"source\":{\"bytes\":\"AAAA\"}}},{\"document\":{\"format\":"
			     "\"pdf\",\"name\":"
			     "\"n\",\"source\":{\"s3Location\":{\"uri\":\"s3://b/"
			     "k\"}}}},{\"cachePoint\":{\"type\""
			     ":\"default\"}}]},{\"role\":\"assistant\",\"content\":[{"
			     "\"reasoningContent\":{\"reaso"
			     "ningText\":{\"text\":\"hm\"}}},{\"toolUse\":{\"toolUseId\":\"t1\","
			     "\"name\":\"f\",\"i"
			     "nput\":{\"a\":1}}}]},{\"role\":\"user\",\"content\":[{\"toolResult\":"
			     "{\"toolUseId\":"
			     "\"t1\",\"status\":\"error\",\"content\":[{\"text\":\"no\"}]}}]}]}"),
	    .response_fields = "content-type: application/json\n"
			       "x-amzn-requestid: r9\n",
	    .response = SLICE("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{"
			      "\"text\":\"A\"},{\"to"
			      "olUse\":{\"toolUseId\":\"t2\",\"name\":\"f\",\"input\":{\"b\":2}}}]}"
			      "},\"stopReason\""
			      ":\"tool_use\",\"usage\":{\"inputTokens\":10,\"outputTokens\":5,"
			      "\"totalTokens\":415,"
			      "\"cacheReadInputTokens\":300,\"cacheWriteInputTokens\":100,"
			      "\"cacheDetails\":[{\"ttl"
			      "\":\"5m\",\"inputTokens\":60},{\"ttl\":\"1h\",\"inputTokens\":40}]},"
			      "\"serviceTier\":"
			      "{\"type\":\"default\"}}") },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_id=\"r9\"\n"
	  "request_model=\"us.amazon.nova:0\"\n"
	  "max_tokens=9\n"
	  "top_k=4\n"
	  "temperature=0.5\n"
	  "top_p=1\n"
	  "stop=[X]\n"
	  "request_tier=\"flex\"\n"
	  "guardrail=\"g1\"\n"
	  "tier=\"default\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_use]\n"
	  "usage in=410 read=300 write=100 write_5m=60 write_1h=40 out=5 total=415\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"T\"\n"
	  "  blob image/png image \"AAAA\"\n"
	  "  uri document \"s3://b/k\"\n"
	  "input assistant\n"
	  "  reasoning \"hm\"\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "input user\n"
	  "  tool_response #t1 json error \"[{\\\"text\\\":\\\"no\\\"}]\"\n"
	  "output assistant finish=tool_calls\n"
	  "  text \"A\"\n"
	  "  tool_call #t2 f json \"{\\\"b\\\":2}\"\n"
	  "tool function f {}\n"
	  "call function f #t2 {\"b\":2}\n" },
	{ "stream",
	  {
		  .target = "/model/m/converse-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE(
			  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_use]\n"
	  "usage in=3 out=2 total=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=tool_calls\n"
	  "  reasoning \"hm\"\n"
	  "  text \"AB\"\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "call function f #t1 {\"a\":1}\n" },
	{ "an exception within a stream",
	  {
		  .target = "/model/m/converse-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE(
			  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "error=\"throttlingException\"\n"
	  "message=\"slow down\"\n" },
	{ "a stream that breaks off",
	  {
		  .target = "/model/m/converse-stream",
		  .host = "gw.example",
		  .request = SLICE(
			  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"gw.example\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  tool_call \"{\"\n"
	  "call function  # { truncated\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "an error by its header",
	  { .target = "/model/m/converse",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request =
		    SLICE("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}"),
	    .status = 400,
	    .response_fields =
		    "content-type: application/json\n"
		    "x-amzn-errortype: ValidationException:http://internal.amazon.com/\n",
	    .response = SLICE("{\"message\":\"bad\"}") },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=400\n"
	  "request_model=\"m\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"ValidationException\"\n"
	  "message=\"bad\"\n" },
	{ "format, effort and user are asked; how long it took is said",
	  { .target = "/model/anthropic.claude-x/converse",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE(
		    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}],"
		    "\"outputCon"
		    "fig\":{\"textFormat\":{\"type\":\"json_schema\",\"structure\":{}},\"effort\":"
		    "\"high\"},\"requestMetadata\":{\"user_id\":\"u\"},\"serviceTier\":{\"type\":"
		    "\"p"
		    "riority\"}}"),
	    .response = SLICE(
		    "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"reasoningCon"
		    "tent\":{\"reasoningText\":{\"text\":\"hm\"}}},{\"text\":\"A\"}]}},\"stopReason"
		    "\":\"end_turn\",\"usage\":{\"inputTokens\":3,\"outputTokens\":2,\"totalToken"
		    "s\":35,\"cacheReadInputTokens\":10,\"cacheWriteInputTokens\":20,\"cacheD"
		    "etails\":[{\"ttl\":\"5m\",\"inputTokens\":5},{\"ttl\":\"1h\",\"inputTokens\":"
		    "15"
		    "}]},\"metrics\":{\"latencyMs\":1500},\"serviceTier\":{\"type\":\"priority\"}"
		    "}") },
	  "bedrock-converse chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"anthropic.claude-x\"\n"
	  "reasoning=\"high\"\n"
	  "output_type=\"json\"\n"
	  "request_tier=\"priority\"\n"
	  "user=\"u\"\n"
	  "tier=\"priority\"\n"
	  "processing=1.5\n"
	  "finish=[stop]\n"
	  "raw_finish=[end_turn]\n"
	  "usage in=33 read=10 write=20 write_5m=5 write_1h=15 out=2 total=35"
	  "\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n" },
};

static const struct {
	size_t row;
	const char *type; /* with a ! in front: of an exception */
	struct slice payload;
} messages[] = {
	{ 1, "messageStart", SLICE("{\"p\":\"a\",\"role\":\"assistant\"}") },
	{ 1, "contentBlockDelta",
	  SLICE("{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"hm\"}}}") },
	{ 1, "contentBlockDelta", SLICE("{\"contentBlockIndex\":1,\"delta\":{\"text\":\"A\"}}") },
	{ 1, "contentBlockDelta", SLICE("{\"contentBlockIndex\":1,\"delta\":{\"text\":\"B\"}}") },
	{ 1, "contentBlockStop", SLICE("{\"contentBlockIndex\":1}") },
	{ 1, "contentBlockStart",
	  SLICE("{\"contentBlockIndex\":2,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":"
		"\"f\""
		"}}}") },
	{ 1, "contentBlockDelta",
	  SLICE("{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\"{\\\"a\\\"\"}}}") },
	{ 1, "contentBlockDelta",
	  SLICE("{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\":1}\"}}}") },
	{ 1, "contentBlockStop", SLICE("{\"contentBlockIndex\":2}") },
	{ 1, "messageStop", SLICE("{\"stopReason\":\"tool_use\"}") },
	{ 1, "metadata",
	  SLICE("{\"usage\":{\"inputTokens\":3,\"outputTokens\":2,\"totalTokens\":5}}") },
	{ 2, "messageStart", SLICE("{\"role\":\"assistant\"}") },
	{ 2, "!throttlingException", SLICE("{\"message\":\"slow down\"}") },
	{ 3, "messageStart", SLICE("{\"role\":\"assistant\"}") },
	{ 3, "contentBlockDelta",
	  SLICE("{\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":\"{\"}}}") },
};

static struct buf streams[ARRAY_LEN(rows)];

static void make_streams(void)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct buf *b = &streams[messages[i].row];

		if (!i || messages[i].row != messages[i - 1].row) {
			buf_release(b);
			buf_init(b, 1 << 20);
		}
		if (messages[i].type[0] == '!')
			add_message_with(b, ":message-type", "exception", ":exception-type",
					 messages[i].type + 1, messages[i].payload);
		else
			add_message(b, messages[i].type, messages[i].payload);
		rows[messages[i].row].in.response = buf_slice(b);
	}
}

TEST(bedrock_converse_rows)
{
	make_streams();
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(bedrock_converse_without_memory)
{
	make_streams();
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
