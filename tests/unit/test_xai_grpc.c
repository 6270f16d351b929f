/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "everything; reasoning adds, as the total says",
	  { .target = "/xai_api.Chat/GetCompletion",
	    .host = "api.x.ai",
	    .content = true,
	    .request = SLICE("\000\000\000\000q\n"
			     "\007\n"
			     "\003\n"
			     "\001S\020\003\n"
			     "\010\n"
			     "\004\n"
			     "\002Hi\020\001\n"
			     "\026\020\002\"\022\n"
			     "\002t1R\014\n"
			     "\001f\022\007{\"a\":1}\n"
			     "\013\n"
			     "\003\n"
			     "\001r\020\005:\002t1\022\006grok-x\035\000\000\200>8\011@"
			     "\001M\000\000\000?X\004b"
			     "\001Xu\000\000\000?}\000\000\200?\202\001\001u\212\001\005\n"
			     "\003\n"
			     "\001f\230\001\003\262\001\002p0"),
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .response =
		    SLICE("\000\000\000\000C\n"
			  "\002x1\022!\010\004\032\035\n"
			  "\001A\032\024\n"
			  "\002t2\020\001R\014\n"
			  "\001f\022\007{\"b\":2}\"\002hm2\010grok-x-1:\002fpJ\014\010\005\020\n"
			  "\030\026 \n"
			  "0\0078\004") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "max_tokens=9\n"
	  "seed=4\n"
	  "choices=1\n"
	  "temperature=0.5\n"
	  "top_p=1\n"
	  "frequency_penalty=0.25\n"
	  "presence_penalty=0.5\n"
	  "stop=[X]\n"
	  "reasoning=\"high\"\n"
	  "previous=\"p0\"\n"
	  "user=\"u\"\n"
	  "id=\"x1\"\n"
	  "model=\"grok-x-1\"\n"
	  "fingerprint=\"fp\"\n"
	  "finish=[tool_calls]\n"
	  "raw_finish=[tool_calls]\n"
	  "usage in=10 read=4 in_text=10 in_image=0 out=12 reasoning=7 total=22\n"
	  "input system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "input assistant\n"
	  "  tool_call #t1 f json \"{\\\"a\\\":1}\"\n"
	  "input tool\n"
	  "  tool_response #t1 \"r\"\n"
	  "output assistant finish=tool_calls\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "  tool_call #t2 f json \"{\\\"b\\\":2}\"\n"
	  "tool function f \n"
	  "call function f #t2 {\"b\":2}\n" },
	{ "stream: counts replace",
	  { .target = "/xai_api.Chat/GetCompletionChunk",
	    .host = "api.x.ai",
	    .request = SLICE("\000\000\000\000\010\022\006grok-x"),
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .response =
		    SLICE("\000\000\000\000\035\n"
			  "\002x2\022\005\n"
			  "\003\n"
			  "\001A\"\010grok-x-12\006\010\001\020\003\030\004\000\000\000\000\037\n"
			  "\002x2\022\007\n"
			  "\003\n"
			  "\001B\030\003\"\010grok-x-12\006\010\002\020\003\030\005") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "stream\n"
	  "id=\"x2\"\n"
	  "model=\"grok-x-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=3 read=0 in_text=0 in_image=0 out=2 reasoning=0 total=5\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n" },
	{ "a stream that breaks off has no counts",
	  { .target = "/xai_api.Chat/GetCompletionChunk",
	    .host = "api.x.ai",
	    .request = SLICE("\000\000\000\000\010\022\006grok-x"),
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .response = SLICE("\000\000\000\000\035\n"
			      "\002x2\022\005\n"
			      "\003\n"
			      "\001A\"\010grok-x-12\006\010\001\020\003\030\004") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "stream\n"
	  "id=\"x2\"\n"
	  "model=\"grok-x-1\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "the status alone",
	  { .target = "/xai_api.Chat/GetCompletion",
	    .host = "api.x.ai",
	    .request = SLICE("\000\000\000\000\010\022\006grok-x"),
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n"
			       "grpc-status: 8\n"
			       "grpc-message: slow\n",
	    .response = SLICE("") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "error=\"RESOURCE_EXHAUSTED\"\n"
	  "message=\"slow\"\n" },
	{ "what it cost, which tier, which tools ran on their side",
	  { .target = "/xai_api.Chat/GetCompletion",
	    .host = "api.x.ai",
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .request = SLICE(
		    "\000\000\000\000\026\022\006grok-xR\002\010\003\370\001\002\222\002\004safe"),
	    .response = SLICE("\000\000\000\000#\n"
			      "\002x3\022\007\010\003\032\003\n"
			      "\001AJ\022\010\005\020\n"
			      "\030\017J\005\001\001\003\002\006X\340\270\200\022x\002") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "output_type=\"json\"\n"
	  "request_tier=\"priority\"\n"
	  "user=\"safe\"\n"
	  "id=\"x3\"\n"
	  "tier=\"priority\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=10 read=0 in_text=0 in_image=0 out=5 reasoning=0 total=15"
	  " searches=2 codes=1 files=1 cost=0.0037756\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "a count below 0 is none; tools one by one",
	  { .target = "/xai_api.Chat/GetCompletionChunk",
	    .host = "api.x.ai",
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .request = SLICE("\000\000\000\000\010\022\006grok-x"),
	    .response = SLICE("\000\000\000\000\"\n"
			      "\002x4\022\007\n"
			      "\003\n"
			      "\001A\030\0032\021\010\005\020\375\377\377\377\377\377\377\377\377"
			      "\001H\001H\004`\001") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "stream\n"
	  "id=\"x4\"\n"
	  "tier=\"default\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage read=0 in_text=0 in_image=0 out=5 reasoning=0 total=0 search"
	  "es=1\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "counts that cannot be read are not 0",
	  { .target = "/xai_api.Chat/GetCompletion",
	    .host = "api.x.ai",
	    .request_fields = "content-type: application/grpc\n",
	    .response_fields = "content-type: application/grpc\n",
	    .request = SLICE("\000\000\000\000\010\022\006grok-x"),
	    .response = SLICE("\000\000\000\000\022\n"
			      "\002x5\022\007\010\003\032\003\n"
			      "\001AJ\003\010\005\377") },
	  "xai-grpc chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"grok-x\"\n"
	  "id=\"x5\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(xai_grpc_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(xai_grpc_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
