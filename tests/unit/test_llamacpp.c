/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "whole: tokens_cached is not what was cached of the prompt",
	  { .target = "/completion",
	    .host = "127.0.0.1:8080",
	    .response_fields = "content-type: application/json\n"
			       "server: llama.cpp\n",
	    .request = SLICE(
		    "{\"prompt\":\"Hi\",\"n_predict\":9,\"temperature\":0.5,\"top_k\":4,\"top_p\":0"
		    ".25,\"seed\":3,\"stop\":[\"X\"],\"frequency_penalty\":0.5,\"presence_penalt"
		    "y\":0.25,\"cache_prompt\":true,\"json_schema\":{}}"),
	    .response = SLICE(
		    "{\"index\":0,\"content\":\"AB\",\"tokens\":[],\"id_slot\":0,\"stop\":true,"
		    "\"mod"
		    "el\":\"qwen\",\"tokens_predicted\":3,\"tokens_evaluated\":14,\"generation_"
		    "settings\":{\"seed\":3},\"prompt\":\"Hi\",\"truncated\":false,\"stop_type\":\""
		    "limit\",\"stopping_word\":\"\",\"tokens_cached\":16,\"timings\":{\"cache_n\":"
		    "13,\"prompt_n\":1,\"prompt_ms\":17.5,\"prompt_per_token_ms\":17.5,\"predi"
		    "cted_n\":3,\"predicted_ms\":482.5}}") },
	  "llamacpp text_completion\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "max_tokens=9\n"
	  "top_k=4\n"
	  "seed=3\n"
	  "temperature=0.5\n"
	  "top_p=0.25\n"
	  "frequency_penalty=0.5\n"
	  "presence_penalty=0.25\n"
	  "stop=[X]\n"
	  "output_type=\"json\"\n"
	  "model=\"qwen\"\n"
	  "processing=0.5\n"
	  "finish=[length]\n"
	  "raw_finish=[length]\n"
	  "usage in=14 read=13 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"AB\"\n" },
	{ "stream; counts are the last one's",
	  { .target = "/completion",
	    .host = "127.0.0.1:8080",
	    .request = SLICE("{\"prompt\":[1,2],\"stream\":true}"),
	    .response = SLICE(
		    "data: {\"index\":0,\"content\":\"A\",\"tokens\":[1],\"stop\":false,\"id_slot\""
		    ":0,\"tokens_predicted\":1,\"tokens_evaluated\":14}\n"
		    "\n"
		    "data: {\"index\":0,\"content\":\"B\",\"tokens\":[2],\"stop\":false,\"id_slot\""
		    ":0,\"tokens_predicted\":2,\"tokens_evaluated\":14}\n"
		    "\n"
		    "data: {\"index\":0,\"content\":\"\",\"tokens\":[],\"id_slot\":0,\"stop\":true,"
		    "\"model\":\"qwen\",\"tokens_predicted\":3,\"tokens_evaluated\":14,\"generat"
		    "ion_settings\":{\"seed\":3},\"prompt\":\"Hi\",\"truncated\":false,\"stop_typ"
		    "e\":\"eos\",\"stopping_word\":\"\",\"tokens_cached\":16,\"timings\":{\"cache_n"
		    "\":13,\"prompt_n\":1,\"prompt_ms\":17.5,\"prompt_per_token_ms\":17.5,\"pre"
		    "dicted_n\":3,\"predicted_ms\":482.5}}\n"
		    "\n") },
	  "llamacpp text_completion\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "stream\n"
	  "model=\"qwen\"\n"
	  "processing=0.5\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=14 read=13 out=3\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n" },
	{ "a stream that breaks off has no counts",
	  { .target = "/completion",
	    .host = "127.0.0.1:8080",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"prompt\":\"Hi\",\"stream\":true}"),
	    .response = SLICE(
		    "data: {\"index\":0,\"content\":\"A\",\"stop\":false,\"tokens_predicted\":1,\""
		    "tokens_evaluated\":14}\n"
		    "\n") },
	  "llamacpp text_completion\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "stream\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "a server of before the cache was counted; a gap to fill",
	  { .target = "/infill",
	    .host = "127.0.0.1:8080",
	    .request = SLICE("{\"input_prefix\":\"a\",\"input_suffix\":\"c\"}"),
	    .response = SLICE(
		    "{\"content\":\"b\",\"stop\":true,\"model\":\"q\",\"tokens_predicted\":1,"
		    "\"token"
		    "s_evaluated\":5,\"stopped_eos\":false,\"stopped_word\":true,\"stopped_li"
		    "mit\":false,\"timings\":{\"prompt_n\":2,\"prompt_ms\":1,\"predicted_n\":1,\""
		    "predicted_ms\":2}}") },
	  "llamacpp text_completion\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=200\n"
	  "model=\"q\"\n"
	  "processing=0.003\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop_sequence]\n"
	  "usage in=5 out=1\n"
	  "input user\n"
	  "  text \"a\"\n"
	  "input user\n"
	  "  text \"c\"\n"
	  "output assistant finish=stop\n"
	  "  text \"b\"\n" },
	{ "it is loading",
	  { .target = "/completion",
	    .host = "127.0.0.1:8080",
	    .response_fields = "content-type: application/json\nserver: llama.cpp\n",
	    .status = 503,
	    .request = SLICE("{\"prompt\":\"Hi\"}"),
	    .response = SLICE(
		    "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable"
		    "_error\"}}") },
	  "llamacpp text_completion\n"
	  "provider=\"llama_cpp\"\n"
	  "server=\"127.0.0.1\"\n"
	  "status=503\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "error=\"unavailable_error\"\n"
	  "message=\"Loading model\"\n" },
	{ "somebody else's",
	  { .target = "/task/completion",
	    .host = "app.example",
	    .request = SLICE("{\"task\":1}"),
	    .response = SLICE("{\"content\":\"x\",\"done\":true}") },
	  "" },
};

TEST(llamacpp_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(llamacpp_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
