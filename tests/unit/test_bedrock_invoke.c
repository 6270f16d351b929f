/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"
#include "eventstream_make.h"

static struct dialect_row rows[] = {
	{ "Claude: the vendor's dialect reads",
	  { .target = "/model/us.anthropic.claude-x-v1%3A0/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":9,"
			     "\"messages\":[{\"role"
			     "\":\"user\",\"content\":\"Hi\"}]}"),
	    .request_fields = "content-type: application/json\n"
			      "X-Amzn-Bedrock-GuardrailIdentifier: g1\n",
	    .response = SLICE("{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
			      "\"model\":\"claude-x\""
			      ",\"content\":[{\"type\":\"text\",\"text\":\"A\"}],\"stop_reason\":"
			      "\"end_turn\",\"usa"
			      "ge\":{\"input_tokens\":1,\"cache_read_input_tokens\":2,\"output_"
			      "tokens\":3}}") },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"us.anthropic.claude-x-v1:0\"\n"
	  "max_tokens=9\n"
	  "guardrail=\"g1\"\n"
	  "id=\"msg_1\"\n"
	  "model=\"claude-x\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[end_turn]\n"
	  "usage in=3 read=2 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Claude, streamed",
	  {
		  .target = "/model/anthropic.claude-x/invoke-with-response-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":9,"
				   "\"messages\":[{\"role"
				   "\":\"user\",\"content\":\"Hi\"}]}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"anthropic.claude-x\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "id=\"msg_2\"\n"
	  "model=\"claude-x\"\n"
	  "finish=[length]\n"
	  "raw_finish=[max_tokens]\n"
	  "usage in=5 out=4\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n" },
	{ "Nova, streamed: an event is its only member",
	  {
		  .target = "/model/amazon.nova-x/invoke-with-response-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"inferenceConfig\":{\"maxTokens\":9},\"messages\":[{\"role\":"
				   "\"user\",\"content\":"
				   "[{\"text\":\"Hi\"}]}]}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"amazon.nova-x\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "finish=[stop]\n"
	  "raw_finish=[end_turn]\n"
	  "usage in=5 read=2 out=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Llama: prompt in, generation out",
	  { .target = "/model/meta.llama3-1/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request =
		    SLICE("{\"prompt\":\"Hi\",\"max_gen_len\":9,\"temperature\":0.5,\"top_p\":1}"),
	    .response = SLICE("{\"generation\":\"A\",\"prompt_token_count\":2,\"generation_token_"
			      "count\":1,\"stop_r"
			      "eason\":\"length\"}") },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"meta.llama3-1\"\n"
	  "max_tokens=9\n"
	  "temperature=0.5\n"
	  "top_p=1\n"
	  "finish=[length]\n"
	  "raw_finish=[length]\n"
	  "usage in=2 out=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n" },
	{ "Llama, streamed: counts grow",
	  {
		  .target = "/model/meta.llama3-1/invoke-with-response-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"prompt\":\"Hi\"}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"meta.llama3-1\"\n"
	  "stream\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=2 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n" },
	{ "Titan, with a guardrail",
	  {
		  .target = "/model/amazon.titan-text/invoke-with-response-stream",
		  .host = "bedrock-runtime.us-east-1.amazonaws.com",
		  .request = SLICE("{\"inputText\":\"Hi\",\"textGenerationConfig\":{"
				   "\"maxTokenCount\":9,\"temperature\":"
				   "0,\"topP\":1,\"stopSequences\":[\"X\"]}}"),
		  .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	  },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"amazon.titan-text\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "temperature=0\n"
	  "top_p=1\n"
	  "stop=[X]\n"
	  "finish=[content_filter]\n"
	  "raw_finish=[guardrail_intervened]\n"
	  "usage in=6 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=content_filter\n"
	  "  text \"blocked\"\n" },
	{ "Titan: each result counts",
	  { .target = "/model/amazon.titan-text/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"inputText\":\"Hi\"}"),
	    .response = SLICE("{\"inputTextTokenCount\":2,\"results\":[{\"tokenCount\":3,"
			      "\"outputText\":\"A\",\"com"
			      "pletionReason\":\"FINISH\"}]}") },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"amazon.titan-text\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[FINISH]\n"
	  "usage in=2 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "AI21's tokens are listed; its id is a number",
	  { .target = "/model/ai21.j2/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"prompt\":\"Hi\",\"maxTokens\":9}"),
	    .response = SLICE("{\"id\":1234,\"prompt\":{\"text\":\"Hi\",\"tokens\":[1,2]},"
			      "\"completions\":[{\"data"
			      "\":{\"text\":\"A\",\"tokens\":[1]},\"finishReason\":{\"reason\":"
			      "\"endoftext\"}}]}") },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"ai21.j2\"\n"
	  "max_tokens=9\n"
	  "id=\"1234\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[endoftext]\n"
	  "usage in=2 out=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "counts of headers where the body has none",
	  { .target = "/model/mistral.m-7b/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"prompt\":\"Hi\",\"max_tokens\":9,\"top_k\":5}"),
	    .response_fields = "content-type: application/json\n"
			       "x-amzn-bedrock-input-token-count: 7\n"
			       "x-amzn-bedrock-output-token-count: 3\n",
	    .response = SLICE("{\"outputs\":[{\"text\":\"A\",\"stop_reason\":\"stop\"}]}") },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"mistral.m-7b\"\n"
	  "max_tokens=9\n"
	  "top_k=5\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=7 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Cohere's first API",
	  { .target = "/model/cohere.command-r/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"message\":\"Hi\",\"preamble\":\"S\"}"),
	    .response_fields = "content-type: application/json\n"
			       "x-amzn-bedrock-input-token-count: 7\n"
			       "x-amzn-bedrock-output-token-count: 3\n",
	    .response = SLICE("{\"response_id\":\"x1\",\"text\":\"A\",\"generation_id\":\"x0\","
			      "\"finish_reason\":\""
			      "COMPLETE\"}") },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"cohere.command-r\"\n"
	  "id=\"x1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[COMPLETE]\n"
	  "usage in=7 out=3\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "as OpenAI writes it",
	  { .target = "/model/openai.gpt-oss/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"model\":\"ignored\",\"messages\":[{\"role\":\"user\",\"content\":"
			     "\"Hi\"}]}"),
	    .response = SLICE("{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"gpt-oss\","
			      "\"choices\":[{\""
			      "index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"A\"},"
			      "\"finish_reason\":"
			      "\"stop\"}],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1,"
			      "\"total_tokens\":3"
			      "}}") },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"openai.gpt-oss\"\n"
	  "id=\"c1\"\n"
	  "model=\"gpt-oss\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=2 out=1 total=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "embeddings",
	  { .target = "/model/amazon.titan-embed-v2/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE("{\"inputText\":\"x\",\"dimensions\":256}"),
	    .response = SLICE("{\"embedding\":[1],\"inputTextTokenCount\":3}") },
	  "bedrock-invoke embeddings\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"amazon.titan-embed-v2\"\n"
	  "dimensions=256\n"
	  "usage in=3\n" },
	{ "an error",
	  { .target = "/model/amazon.titan/invoke",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .status = 429,
	    .response_fields = "content-type: application/json\n"
			       "x-amzn-errortype: ThrottlingException:http://internal\n",
	    .request = SLICE("{\"inputText\":\"Hi\"}"),
	    .response = SLICE("{\"message\":\"Too many requests\"}") },
	  "bedrock-invoke text_completion\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=429\n"
	  "request_model=\"amazon.titan\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"ThrottlingException\"\n"
	  "message=\"Too many requests\"\n" },
	{ "a stream that breaks off",
	  { .target = "/model/anthropic.claude-x/invoke-with-response-stream",
	    .host = "bedrock-runtime.us-east-1.amazonaws.com",
	    .request = SLICE(
		    "{\"anthropic_version\":\"b\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\""
		    ",\"content\":\"Hi\"}]}"),
	    .response_fields = "content-type: application/vnd.amazon.eventstream\n",
	    .end = HTTP_END_TRUNCATED },
	  "bedrock-invoke chat\n"
	  "provider=\"aws.bedrock\"\n"
	  "server=\"bedrock-runtime.us-east-1.amazonaws.com\"\n"
	  "status=200\n"
	  "request_model=\"anthropic.claude-x\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "id=\"msg_9\"\n"
	  "model=\"claude-x\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
};

