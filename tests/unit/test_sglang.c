/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "whole",
	  { .target = "/generate",
	    .host = "localhost:30000",
	    .request = SLICE(
		    "{\"text\":\"Hi\",\"sampling_params\":{\"max_new_tokens\":9,\"temperature\":0"
		    ".5,\"top_p\":0.25,\"top_k\":4,\"n\":1,\"stop\":[\"X\"],\"frequency_penalty\":0"
		    ".5,\"presence_penalty\":0.25,\"sampling_seed\":3,\"json_schema\":\"{}\"}}"),
	    .response = SLICE(
		    "{\"text\":\"AB\",\"output_ids\":[1,2],\"meta_info\":{\"id\":\"r1\",\"finish_"
		    "rea"
		    "son\":{\"type\":\"stop\",\"matched\":2},\"prompt_tokens\":7,\"weight_version"
		    "\":\"default\",\"completion_tokens\":2,\"cached_tokens\":5,\"e2e_latency\":"
		    "0.25,\"reasoning_tokens\":1}}") },
	  "sglang text_completion\n"
	  "provider=\"sglang\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "max_tokens=9\n"
	  "top_k=4\n"
	  "seed=3\n"
	  "choices=1\n"
	  "temperature=0.5\n"
	  "top_p=0.25\n"
	  "frequency_penalty=0.5\n"
	  "presence_penalty=0.25\n"
	  "stop=[X]\n"
	  "output_type=\"json\"\n"
	  "id=\"r1\"\n"
	  "processing=0.25\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=7 read=5 out=2 reasoning=1\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  text \"AB\"\n" },
	{ "stream: each event has all of the text so far",
	  { .target = "/generate",
	    .host = "localhost:30000",
	    .request = SLICE("{\"text\":\"Hi\",\"stream\":true,\"sampling_params\":{}}"),
	    .response = SLICE(
		    "data: "
		    "{\"text\":\"A\",\"meta_info\":{\"id\":\"r2\",\"finish_reason\":null,\"pro"
		    "mpt_tokens\":7,\"weight_version\":\"default\",\"completion_tokens\":1,\"ca"
		    "ched_tokens\":5,\"e2e_latency\":0.25}}\n"
		    "\n"
		    "data: "
		    "{\"text\":\"AB\",\"meta_info\":{\"id\":\"r2\",\"finish_reason\":{\"type\":"
		    "\"length\",\"length\":2},\"prompt_tokens\":7,\"weight_version\":\"default\","
		    "\"completion_tokens\":2,\"cached_tokens\":5,\"e2e_latency\":0.25}}\n"
		    "\n"
		    "data: [DONE]\n"
		    "\n") },
	  "sglang text_completion\n"
	  "provider=\"sglang\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "stream\n"
	  "id=\"r2\"\n"
	  "processing=0.25\n"
	  "finish=[length]\n"
	  "raw_finish=[length]\n"
	  "usage in=7 read=5 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"AB\"\n" },
	{ "several prompts: the sum, of what each result has",
	  { .target = "/generate",
	    .host = "localhost:30000",
	    .request = SLICE("{\"text\":[\"a\",\"b\"],\"sampling_params\":{}}"),
	    .response = SLICE(
		    "[{\"text\":\"A\",\"meta_info\":{\"id\":\"r3\",\"finish_reason\":{\"type\":"
		    "\"stop\""
		    ",\"matched\":2},\"prompt_tokens\":7,\"weight_version\":\"default\",\"comple"
		    "tion_tokens\":2,\"cached_tokens\":5,\"e2e_latency\":0.25}},{\"text\":\"B\","
		    "\"meta_info\":{\"id\":\"r4\",\"finish_reason\":{\"type\":\"stop\",\"matched\":"
		    "2}"
		    ",\"prompt_tokens\":3,\"completion_tokens\":1}}]") },
	  "sglang text_completion\n"
	  "provider=\"sglang\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "id=\"r4\"\n"
	  "processing=0.25\n"
	  "finish=[stop,stop]\n"
	  "raw_finish=[stop,stop]\n"
	  "usage in=10 out=3\n"
	  "input user\n"
	  "  text \"a\"\n"
	  "  text \"b\"\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n"
	  "output assistant finish=stop\n"
	  "  text \"B\"\n" },
	{ "a stream that breaks off has no counts",
	  { .target = "/generate",
	    .host = "localhost:30000",
	    .end = HTTP_END_TRUNCATED,
	    .request = SLICE("{\"text\":\"Hi\",\"stream\":true,\"sampling_params\":{}}"),
	    .response = SLICE(
		    "data: "
		    "{\"text\":\"A\",\"meta_info\":{\"id\":\"r5\",\"finish_reason\":null,\"pro"
		    "mpt_tokens\":7,\"weight_version\":\"default\",\"completion_tokens\":1,\"ca"
		    "ched_tokens\":5,\"e2e_latency\":0.25}}\n"
		    "\n") },
	  "sglang text_completion\n"
	  "provider=\"sglang\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "stream\n"
	  "id=\"r5\"\n"
	  "processing=0.25\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "an error",
	  { .target = "/generate",
	    .host = "localhost:30000",
	    .status = 400,
	    .request = SLICE("{\"text\":\"Hi\",\"sampling_params\":{}}"),
	    .response = SLICE("{\"error\":{\"message\":\"too long\"}}") },
	  "" },
	{ "another server with this path",
	  { .target = "/generate",
	    .host = "tgi.example",
	    .request = SLICE("{\"inputs\":\"Hi\",\"parameters\":{}}"),
	    .response = SLICE("{\"generated_text\":\"A\"}") },
	  "" },
};

TEST(sglang_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(sglang_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}
