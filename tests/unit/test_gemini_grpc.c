/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define GRPC "content-type: application/grpc\n"

/* Written by Google's own libraries (google-cloud-aiplatform 2.7.0 and
 * google-ai-generativelanguage 0.12.1) from one request and two chunks in JSON. */
#define VERTEX_REQUEST                                                                             \
	"\000\000\000\001\077\0226\012\004user\022\003\012\001T\022\022\022\020\012\011"           \
	"image/png\022\003\000\000\000\022\025\032\023\012\011audio/mp3\022\006gs://x\022"         \
	"O\012\005model\022F*D\012\001f\022\077\012\016\012\001a\022\011\021\000\000\000"          \
	"\000\000\000\370\077\012\024\012\001b\022\0172\015\012\002 \001\012\002\010\000"          \
	"\012\003\032\001x\012\027\012\001c\022\022*\020\012\016\012\001d\022\011\021\000"         \
	"\000\000\000\000\000\000\300\022\032\012\004user\022\0222\020\012\001f\022\013"           \
	"\012\011\012\001r\022\004\032\002ok\042I\015333\077\025\000\000\000\077\035\000"          \
	"\000@@ \002(\0112\001X2\001YE\315\314\314=M\315\314L>`\371\377\377\377\377\377"           \
	"\377\377\377\001j\020application/json\312\001\006\010\001\030\005 \003*8proje"            \
	"cts/p/locations/l/publishers/google/models/gemini-x2\010\012\006\012\001f\022"            \
	"\001d2\002:\000B\005\022\003\012\001S"
#define VERTEX_RESPONSE                                                                            \
	"\000\000\000\000.\022\026\022\024\012\005model\022\006\012\002hmP\001\022\003"            \
	"\012\001A\042\004\010\012\030\012Z\012gemini-x-1j\002r0\000\000\000\000d\022,"            \
	"\022\036\012\005model\022\003\012\001B\022\007*\005\012\001g\022\000\022\007B"            \
	"\005\010\001\022\0011\030\002:\010\012\002q1\012\002q2\022\004\010\001\030\003"           \
	"\042\036\010\012\020\006\030\022(\004@\001J\004\010\001\020\007J\004\010\002\020"         \
	"\003Z\004\010\004\020\006p\002Z\012gemini-x-1j\002r0"
#define GEMINI_REQUEST                                                                             \
	"\000\000\000\001\032\012\017models/gemini-x\0226\012\003\022\001T\012\022\032"            \
	"\020\012\011image/png\022\003\000\000\000\012\0252\023\012\011audio/mp3\022\006"          \
	"gs://x\022\004user\022S\012J\042H\012\001f\022\077\012\016\012\001a\022\011\021"          \
	"\000\000\000\000\000\000\370\077\012\024\012\001b\022\0172\015\012\002 \001\012"          \
	"\002\010\000\012\003\032\001x\012\027\012\001c\022\022*\020\012\016\012\001d\022"         \
	"\011\021\000\000\000\000\000\000\000\300\032\002c1\022\005model\022\036\012\026"          \
	"*\024\012\001f\022\013\012\011\012\001r\022\004\032\002ok\032\002c1\022\004us"            \
	"er\042E\010\002\022\001X\022\001Y \011-333\0775\000\000\000\0778\003@\371\377"            \
	"\377\377\377\377\377\377\377\001j\020application/json}\315\314\314=\205\001\315"          \
	"\314L>\262\001\004\010\001\020\005*\010\012\006\012\001f\022\001d*\002\042\000"           \
	"B\005\012\003\022\001S"
#define GEMINI_RESPONSE                                                                            \
	"\000\000\000\000.\012\026\012\024\012\006\022\002hmX\001\012\003\022\001A\022"            \
	"\005model\032\004\010\012\030\012\042\012gemini-x-1*\002r0\000\000\000\000h\012"          \
	"0\012\042\012\003\022\001B\012\013\042\011\012\001g\022\000\032\002c2\012\007"            \
	"J\005\010\001\022\0011\022\005model\020\002J\010*\002q1*\002q2\012\004\020\003"           \
	"\030\001\032\036\010\012\020\006\030\027 \004*\004\010\001\020\007*\004\010\002"          \
	"\020\003:\004\010\004\020\006@\005P\002\042\012gemini-x-1*\002r0"