static const struct {
	size_t row;
	const char *type; /* with a ! in front: of an exception */
	struct slice payload;
} messages[] = {
	{ 1, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJ0eXBlIjoibWVzc2FnZV9zdGFydCIsIm1lc3NhZ2UiOnsiaWQiOiJtc2dfMiIsInR5cGU"
		"iOiJtZXNzYWdlIiwicm9sZSI6ImFzc2lzdGFudCIsIm1vZGVsIjoiY2xhdWRlLXgiLCJ1c2FnZSI6eyJpb"
		"nB"
		"1dF90b2tlbnMiOjUsIm91dHB1dF90b2tlbnMiOjF9fX0=\",\"p\":\"ab\"}") },
	{ 1, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0YSIsImluZGV4IjowLCJkZWx0YSI6eyJ0eXB"
		"lIjoidGV4dF9kZWx0YSIsInRleHQiOiJBIn19\",\"p\":\"ab\"}") },
	{ 1, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJ0eXBlIjoibWVzc2FnZV9kZWx0YSIsImRlbHRhIjp7InN0b3BfcmVhc29uIjoibWF4X3R"
		"va2VucyJ9LCJ1c2FnZSI6eyJvdXRwdXRfdG9rZW5zIjo0fX0=\",\"p\":\"ab\"}") },
	{ 1, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIiwiYW1hem9uLWJlZHJvY2staW52b2NhdGlvbk1ldHJ"
		"pY3MiOnsiaW5wdXRUb2tlbkNvdW50Ijo1LCJvdXRwdXRUb2tlbkNvdW50Ijo0fX0=\",\"p\":"
		"\"ab\"}") },
	{ 2, "chunk",
	  SLICE("{\"bytes\":\"eyJtZXNzYWdlU3RhcnQiOnsicm9sZSI6ImFzc2lzdGFudCJ9fQ==\",\"p\":"
		"\"ab\"}") },
	{ 2, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJjb250ZW50QmxvY2tEZWx0YSI6eyJkZWx0YSI6eyJ0ZXh0IjoiQSJ9LCJjb250ZW50Qmx"
		"vY2tJbmRleCI6MH19\",\"p\":\"ab\"}") },
	{ 2, "chunk",
	  SLICE("{\"bytes\":\"eyJjb250ZW50QmxvY2tTdG9wIjp7ImNvbnRlbnRCbG9ja0luZGV4IjowfX0=\",\"p\":"
		"\""
		"ab\"}") },
	{ 2, "chunk",
	  SLICE("{\"bytes\":\"eyJtZXNzYWdlU3RvcCI6eyJzdG9wUmVhc29uIjoiZW5kX3R1cm4ifX0=\",\"p\":"
		"\"ab\""
		"}") },
	{ 2, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJtZXRhZGF0YSI6eyJ1c2FnZSI6eyJpbnB1dFRva2VucyI6Mywib3V0cHV0VG9rZW5zIjo"
		"xLCJjYWNoZVJlYWRJbnB1dFRva2VuQ291bnQiOjJ9fX0=\",\"p\":\"ab\"}") },
	{ 4, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJnZW5lcmF0aW9uIjoiQSIsInByb21wdF90b2tlbl9jb3VudCI6MiwiZ2VuZXJhdGlvbl9"
		"0b2tlbl9jb3VudCI6MSwic3RvcF9yZWFzb24iOm51bGx9\",\"p\":\"ab\"}") },
	{ 4, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJnZW5lcmF0aW9uIjoiQiIsImdlbmVyYXRpb25fdG9rZW5fY291bnQiOjIsInN0b3BfcmV"
		"hc29uIjoic3RvcCIsImFtYXpvbi1iZWRyb2NrLWludm9jYXRpb25NZXRyaWNzIjp7ImlucHV0VG9rZW5Db"
		"3V"
		"udCI6Miwib3V0cHV0VG9rZW5Db3VudCI6Mn19\",\"p\":\"ab\"}") },
	{ 5, "chunk",
	  SLICE("{\"bytes\":"
		"\"eyJvdXRwdXRUZXh0IjoiYmxvY2tlZCIsImluZGV4IjowLjAsInRvdGFsT3V0cHV0VGV4dFR"
		"va2VuQ291bnQiOjMuMCwiaW5wdXRUZXh0VG9rZW5Db3VudCI6Ni4wLCJhbWF6b24tYmVkcm9jay1ndWFyZ"
		"HJ"
		"haWxBY3Rpb24iOiJJTlRFUlZFTkVEIn0=\",\"p\":\"ab\"}") },
	{ 13, "chunk",
	  SLICE("{\"bytes\":\"eyJ0eXBlIjoibWVzc2FnZV9zdGFydCIsIm1lc3NhZ2UiOnsiaWQiOiJt"
		"c2dfOSIsInR5cGUiOiJtZXNzYWdlIiwicm9sZSI6ImFzc2lzdGFudCIsIm1vZGVsIj"
		"oiY2xhdWRlLXgifX0=\",\"p\":\"a\"}") },
	{ 13, "chunk",
	  SLICE("{\"bytes\":\"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0YSIsImluZGV4IjowLCJk"
		"ZWx0YSI6eyJ0eXBlIjoidGV4dF9kZWx0YSIsInRleHQiOiJBIn19\",\"p\":\"a\"}") },
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

TEST(bedrock_invoke_rows)
{
	make_streams();
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(bedrock_invoke_without_memory)
{
	make_streams();
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
