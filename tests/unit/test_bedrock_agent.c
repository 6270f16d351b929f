/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"
#include "eventstream_make.h"

static struct dialect_row rows[] = {
	{ "an agent: text, and what its model used",
	  {
		  .target = "/agents/A1/agentAliases/L1/sessions/s1/text",
		  .host = "bedrock-agent-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"inputText\":\"Hi\",\"enableTrace\":true}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-agent invoke_agent\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-agent-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"s1\"\n"
	  "agent=\"A1\"\n"
	  "usage in=30 out=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant\n"
	  "  text \"Hello\"\n" },
	{ "without a trace nothing is known",
	  {
		  .target = "/agents/A1/agentAliases/L1/sessions/s1/text",
		  .host = "bedrock-agent-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"inputText\":\"Hi\"}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-agent invoke_agent\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-agent-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "stream\n"
	  "conversation=\"s1\"\n"
	  "agent=\"A1\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"throttlingException\"\n"
	  "message=\"slow\"\n" },
	{ "a knowledge base",
	  { .target = "/knowledgebases/K1/retrieve",
	    .host = "bedrock-agent-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"retrievalQuery\":{\"text\":\"q\"}}"),
	    .response = SLICE("{\"retrievalResults\":[]}") },
	  "bedrock-agent retrieval\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-agent-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "data_source=\"K1\"\n"
	  "input user\n"
	  "  text \"q\"\n" },
	{ "a knowledge base that answers",
	  { .target = "/retrieveAndGenerate",
	    .host = "bedrock-agent-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"input\":{\"text\":\"q\"},\"retrieveAndGenerateConfiguration\":{"
			     "\"knowledgeBaseCon"
			     "figuration\":{\"knowledgeBaseId\":\"K1\",\"modelArn\":\"arn:m\"}}}"),
	    .response = SLICE("{\"output\":{\"text\":\"A\"},\"sessionId\":\"s2\"}") },
	  "bedrock-agent retrieval\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-agent-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"arn:m\"\n"
	  "conversation=\"s2\"\n"
	  "data_source=\"K1\"\n"
	  "input user\n"
	  "  text \"q\"\n"
	  "output assistant\n"
	  "  text \"A\"\n" },
	{ "a guardrail",
	  { .target = "/guardrail/G1/version/2/apply",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"source\":\"INPUT\",\"content\":[{\"text\":{\"text\":\"x\"}}]}"),
	    .response = SLICE("{\"action\":\"GUARDRAIL_INTERVENED\"}") },
	  "bedrock-agent moderation\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "guardrail=\"G1\"\n"
	  "finish=[content_filter]\n"
	  "raw_finish=[guardrail_intervened]\n" },
};

static const struct {
	size_t row;
	const char *type; /* with a ! in front: of an exception */
	struct slice payload;
} messages[] = {
	{ 0, "trace",
	  SLICE("{\"sessionId\":\"s1\",\"trace\":{\"orchestrationTrace\":{"
		"\"modelInvocationOutput\":{"
		"\"metadata\":{\"usage\":{\"inputTokens\":10,\"outputTokens\":2}}}}}}") },
	{ 0, "chunk", SLICE("{\"bytes\":\"SGVs\"}") },
	{ 0, "trace",
	  SLICE("{\"sessionId\":\"s1\",\"trace\":{\"orchestrationTrace\":{"
		"\"modelInvocationOutput\":{"
		"\"metadata\":{\"usage\":{\"inputTokens\":20,\"outputTokens\":3}}}}}}") },
	{ 0, "chunk", SLICE("{\"bytes\":\"bG8=\"}") },
	{ 1, "chunk", SLICE("{\"bytes\":\"QQ==\"}") },
	{ 1, "!throttlingException", SLICE("{\"message\":\"slow\"}") },
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

TEST(bedrock_agent_rows)
{
	make_streams();
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(bedrock_agent_without_memory)
{
	make_streams();
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
