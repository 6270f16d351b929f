/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

#define HELLO "{\"model\":\"gpt-x\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define HELLO_USAGE                                                                                \
	"{\"model\":\"gpt-x\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"        \
	"\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define FINISHED                                                                                   \
	"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"o\"}}]}\n\n"                    \
	"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define HELLO_STREAM                                                                               \
	"{\"model\":\"gpt-x\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":"       \
	"\"Hi\"}]}"
#define CHAT .target = "/v1/chat/completions", .host = "api.openai.com"
#define HEAD                                                                                       \
	"openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"                   \
	"server=\"api.openai.com\"\nstatus=200\n"

static const struct dialect_row rows[] = {
	{ "everything a request can say",
	  { CHAT, .content = true,
	    .request_fields =
		    EXCHANGE_JSON "x-stainless-retry-count: 2\n"
				  "tracestate: a=1\ntraceparent: "
				  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
	    .request = SLICE(
		    "{\"model\":\"gpt-x\",\"max_completion_tokens\":9,\"n\":2,\"seed\":-7,"
		    "\"temperature\":0.5,\"top_p\":1,\"frequency_penalty\":-1,\"presence_penalty\":"
		    "0,"
		    "\"stop\":[\"a\",\"b\"],\"reasoning_effort\":\"low\",\"service_tier\":\"flex\","
		    "\"response_format\":{\"type\":\"json_schema\"},\"user\":\"u1\",\"tools\":["
		    "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"a\":1}}}"
		    ","
		    "{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}],\"messages\":["
		    "{\"role\":\"developer\",\"content\":\"D\\u00e9\"},"
		    "{\"role\":\"user\",\"name\":\"bob\",\"content\":[{\"type\":\"text\",\"text\":"
		    "\"T\"},"
		    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}},"
		    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
		    "png;base64,AAAA\"}},"
		    "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\",\"format\":"
		    "\"wav\"}},"
		    "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]},"
		    "{\"role\":\"assistant\",\"content\":null,\"reasoning\":null,\"tool_calls\":["
		    "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
		    "\"arguments\":\"{\\\"a\\\":1}\"}}]},"
		    "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"done\"}]}"),
	    .response_fields = EXCHANGE_JSON "x-request-id: req_1\n",
	    .response = SLICE(
		    "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"gpt-x-1\","
		    "\"service_tier\":\"flex\",\"system_fingerprint\":\"fp_1\",\"choices\":["
		    "{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":\"two\"},"
		    "\"finish_reason\":\"length\"},{\"index\":0,\"message\":{\"role\":"
		    "\"assistant\","
		    "\"content\":\"one\",\"refusal\":null},\"finish_reason\":\"stop\"}],\"usage\":"
		    "{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}") },
	  HEAD
	  "request_id=\"req_1\"\nretries=2\ntrace_state=\"a=1\"\nrequest_model=\"gpt-x\"\n"
	  "max_tokens=9\nseed=-7\nchoices=2\ntemperature=0.5\ntop_p=1\n"
	  "frequency_penalty=-1\npresence_penalty=0\nstop=[a,b]\nreasoning=\"low\"\n"
	  "output_type=\"json\"\nrequest_tier=\"flex\"\nuser=\"u1\"\nid=\"chatcmpl-1\"\n"
	  "model=\"gpt-x-1\"\ntier=\"flex\"\nfingerprint=\"fp_1\"\nfinish=[stop,length]\n"
	  "raw_finish=[stop,length]\nusage in=5 out=2 total=7\ninput developer\n  text "
	  "\"D\xc3\xa9\"\n"
	  "input user name=bob\n  text \"T\"\n  uri image \"https://x/y.png\"\n"
	  "  blob image/png image \"AAAA\"\n  blob audio/wav audio \"BBBB\"\n"
	  "  file document \"file-1\"\ninput assistant\n"
	  "  tool_call #c1 f json \"{\\\"a\\\":1}\"\ninput tool\n  tool_response #c1 \"done\"\n"
	  "output assistant finish=stop\n  text \"one\"\n"
	  "output assistant finish=length\n  text \"two\"\n"
	  "tool function f {\"a\":1}\ntool custom g \n" },
	{ "stream with usage and two tool calls, fragments interleaved",
	  { CHAT, .request = SLICE(HELLO_STREAM),
	    .response = SLICE(
		    ": comment\n\n"
		    "data: "
		    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
		    "\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"t0\","
		    "\"type\":"
		    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}],\"usage\":"
		    "null}\n\n"
		    "data: "
		    "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":"
		    "\"t1\","
		    "\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"b\"}}]"
		    "}}]}\n\n"
		    "data: "
		    "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
		    "\"function\":"
		    "{\"arguments\":\"{\\\"a\\\":\"}}]}}]}\r\n\r\n"
		    "data: "
		    "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":"
		    "null,"
		    "\"function\":{\"name\":null,\"arguments\":\"\\\":2}\"}}]}}]}\n\n"
		    "data: "
		    "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
		    "\"function\":"
		    "{\"arguments\":\"1}\"}}]}}]}\n\n"
		    "data: "
		    "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}"
		    "\n\n"
		    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,"
		    "\"total_tokens\":7}}\n\ndata: [DONE]\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nid=\"c\"\nmodel=\"m\"\nfinish=[tool_calls]\n"
	       "raw_finish=[tool_calls]\nusage in=3 out=4 total=7\ninput user\n  text \"Hi\"\n"
	       "output assistant finish=tool_calls\n  tool_call #t0 f json \"{\\\"a\\\":1}\"\n"
	       "  tool_call #t1 g json \"{\\\"b\\\":2}\"\ncall function f #t0 {\"a\":1}\n"
	       "call function g #t1 {\"b\":2}\n" },
	{ "tool calls without index, and all with index 0",
	  { CHAT, .request = SLICE(HELLO_STREAM),
	    .response = SLICE("data: "
			      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\","
			      "\"function\":{\"name\":"
			      "\"f\",\"arguments\":\"{\"}}]}}]}\n\n"
			      "data: "
			      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{"
			      "\"arguments\":\"}\"}}]}}]}\n\n"
			      "data: "
			      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"b\","
			      "\"function\":"
			      "{\"name\":\"g\",\"arguments\":{\"x\":1}}}]}}]}\n\n"
			      "data: "
			      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\","
			      "\"function\":"
			      "{\"name\":\"h\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[tool_calls]\nraw_finish=[tool_calls]\n"
	       "input user\n  text \"Hi\"\noutput assistant finish=tool_calls\n"
	       "  tool_call #a f json \"{}\"\n  tool_call #b g json \"{\\\"x\\\":1}\"\n"
	       "  tool_call #c h json \"{}\"\ncall function f #a {}\ncall function g #b {\"x\":1}\n"
	       "call function h #c {}\n" },
	{ "Groq: usage in x_groq; reasoning",
	  { .target = "/openai/v1/chat/completions",
	    .host = "api.groq.com",
	    .request = SLICE(HELLO_STREAM),
	    .response =
		    SLICE("data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\"}}]}\n\n"
			  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"},"
			  "\"finish_reason\":\"stop\"}],\"x_groq\":{\"usage\":{\"prompt_tokens\":1,"
			  "\"completion_tokens\":2,\"total_tokens\":3}}}\n\ndata: [DONE]\n\n") },
	  "openai-chat chat\nprovider=\"groq\"\nserver=\"api.groq.com\"\nstatus=200\n"
	  "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\n"
	  "usage in=1 out=2 total=3\ninput user\n  text \"Hi\"\noutput assistant finish=stop\n"
	  "  reasoning \"hm\"\n  text \"ok\"\n" },
	{ "error in the middle of a stream",
	  { CHAT, .request = SLICE(HELLO_STREAM),
	    .response =
		    SLICE("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"}}]}\n\n"
			  "data: "
			  "{\"error\":{\"message\":\"boom\",\"type\":\"server_error\",\"code\":"
			  "null}}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[error]\nraw_finish=[error]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=error\n  text \"ok\"\n"
	       "error=\"server_error\"\nmessage=\"boom\"\n" },
	{ "stream that stops without its end",
	  { CHAT, .request = SLICE(HELLO_STREAM), .end = HTTP_END_CLOSED,
	    .response = SLICE(
		    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
		    "\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[error]\nraw_finish=[error]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=error\n  tool_call #a f \"{\"\n"
	       "call function f #a { truncated\nerror=\"stream_interrupted\"\n"
	       "partial stream_interrupted lost=0\n" },
	{ "stream that its reader closed",
	  { CHAT, .request = SLICE(HELLO_STREAM), .abort = true,
	    .response = SLICE(
		    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"o\"}}]}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[error]\nraw_finish=[error]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=error\n  text \"o\"\n"
	       "error=\"cancelled\"\npartial cancelled lost=0\n" },
	{ "stream cut behind its answer, in front of the usage that was asked for",
	  { CHAT, .request = SLICE(HELLO_USAGE), .abort = true, .response = SLICE(FINISHED) },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=stop\n  text \"o\"\n"
	       "partial cancelled lost=0\n" },
	{ "the same, by the server",
	  { CHAT, .request = SLICE(HELLO_USAGE), .end = HTTP_END_TRUNCATED,
	    .response = SLICE(FINISHED) },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=stop\n  text \"o\"\n"
	       "partial stream_interrupted lost=0\n" },
	{ "cut behind the usage",
	  { CHAT, .request = SLICE(HELLO_USAGE), .abort = true,
	    .response = SLICE(FINISHED "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
				       "\"completion_tokens\":4}}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\n"
	       "usage in=3 out=4\ninput user\n  text \"Hi\"\noutput assistant finish=stop\n"
	       "  text \"o\"\n" },
	{ "cut behind its answer, and nobody asked for usage",
	  { CHAT, .request = SLICE(HELLO_STREAM), .abort = true, .response = SLICE(FINISHED) },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=stop\n  text \"o\"\n" },
	{ "records lost: not an error of the call",
	  { CHAT, .request = SLICE(HELLO_STREAM), .end = HTTP_END_LOST,
	    .response = SLICE(
		    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"o\"}}]}\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\ninput user\n  text \"Hi\"\noutput assistant\n"
	       "  text \"o\"\npartial lost_records lost=0\n" },
	{ "status without a body",
	  { CHAT, .request = SLICE(HELLO), .status = 429 },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"api.openai.com\"\nstatus=429\nrequest_model=\"gpt-x\"\ninput user\n"
	  "  text \"Hi\"\nerror=\"429\"\n" },
	{ "error body with a code",
	  { CHAT, .request = SLICE(HELLO), .status = 404,
	    .response = SLICE("{\"error\":{\"message\":\"no such model\",\"type\":"
			      "\"invalid_request_error\",\"code\":\"model_not_found\"}}") },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"api.openai.com\"\nstatus=404\nrequest_model=\"gpt-x\"\ninput user\n"
	  "  text \"Hi\"\nerror=\"model_not_found\"\nmessage=\"no such model\"\n" },
	{ "error page",
	  { CHAT, .request = SLICE(HELLO), .status = 502,
	    .response_fields = "content-type: text/html\n",
	    .response = SLICE("<html>Bad Gateway</html>") },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"api.openai.com\"\nstatus=502\nrequest_model=\"gpt-x\"\ninput user\n"
	  "  text \"Hi\"\nerror=\"502\"\n" },
	{ "no answer, and the process closed",
	  { CHAT, .request = SLICE(HELLO), .no_response = true, .abort = true },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"api.openai.com\"\nstatus=0\nrequest_model=\"gpt-x\"\ninput user\n"
	  "  text \"Hi\"\nerror=\"cancelled\"\npartial cancelled lost=0\n" },
	{ "Azure: the path names the model",
	  { .target = "/openai/deployments/my-gpt/chat/completions?api-version=1",
	    .host = "me.openai.azure.com",
	    .request = SLICE("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response_fields = EXCHANGE_STREAM "apim-request-id: ap-1\n",
	    .response = SLICE(
		    "data: {\"choices\":[],\"id\":\"\",\"model\":\"\",\"object\":\"\"}\n\n"
		    "data: "
		    "{\"choices\":[{\"delta\":{\"content\":\"ok\"},\"index\":0,\"finish_reason\":"
		    "\"stop\"}],\"id\":\"c\",\"model\":\"gpt-x-1\"}\n\ndata: [DONE]\n\n") },
	  "openai-chat chat\nprovider=\"azure.ai.openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"me.openai.azure.com\"\nstatus=200\nrequest_id=\"ap-1\"\n"
	  "request_model=\"my-gpt\"\nstream\nid=\"c\"\nmodel=\"gpt-x-1\"\nfinish=[stop]\n"
	  "raw_finish=[stop]\ninput user\n  text \"Hi\"\noutput assistant finish=stop\n  text "
	  "\"ok\"\n" },
	{ "legacy completions",
	  { .target = "/v1/completions",
	    .host = "h.example",
	    .request = SLICE("{\"model\":\"m\",\"prompt\":[\"a\",\"b\"],\"max_tokens\":4}"),
	    .response =
		    SLICE("{\"object\":\"text_completion\",\"model\":\"m\",\"system_fingerprint\":"
			  "\"vllm-1\","
			  "\"choices\":[{\"index\":0,\"text\":\"x\",\"finish_reason\":\"length\"},"
			  "{\"index\":1,\"text\":\"y\",\"finish_reason\":null}]}") },
	  "openai-chat text_completion\nprovider=\"vllm\"\nserver=\"h.example\"\nstatus=200\n"
	  "request_model=\"m\"\nmax_tokens=4\nmodel=\"m\"\nfingerprint=\"vllm-1\"\n"
	  "finish=[length,error]\nraw_finish=[length,error]\ninput user\n  text \"a\"\ninput user\n"
	  "  text \"b\"\noutput assistant finish=length\n  text \"x\"\n"
	  "output assistant finish=error\n  text \"y\"\n" },
	{ "custom tool, legacy function call, refusal, Mistral's thoughts",
	  { CHAT, .request = SLICE(HELLO),
	    .response = SLICE("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":[{"
			      "\"type\":\"thinking\","
			      "\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},{\"type\":"
			      "\"text\",\"text\":\"ok\"}],"
			      "\"refusal\":\"no\",\"tool_calls\":[{\"id\":\"k\",\"type\":"
			      "\"custom\",\"custom\":"
			      "{\"name\":\"sh\",\"input\":\"ls "
			      "-l\"}}],\"function_call\":{\"name\":\"f\",\"arguments\":"
			      "\"{}\"}},\"finish_reason\":\"function_call\"}]}") },
	  HEAD
	  "request_model=\"gpt-x\"\nfinish=[tool_calls]\nraw_finish=[function_call]\n"
	  "input user\n  text \"Hi\"\noutput assistant finish=tool_calls\n  reasoning \"hm\"\n"
	  "  text \"ok\"\n  text \"no\"\n  tool_call #k sh \"ls -l\"\n  tool_call f json \"{}\"\n"
	  "call custom sh #k ls -l\ncall function f # {}\n" },
	{ "response body cut short",
	  { CHAT, .request = SLICE(HELLO), .end = HTTP_END_TRUNCATED,
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"par") },
	  HEAD
	  "request_model=\"gpt-x\"\nid=\"c\"\nmodel=\"m\"\nfinish=[error]\nraw_finish=[error]\n"
	  "input user\n  text \"Hi\"\noutput assistant finish=error\n  text \"par\"\n"
	  "error=\"stream_interrupted\"\npartial response_truncated lost=0\n" },
	{ "closed behind the last byte of JSON: nothing is missing",
	  { CHAT, .request = SLICE(HELLO), .abort = true,
	    .response = SLICE("{\"model\":\"m\",\"choices\":[]}") },
	  HEAD "request_model=\"gpt-x\"\nmodel=\"m\"\ninput user\n  text \"Hi\"\n" },
	{ "closed behind [DONE]",
	  { CHAT, .request = SLICE(HELLO_STREAM), .abort = true,
	    .response = SLICE("data: {\"model\":\"m\",\"choices\":[]}\n\ndata: [DONE]\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nmodel=\"m\"\ninput user\n  text \"Hi\"\n" },
	{ "LiteLLM names the price",
	  { .target = "/chat/completions",
	    .host = "proxy.example",
	    .request = SLICE(HELLO),
	    .response_fields =
		    EXCHANGE_JSON "x-litellm-call-id: 1\nx-litellm-response-cost: 1.5e-3\n",
	    .response = SLICE("{\"model\":\"m\",\"choices\":[]}") },
	  "openai-chat chat\nprovider=\"litellm\"\nserver=\"proxy.example\"\nstatus=200\n"
	  "request_model=\"gpt-x\"\nmodel=\"m\"\nusage cost=0.0015\ninput user\n  text \"Hi\"\n" },
	{ "request body with a hole",
	  { CHAT, .request = SLICE(HELLO), .request_hole_at = 30, .request_hole_len = 10,
	    .response = SLICE("{\"model\":\"m\"}") },
	  HEAD "request_model=\"gpt-x\"\nmodel=\"m\"\npartial lost_records lost=10\n" },
	{ "stream with a hole in its second event",
	  { CHAT, .request = SLICE(HELLO_STREAM), .hole_at = 70, .hole_len = 20,
	    .response =
		    SLICE("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
			  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n"
			  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"c\"},"
			  "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") },
	  HEAD "request_model=\"gpt-x\"\nstream\nfinish=[stop]\nraw_finish=[stop]\ninput user\n"
	       "  text \"Hi\"\noutput assistant finish=stop\n  text \"ac\"\n"
	       "partial lost_records lost=20\n" },
	{ "response only",
	  { CHAT, .no_request = true,
	    .response = SLICE("{\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[]}") },
	  HEAD "model=\"m\"\npartial request_not_seen lost=0\n" },
	{ "unknown path, known shape",
	  { .target = "/llm",
	    .host = "gw.example",
	    .request = SLICE(HELLO),
	    .response =
		    SLICE("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"ok\"},"
			  "\"finish_reason\":\"stop\"}]}") },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"gw.example\"\nstatus=200\nrequest_model=\"gpt-x\"\nfinish=[stop]\n"
	  "raw_finish=[stop]\ninput user\n  text \"Hi\"\noutput assistant finish=stop\n  text "
	  "\"ok\"\n" },
	{ "unknown path, white space and a BOM in front",
	  { .target = "/llm",
	    .host = "gw.example",
	    .request = SLICE("\xef\xbb\xbf\n\n " HELLO),
	    .response = SLICE("{\"choices\":[{\"message\":{\"role\":\"assistant\"},"
			      "\"finish_reason\":\"stop\"}]}") },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"gw.example\"\nstatus=200\nrequest_model=\"gpt-x\"\nfinish=[stop]\n"
	  "raw_finish=[stop]\ninput user\n  text \"Hi\"\noutput assistant finish=stop\n" },
	{ "unknown path, Anthropic's answer",
	  { .target = "/llm",
	    .host = "gw.example",
	    .request = SLICE(HELLO),
	    .response = SLICE("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[],"
			      "\"stop_reason\":\"end_turn\"}") },
	  "anthropic-messages chat\nprovider=\"anthropic\"\nserver=\"gw.example\"\nstatus=200\n"
	  "request_model=\"gpt-x\"\nfinish=[stop]\nraw_finish=[end_turn]\ninput user\n  text "
	  "\"Hi\"\n"
	  "output assistant finish=stop\n" },
	{ "unknown path, failed",
	  { .target = "/llm",
	    .host = "gw.example",
	    .request = SLICE(HELLO),
	    .status = 500,
	    .response = SLICE("{\"detail\":\"oops\"}") },
	  "openai-chat chat\nprovider=\"openai\"\napi_type=\"chat_completions\"\n"
	  "server=\"gw.example\"\nstatus=500\nrequest_model=\"gpt-x\"\ninput user\n  text \"Hi\"\n"
	  "error=\"500\"\nmessage=\"oops\"\n" },
	{ "unknown path, some other API's answer",
	  { .target = "/llm",
	    .host = "gw.example",
	    .request = SLICE(HELLO),
	    .response = SLICE("{\"result\":\"ok\"}") },
	  "" },
	{ "unknown path, unknown request",
	  { .target = "/rpc",
	    .host = "gw.example",
	    .request = SLICE("{\"method\":\"x\",\"id\":1}"),
	    .response = SLICE("{\"object\":\"chat.completion\"}") },
	  "" },
	{ "a path that others use too",
	  { .target = "/v1/chat/completions",
	    .host = "gw.example",
	    .request = SLICE("{\"to\":\"x\"}"),
	    .response = SLICE("{\"id\":1}") },
	  "" },
	{ "not an operation",
	  { .method = "GET",
	    .target = "/v1/models",
	    .host = "api.openai.com",
	    .response = SLICE("{\"object\":\"list\"}") },
	  "" },
	{ "xAI: what it charged, in ticks, and what ran there",
	  { .target = "/v1/chat/completions",
	    .host = "api.x.ai",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":32,\"completion_tokens\":9,\"total_tokens\":135,\"prompt_token"
		    "s_details\":{\"text_tokens\":32,\"cached_tokens\":6,\"image_tokens\":0},\""
		    "completion_tokens_details\":{\"reasoning_tokens\":94},\"num_sources_us"
		    "ed\":0,\"cost_in_usd_ticks\":37756000,\"server_side_tool_usage_details"
		    "\":{\"web_search_calls\":2,\"x_search_calls\":3,\"code_interpreter_calls"
		    "\":1,\"file_search_calls\":0}}}") },
	  "openai-chat chat\n"
	  "provider=\"x_ai\"\n"
	  "server=\"api.x.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=32 read=6 in_text=32 in_image=0 out=103 reasoning=94 tota"
	  "l=135 searches=2 codes=1 files=0 cost=0.0037756\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "Mistral: the tier is in the usage, cached tokens have a name of th"
	  "eir own",
	  { .target = "/v1/chat/completions",
	    .host = "api.mistral.ai",
	    .request = SLICE("{\"model\":\"m\",\"service_tier\":\"auto\",\"random_seed\":7,"
			     "\"messages\":[{\"r"
			     "ole\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":14,\"completion_tokens\":2,\"total_tokens\":16,\"num_cached_to"
		    "kens\":8,\"prompt_audio_seconds\":3,\"service_tier\":\"priority\"}}") },
	  "openai-chat chat\n"
	  "provider=\"mistral_ai\"\n"
	  "server=\"api.mistral.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "seed=7\n"
	  "request_tier=\"auto\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "tier=\"priority\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=14 read=8 out=2 total=16 audio_ms=3000\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "OpenRouter: searches that it made",
	  { .target = "/api/v1/chat/completions",
	    .host = "openrouter.ai",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"a"
		    "ssistant\",\"content\":\"A\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
		    "_tokens\":8000,\"completion_tokens\":204,\"total_tokens\":8204,\"cost\":0"
		    ".0125,\"prompt_tokens_details\":{\"cached_tokens\":0,\"cache_write_toke"
		    "ns\":100,\"audio_tokens\":0,\"video_tokens\":0},\"completion_tokens_deta"
		    "ils\":{\"reasoning_tokens\":4,\"image_tokens\":0},\"server_tool_use_deta"
		    "ils\":{\"web_search_requests\":1}},\"provider\":\"X\"}") },
	  "openai-chat chat\n"
	  "provider=\"openrouter\"\n"
	  "server=\"openrouter.ai\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=8000 read=0 write=100 in_audio=0 in_video=0 out=204 reaso"
	  "ning=4 out_image=0 total=8204 searches=1 cost=0.0125\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(chat_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(chat_rows_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}

TEST(chat_times)
{
	static const struct exchange x = {
		CHAT, .request = SLICE(HELLO_STREAM),
		.response = SLICE(
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
			"\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}}]}\n\n"
			"data: "
			"{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
			"data: [DONE]\n\n")
	};
	struct call *c = NULL;

	exchange_run(&x, exchange_keep_fn, &c, 0, 20);
	CHECK(c);
	if (!c)
		return;
	CHECK_INT(c->start_ns, 100);
	CHECK_INT(c->request_end_ns, 200);
	CHECK_INT(c->response_start_ns, 900);
	CHECK_INT(c->first_chunk_ns, 1060); /* the blank line is in the sixth piece */
	CHECK_INT(c->tool_calls[0].end_ns, 1060);
	CHECK_INT(c->chunks, 2);
	CHECK(c->last_chunk_ns > c->first_chunk_ns && c->last_chunk_ns < c->end_ns);
	CHECK_INT(c->end_ns, 9000);
	call_free(c);
}

TEST(chat_text_is_cut_but_counted)
{
	char body[3000];
	struct exchange x = { CHAT, .request = { body, 0 }, .response = SLICE("{\"choices\":[]}") };
	struct call *c;
	int len = snprintf(body, sizeof(body),
			   "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
			   "\"content\":\"%0*d\"}]}",
			   2000, 0);

	x.request.len = (size_t)len;
	c = exchange_call(&x);
	CHECK(c && c->n_input == 1);
	if (c && c->n_input == 1) {
		CHECK_INT(c->input[0].parts[0].text.len, CALL_TEXT_HEAD);
		CHECK_INT(c->input[0].parts[0].len, 2000);
		CHECK_INT(c->completeness, COMPLETENESS_FULL);
	}
	call_free(c);
	x.body_max = 1000;
	c = exchange_call(&x);
	CHECK(c && c->completeness == COMPLETENESS_PARTIAL);
	if (c)
		CHECK_STR(slice_from(c->partial_reason), "body_too_large");
	call_free(c);
}