static const struct dialect_row rows[] = {
	{ "Vertex AI: everything, streamed",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .content = true,
	    .request = SLICE(VERTEX_REQUEST),
	    .response = SLICE(VERTEX_RESPONSE) },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "top_k=3\n"
	  "seed=-7\n"
	  "choices=2\n"
	  "temperature=0.7\n"
	  "top_p=0.5\n"
	  "frequency_penalty=0.2\n"
	  "presence_penalty=0.1\n"
	  "stop=[X,Y]\n"
	  "reasoning=\"HIGH\"\n"
	  "output_type=\"json\"\n"
	  "id=\"r0\"\n"
	  "model=\"gemini-x-1\"\n"
	  "tier=\"ON_DEMAND\"\n"
	  "finish=[length,content_filter]\n"
	  "raw_finish=[MAX_TOKENS,SAFETY]\n"
	  "usage in=10 read=4 in_text=7 in_image=3 out=8 reasoning=2 out_audio=6 total=18 "
	  "searches=2 codes=1\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"T\"\n"
	  "  blob image/png image\n"
	  "  uri audio/mp3 audio \"gs://x\"\n"
	  "input assistant\n"
	  "  tool_call f json "
	  "\"{\\\"a\\\":1.5,\\\"b\\\":[true,null,\\\"x\\\"],\\\"c\\\":{\\\"d\\\":-2}}\"\n"
	  "input user\n"
	  "  tool_response f json \"{\\\"r\\\":\\\"ok\\\"}\"\n"
	  "output assistant finish=length\n"
	  "  reasoning \"hm\"\n"
	  "  text \"AB\"\n"
	  "  tool_call g json \"{}\"\n"
	  "  server_tool_call code_execution json "
	  "\"{\\\"language\\\":\\\"PYTHON\\\",\\\"code\\\":\\\"1\\\"}\"\n"
	  "output assistant finish=content_filter\n"
	  "tool function f \n"
	  "tool googleSearch googleSearch \n"
	  "call function g # {}\n" },
	{ "the Gemini API: everything, streamed; ids and other numbers",
	  { .target =
		    "/google.ai.generativelanguage.v1beta.GenerativeService/StreamGenerateContent",
	    .host = "generativelanguage.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .content = true,
	    .request = SLICE(GEMINI_REQUEST),
	    .response = SLICE(GEMINI_RESPONSE) },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"generativelanguage.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "top_k=3\n"
	  "seed=-7\n"
	  "choices=2\n"
	  "temperature=0.7\n"
	  "top_p=0.5\n"
	  "frequency_penalty=0.2\n"
	  "presence_penalty=0.1\n"
	  "stop=[X,Y]\n"
	  "output_type=\"json\"\n"
	  "id=\"r0\"\n"
	  "model=\"gemini-x-1\"\n"
	  "finish=[length,content_filter]\n"
	  "raw_finish=[MAX_TOKENS,SAFETY]\n"
	  "usage in=15 read=4 in_text=7 in_image=3 in_tool=5 out=8 reasoning=2 out_audio=6 "
	  "total=23 searches=2 codes=1\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"T\"\n"
	  "  blob image/png image\n"
	  "  uri audio/mp3 audio \"gs://x\"\n"
	  "input assistant\n"
	  "  tool_call #c1 f json "
	  "\"{\\\"a\\\":1.5,\\\"b\\\":[true,null,\\\"x\\\"],\\\"c\\\":{\\\"d\\\":-2}}\"\n"
	  "input user\n"
	  "  tool_response #c1 f json \"{\\\"r\\\":\\\"ok\\\"}\"\n"
	  "output assistant finish=length\n"
	  "  reasoning \"hm\"\n"
	  "  text \"AB\"\n"
	  "  tool_call #c2 g json \"{}\"\n"
	  "  server_tool_call code_execution json "
	  "\"{\\\"language\\\":\\\"PYTHON\\\",\\\"code\\\":\\\"1\\\"}\"\n"
	  "output assistant finish=content_filter\n"
	  "tool function f \n"
	  "tool googleSearch googleSearch \n"
	  "call function g #c2 {}\n" },
	{ "an unknown host: the service names the provider; one message",
	  { .target = "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
	    .host = "gateway.example",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\012\012\010models/g"),
	    .response =
		    SLICE("\000\000\000\000\014\012\002\020\001\032\004\010\003\020\002*\000") },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.gemini\"\n"
	  "server=\"gateway.example\"\n"
	  "status=200\n"
	  "request_model=\"g\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[STOP]\n"
	  "usage in=3 out=2\n"
	  "output assistant finish=stop\n" },
	{ "what is no message is marked; it is a call all the same",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/GenerateContent",
	    .host = "aiplatform.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\004*\001gx"),
	    .response = SLICE("\000\000\000\000\006Z\001m\377\377\377") },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"g\"\n"
	  "model=\"m\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "error=\"stream_interrupted\"\n"
	  "partial message_unreadable lost=0\n" },
	{ "counting tokens is no operation",
	  { .target = "/google.ai.generativelanguage.v1beta.GenerativeService/CountTokens",
	    .host = "generativelanguage.googleapis.com",
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\000"),
	    .response = SLICE("\000\000\000\000\000") },
	  "" },
	{ "a stream that breaks off",
	  { .target = "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateConten"
		      "t",
	    .host = "us-central1-aiplatform.googleapis.com",
	    .end = HTTP_END_TRUNCATED,
	    .request_fields = GRPC,
	    .response_fields = GRPC,
	    .request = SLICE("\000\000\000\000\n"
			     "*\010gemini-x"),
	    .response = SLICE("\000\000\000\000.\022\026\022\024\n"
			      "\005model\022\006\n"
			      "\002hmP\001\022\003\n"
			      "\001A\"\004\010\n"
			      "\030\n"
			      "Z\n"
			      "gemini-x-1j\002r0") },
	  "gemini-grpc generate_content\n"
	  "provider=\"gcp.vertex_ai\"\n"
	  "server=\"us-central1-aiplatform.googleapis.com\"\n"
	  "status=200\n"
	  "request_model=\"gemini-x\"\n"
	  "stream\n"
	  "id=\"r0\"\n"
	  "model=\"gemini-x-1\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "usage in=10\n"
	  "output assistant finish=error\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
};

TEST(gemini_grpc_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(gemini_grpc_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
