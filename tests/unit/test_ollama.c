/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"

static const struct dialect_row rows[] = {
	{ "chat, streamed unless told not to",
	  { .target = "/api/chat",
	    .host = "localhost:11434",
	    .content = true,
	    .request = SLICE("{\"model\":\"q\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}"
			     "],\"options\":{"
			     "\"num_predict\":9,\"temperature\":0.5,\"top_k\":3,\"top_p\":1,"
			     "\"seed\":4,\"stop\":["
			     "\"X\"]},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
			     "\"f\"}}],\"think\":"
			     "\"high\",\"format\":\"json\"}"),
	    .response_fields = "content-type: application/x-ndjson\n",
	    .response = SLICE("{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n"
			      "{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"A\"},\"done\":false}\n"
			      "{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":"
			      "\"f\",\"arguments"
			      "\":{\"a\":1}}},{\"function\":{\"name\":\"g\",\"arguments\":{}}}]},"
			      "\"done\":false}\n"
			      "{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"\"},\"done_reason\":\"stop\",\"done\":true,"
			      "\"prompt_eval_coun"
			      "t\":5,\"eval_count\":3}\n") },
	  "ollama chat\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"q\"\n"
	  "stream\n"
	  "max_tokens=9\n"
	  "top_k=3\n"
	  "seed=4\n"
	  "temperature=0.5\n"
	  "top_p=1\n"
	  "stop=[X]\n"
	  "reasoning=\"high\"\n"
	  "output_type=\"json\"\n"
	  "model=\"q\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=5 out=3\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n"
	  "  tool_call f json \"{\\\"a\\\":1}\"\n"
	  "  tool_call g json \"{}\"\n"
	  "tool function f \n"
	  "call function f # {\"a\":1}\n"
	  "call function g # {}\n" },
	{ "generate, whole",
	  { .target = "/api/generate",
	    .host = "localhost:11434",
	    .request =
		    SLICE("{\"model\":\"q\",\"prompt\":\"Hi\",\"system\":\"S\",\"stream\":false}"),
	    .response = SLICE(
		    "{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\",\"response\":\"A\","
		    "\"done\""
		    ":true,\"done_reason\":\"length\",\"prompt_eval_count\":5,\"eval_count\":1}") },
	  "ollama text_completion\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"q\"\n"
	  "model=\"q\"\n"
	  "finish=[length]\n"
	  "raw_finish=[length]\n"
	  "usage in=5 out=1\n"
	  "system\n"
	  "  text \"S\"\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=length\n"
	  "  text \"A\"\n" },
	{ "embed",
	  { .target = "/api/embed",
	    .host = "ollama.com",
	    .request = SLICE("{\"model\":\"e\",\"input\":[\"x\"]}"),
	    .response = SLICE("{\"model\":\"e\",\"embeddings\":[[1]],\"prompt_eval_count\":2}") },
	  "ollama embeddings\n"
	  "provider=\"ollama\"\n"
	  "server=\"ollama.com\"\n"
	  "status=200\n"
	  "request_model=\"e\"\n"
	  "model=\"e\"\n"
	  "usage in=2\n" },
	{ "an error within a stream",
	  { .target = "/api/chat",
	    .host = "localhost:11434",
	    .request = SLICE("{\"model\":\"q\",\"messages\":[]}"),
	    .response_fields = "content-type: application/x-ndjson\n",
	    .response = SLICE("{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"A\"},\"done\":false}\n"
			      "{\"error\":\"out of memory\"}\n") },
	  "ollama chat\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"q\"\n"
	  "stream\n"
	  "model=\"q\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"_OTHER\"\n"
	  "message=\"out of memory\"\n" },
	{ "a stream that breaks off",
	  { .target = "/api/generate",
	    .host = "localhost:11434",
	    .request = SLICE("{\"model\":\"q\",\"prompt\":\"Hi\"}"),
	    .response_fields = "content-type: application/x-ndjson\n",
	    .response = SLICE("{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"response\":\"A\",\"done\""
			      ":false}\n") },
	  "ollama text_completion\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"q\"\n"
	  "stream\n"
	  "model=\"q\"\n"
	  "finish=[error]\n"
	  "raw_finish=[error]\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=error\n"
	  "  text \"A\"\n"
	  "error=\"stream_interrupted\"\n"
	  "partial stream_interrupted lost=0\n" },
	{ "another's /api/chat is no call",
	  { .target = "/api/chat",
	    .host = "app.example",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[]}"),
	    .response = SLICE("{\"reply\":\"x\"}") },
	  "" },
	{ "on any host, by the shape of the answer",
	  { .target = "/api/chat",
	    .host = "gw.example",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[],\"stream\":false}"),
	    .response = SLICE("{\"model\":\"q\",\"created_at\":\"2026-01-01T00:00:00Z\","
			      "\"message\":{\"role\":\"ass"
			      "istant\",\"content\":\"A\"},\"done\":true}") },
	  "ollama chat\n"
	  "provider=\"ollama\"\n"
	  "server=\"gw.example\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "model=\"q\"\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "output assistant finish=stop\n"
	  "  text \"A\"\n" },
	{ "what else a request may set; how long it took",
	  { .target = "/api/chat",
	    .host = "localhost:11434",
	    .request = SLICE(
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
		    "\"stream\":"
		    "false,\"think\":\"high\",\"options\":{\"frequency_penalty\":0.5,\"presence_"
		    "penalty\":0.25}}"),
	    .response = SLICE(
		    "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\""
		    ":\"assistant\",\"thinking\":\"hm\",\"content\":\"A\"},\"done\":true,\"done_"
		    "reas"
		    "on\":\"stop\",\"total_duration\":1500000000,\"load_duration\":5,\"prompt_e"
		    "val_count\":3,\"prompt_eval_duration\":6,\"eval_count\":2,\"eval_duratio"
		    "n\":7}") },
	  "ollama chat\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "frequency_penalty=0.5\n"
	  "presence_penalty=0.25\n"
	  "reasoning=\"high\"\n"
	  "model=\"m\"\n"
	  "processing=1.5\n"
	  "finish=[stop]\n"
	  "raw_finish=[stop]\n"
	  "usage in=3 out=2\n"
	  "input user\n"
	  "  text \"Hi\"\n"
	  "output assistant finish=stop\n"
	  "  reasoning \"hm\"\n"
	  "  text \"A\"\n" },
	{ "embeddings of a length",
	  { .target = "/api/embed",
	    .host = "localhost:11434",
	    .request = SLICE("{\"model\":\"m\",\"input\":\"a\",\"dimensions\":64}"),
	    .response = SLICE(
		    "{\"model\":\"m\",\"embeddings\":[[0.5]],\"total_duration\":250000000,\"prom"
		    "pt_eval_count\":3}") },
	  "ollama embeddings\n"
	  "provider=\"ollama\"\n"
	  "server=\"localhost\"\n"
	  "status=200\n"
	  "request_model=\"m\"\n"
	  "dimensions=64\n"
	  "model=\"m\"\n"
	  "processing=0.25\n"
	  "usage in=3\n" },
};

TEST(ollama_rows)
{
	check_rows(rows, ARRAY_LEN(rows));
}

TEST(ollama_without_memory)
{
	check_rows_without_memory(rows, ARRAY_LEN(rows));
}

/* By the name its result finds the call: ids there are none. */
TEST(ollama_result_has_a_name)
{
	static const struct exchange x = {
		.target = "/api/chat",
		.host = "x:11434",
		.request =
			SLICE("{\"model\":\"m\",\"stream\":false,\"messages\":[{\"role\":\"tool\","
			      "\"tool_name\":\"f\",\"content\":\"r\"}]}"),
		.response = SLICE("{\"model\":\"m\",\"created_at\":\"t\",\"done\":true}"),
	};
	struct call *c = exchange_call(&x);

	CHECK(c && c->n_input == 1 && c->input[0].n_parts == 1);
	if (c && c->n_input == 1 && c->input[0].n_parts == 1)
		CHECK_STR(c->input[0].parts[0].name, "f");
	call_free(c);
}
