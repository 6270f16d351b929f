/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of one call and the same message in the next call's request have one hash,
 * in every dialect: conversations are found by it. */
#include "dialect_rows.h"

#define GEMINI .target = "/v1beta/models/m:generateContent", .host = "gw.example"
#define GEMINI_STREAM                                                                              \
	.target = "/v1beta/models/m:streamGenerateContent?alt=sse", .host = "gw.example"

static const struct {
	const char *name;
	struct exchange answer; /* its first output message */
	struct exchange next;	/* its last input message but one */
	bool other_ids;		/* only what does not count them is equal */
} rows[] = {
	{ "gemini: pieces of a stream, sent back as they came",
	  { GEMINI_STREAM, .request = SLICE("{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}"),
	    .response =
		    SLICE("data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
			  "\"thought\":true,\"text\":\"hm\"}]}}]}\n\n"
			  "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
			  "\"text\":\"Hel\"}]}}]}\n\n"
			  "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
			  "\"text\":\"lo\"},{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1,"
			  "\"b\":2}}}]},\"finishReason\":\"STOP\"}]}\n\n") },
	  { GEMINI,
	    .request = SLICE("{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"Hel\"}"
			     "]},{\"role\":\"model\",\"parts\":[{\"text\":\"lo\"},{"
			     "\"functionCall\":{\"name\":\"f\",\"args\":{\"b\":2,\"a\":1}}}]},"
			     "{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"finishReason\":\"STOP\"}]}") },
	  false },
	{ "gemini: a call without an id, sent back with the client's own",
	  { GEMINI, .request = SLICE("{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
			      "\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},"
			      "\"thoughtSignature\":\"a+b\"}]},\"finishReason\":\"STOP\"}]}") },
	  { GEMINI,
	    .request = SLICE("{\"contents\":[{\"role\":\"model\",\"parts\":[{\"function_call\":{"
			     "\"id\":\"mine\",\"name\":\"f\",\"args\":{\"a\":1}},"
			     "\"thought_signature\":\"a-b\"}]},{\"role\":\"user\",\"parts\":[{"
			     "\"function_response\":{\"id\":\"mine\",\"name\":\"f\","
			     "\"response\":{}}}]}]}"),
	    .response = SLICE("{\"candidates\":[{\"finishReason\":\"STOP\"}]}") },
	  true },
	{ "converse",
	  { .target = "/model/m/converse",
	    .host = "gw.example",
	    .request = SLICE("{\"messages\":[]}"),
	    .response =
		    SLICE("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{"
			  "\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\"}}},{\"text\":"
			  "\"A\"},{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"f\",\"input\":{"
			  "\"a\":1}}}]}},\"stopReason\":\"tool_use\"}") },
	  { .target = "/model/m/converse",
	    .host = "gw.example",
	    .request =
		    SLICE("{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"text\":\"A\"},{"
			  "\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"f\",\"input\":{ \"a\": 1 }}"
			  "}]},{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}"),
	    .response = SLICE("{\"output\":{\"message\":{\"content\":[]}},\"stopReason\":\"x\"}") },
	  false },
	{ "cohere",
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[]}"),
	    .response = SLICE("{\"id\":\"c\",\"finish_reason\":\"TOOL_CALL\",\"message\":{\"role\":"
			      "\"assistant\",\"tool_plan\":\"p\",\"tool_calls\":[{\"id\":\"t\","
			      "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
			      "\"{\\\"a\\\":1}\"}}]}}") },
	  { .target = "/v2/chat",
	    .host = "api.cohere.com",
	    .request =
		    SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_plan\":"
			  "\"p\",\"tool_calls\":[{\"id\":\"t\",\"type\":\"function\",\"function\":"
			  "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1}\"}}]},{\"role\":\"tool\","
			  "\"tool_call_id\":\"t\",\"content\":\"r\"}]}"),
	    .response = SLICE("{\"id\":\"c\",\"finish_reason\":\"COMPLETE\"}") },
	  false },
	{ "ollama",
	  { .target = "/api/chat",
	    .host = "x:11434",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[],\"stream\":false}"),
	    .response = SLICE(
		    "{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":"
		    "\"assistant\",\"content\":\"A\",\"thinking\":\"hm\",\"tool_calls\":[{"
		    "\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]},\"done\":true}") },
	  { .target = "/api/chat",
	    .host = "x:11434",
	    .request =
		    SLICE("{\"model\":\"m\",\"stream\":false,\"messages\":[{\"role\":\"assistant\","
			  "\"content\":\"A\",\"tool_calls\":[{\"function\":{\"name\":\"f\","
			  "\"arguments\":{\"a\":1}}}]},{\"role\":\"tool\",\"content\":\"r\"}]}"),
	    .response = SLICE("{\"model\":\"m\",\"created_at\":\"t\",\"done\":true}") },
	  false },
	{ "ollama: its id, which clients drop",
	  { .target = "/api/chat",
	    .host = "x:11434",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[],\"stream\":false}"),
	    .response = SLICE("{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":"
			      "\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"c1\","
			      "\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":{}}}]},"
			      "\"done\":true}") },
	  { .target = "/api/chat",
	    .host = "x:11434",
	    .request =
		    SLICE("{\"model\":\"m\",\"stream\":false,\"messages\":[{\"role\":\"assistant\","
			  "\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\","
			  "\"arguments\":{}}}]},{\"role\":\"tool\",\"tool_name\":\"f\","
			  "\"content\":\"r\"}]}"),
	    .response = SLICE("{\"model\":\"m\",\"created_at\":\"t\",\"done\":true}") },
	  true },
	{ "interactions",
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .request = SLICE("{\"model\":\"m\",\"input\":\"x\"}"),
	    .response = SLICE("{\"object\":\"interaction\",\"status\":\"completed\",\"steps\":[{"
			      "\"type\":\"model_output\",\"content\":[{\"type\":\"text\",\"text\":"
			      "\"A\"}]},{\"type\":\"function_call\",\"id\":\"t\",\"name\":\"f\","
			      "\"arguments\":{\"a\":1}}]}") },
	  { .target = "/v1beta/interactions",
	    .host = "generativelanguage.googleapis.com",
	    .request =
		    SLICE("{\"model\":\"m\",\"input\":[{\"type\":\"model_output\",\"content\":[{"
			  "\"type\":\"text\",\"text\":\"A\"}]},{\"type\":\"function_call\",\"id\":"
			  "\"t\",\"name\":\"f\",\"arguments\":{\"a\":1}},{\"type\":"
			  "\"function_result\",\"call_id\":\"t\",\"result\":\"r\"}]}"),
	    .response = SLICE("{\"object\":\"interaction\",\"status\":\"completed\"}") },
	  false },
	{ "claude on bedrock",
	  { .target = "/model/anthropic.m/invoke",
	    .host = "gw.example",
	    .request = SLICE("{\"anthropic_version\":\"x\",\"messages\":[]}"),
	    .response = SLICE("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
			      "\"text\",\"text\":\"A\"}],\"stop_reason\":\"end_turn\"}") },
	  { .target = "/model/anthropic.m/invoke",
	    .host = "gw.example",
	    .request = SLICE("{\"anthropic_version\":\"x\",\"messages\":[{\"role\":\"assistant\","
			     "\"content\":\"A\"},{\"role\":\"user\",\"content\":\"x\"}]}"),
	    .response = SLICE("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}") },
	  false },
};

TEST(message_hash_is_that_of_its_answer)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call *answer = exchange_call(&rows[i].answer);
		struct call *next = exchange_call(&rows[i].next);

		test_row("%s", rows[i].name);
		CHECK(answer && next && answer->n_output && next->n_input >= 2);
		if (answer && next && answer->n_output && next->n_input >= 2) {
			CHECK(answer->output[0].n_parts);
			CHECK(answer->output[0].hash_without_ids ==
			      next->input[next->n_input - 2].hash_without_ids);
			CHECK((answer->output[0].hash == next->input[next->n_input - 2].hash) !=
			      rows[i].other_ids);
			CHECK(answer->output[0].hash != next->input[next->n_input - 1].hash);
		}
		call_free(answer);
		call_free(next);
	}
	test_row(NULL);
}
