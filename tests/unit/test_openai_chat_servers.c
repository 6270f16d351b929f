/* SPDX-License-Identifier: Apache-2.0 */
/* Chat Completions of servers that one runs oneself: what they add, and what they leave out. */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "llama.cpp: no usage was asked for, its timings count",
	  { .target = "/v1/chat/completions",
	    .host = "127.0.0.1:8080",
	    .response_fields = "content-type: text/event-stream\n"
			       "server: llama.cpp\n",
	    .request = SLICE("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"H"
			     "i\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"A\"},"
		    "\"fin"
		    "ish_reason\":null}],\"system_fingerprint\":\"b6510-703f9e32\"}\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"system_fin"
		    "gerprint\":\"b6510-703f9e32\",\"timings\":{\"cache_n\":13,\"prompt_n\":1,\"p"
		    "rompt_ms\":17.5,\"prompt_per_token_ms\":17.5,\"predicted_n\":3,\"predict"
		    "ed_ms\":482.5}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "processing=0.5\n"
	  "fingerprint=\"b6510-703f9e32\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=14 read=13 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "llama.cpp of before cache_n: the prompt is not known",
	  { .target = "/v1/chat/completions",
	    .host = "127.0.0.1:8080",
	    .request = SLICE("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"H"
			     "i\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}]}"
		    "\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"timings\":{"
		    "\"prompt_n\":1,\"prompt_ms\":17.5,\"predicted_n\":3,\"predicted_ms\":482.5"
		    "}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"openai\"\n"
	  "api_type=\"chat_completions\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "processing=0.5\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "llama.cpp: usage counts before timings, which fill in the cache",
	  { .target = "/v1/chat/completions",
	    .host = "127.0.0.1:8080",
	    .response_fields = "content-type: text/event-stream\n"
			       "server: llama.cpp\n",
	    .request = SLICE(
		    "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}"
		    ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}],"
		    "\"timings\":{\"cache_n\":13,\"prompt_n\":1,\"prompt_ms\":17.5,\"prompt_per_"
		    "token_ms\":17.5,\"predicted_n\":1,\"predicted_ms\":482.5}}\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[],\"usage\":{\"prompt_tokens"
		    "\":14,\"completion_tokens\":4,\"total_tokens\":18},\"timings\":{\"cache_n\""
		    ":13,\"prompt_n\":1,\"prompt_ms\":17.5,\"prompt_per_token_ms\":17.5,\"pred"
		    "icted_n\":3,\"predicted_ms\":482.5}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "processing=0.5\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=14 read=13 out=4 total=18\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "vLLM: running counts of a stream that breaks off are those of a pa"
	  "rt",
	  { .target = "/v1/chat/completions",
	    .host = "vllm.example",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"H"
			     "i\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}],"
		    "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":6}"
		    ",\"system_fingerprint\":\"vllm-0.11\"}\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"vllm\"\n"
	  "server=\"vllm.example\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "fingerprint=\"vllm-0.11\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "usage in=5\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "Snowflake Cortex: a whole answer that gives no reason for its end",
	  { .target = "/api/v2/cortex/v1/chat/completions",
	    .host = "org.example",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
			     "\"Hi\"}]}"),
	    .response = SLICE("{\"choices\":[{\"finish_reason\":\"\",\"index\":0,\"message\":{"
			      "\"content\":\"A\",\"role\":\"assistant\"}}],\"id\":\"\","
			      "\"model\":\"m\",\"object\":\"chat.completion\",\"usage\":{"
			      "\"completion_tokens\":14,\"prompt_tokens\":89,"
			      "\"total_tokens\":103}}") },
	  "openai-chat chat\n"
	  "provider=\"openai\"\n"
	  "api_type=\"chat_completions\"\n"
	  "server=\"org.example\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "model=\"m\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "usage in=89 out=14 total=103\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n" },
	{ "SGLang: cached and reasoning tokens, and how it names itself",
	  { .target = "/v1/chat/completions",
	    .host = "localhost:30000",
	    .request = SLICE("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"H"
			     "i\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}]}"
		    "\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"model\":\"m-1\",\"choices\":[],\"metadata\":{\"weight_ver"
		    "sion\":\"default\"},\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,"
		    "\"total_tokens\":13,\"prompt_tokens_details\":{\"cached_tokens\":6},\"rea"
		    "soning_tokens\":2}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"sglang\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=9 read=6 out=4 reasoning=2 total=13\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "SGLang: a stream without usage",
	  { .target = "/v1/chat/completions",
	    .host = "localhost:30000",
	    .request = SLICE("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			     "\"content\":\"H"
			     "i\"}]}"),
	    .response = SLICE(
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}]}"
		    "\n"
		    "\n"
		    "data: "
		    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"ch"
		    "oices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "openai-chat chat\n"
	  "provider=\"openai\"\n"
	  "api_type=\"chat_completions\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "stream\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "LM Studio's older API: its statistics",
	  { .target = "/api/v0/chat/completions",
	    .host = "localhost:1234",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    .response = SLICE(
		    "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"m-1\",\"choices\":[{"
		    "\"in"
		    "dex\":0,\"logprobs\":null,\"finish_reason\":\"stop\",\"message\":{\"role\":\"a"
		    "ssistant\",\"content\":\"A\"}}],\"usage\":{\"prompt_tokens\":24,\"completion"
		    "_tokens\":53,\"total_tokens\":77},\"stats\":{\"tokens_per_second\":51.4,\""
		    "time_to_first_token\":0.25,\"generation_time\":0.5,\"stop_reason\":\"eos"
		    "Found\"},\"model_info\":{\"arch\":\"granite\",\"quant\":\"Q4_K_M\"},"
		    "\"runtime\""
		    ":{\"name\":\"llama.cpp-mac-arm64\",\"version\":\"1.3.0\"}}") },
	  "openai-chat chat\n"
	  "provider=\"lmstudio\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "id=\"c\"\n"
	  "model=\"m-1\"\n"
	  "processing=0.75\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=24 out=53 total=77\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
};

TEST(openai_chat_servers_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(openai_chat_servers_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
