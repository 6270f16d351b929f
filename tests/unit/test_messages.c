/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"
#include "exchange.h"
#include "test.h"

static void json_cleanup(struct json *j)
{
	json_release(j);
}

static uint64_t hash_of(const char *text)
{
	_cleanup_(json_cleanup) struct json j;

	json_init(&j);
	CHECK_INT(json_parse(&j, slice_from(text)), 0);
	return json_hash(SLICE_HASH, json_root(&j));
}

TEST(json_hash_is_of_the_value)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{ "{\"a\":1,\"b\":[2]}", "{ \"b\" : [ 2 ], \"a\" : 1 }", true },
		{ "\"\\u00e9\\n\"", "\"\xc3\xa9\\n\"", true },
		{ "{\"a\":1,\"cache_control\":{}}", "{\"a\":1}", true },
		{ "{\"a\":1}", "{\"a\":\"1\"}", false },
		{ "[1,2]", "[2,1]", false },
		{ "[[],1]", "[[1]]", false },
		{ "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false },
		{ "{}", "[]", false },
		{ "null", "false", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s and %s", rows[i].a, rows[i].b);
		CHECK_INT(hash_of(rows[i].a) == hash_of(rows[i].b), rows[i].equal);
	}
	test_row(NULL);
}

/* A text hashes the same however it was cut, and as the whole that is sent back. */
TEST(text_hash_is_of_the_whole)
{
	static const char text[] = "0123456789abcdef\xc3\xa9, and \0 more";
	const struct slice whole = { text, sizeof(text) - 1 };
	const uint64_t want = text_hash_more(SLICE_HASH, whole);

	for (size_t i = 0; i <= whole.len; i++) {
		uint64_t head = text_hash_more(SLICE_HASH, slice_sub(whole, 0, i));

		test_row("cut at %zu", i);
		CHECK(text_hash_more(head, slice_sub(whole, i, whole.len)) == want);
		CHECK(i == whole.len || head != want);
	}
	test_row(NULL);
	CHECK(text_hash_more(SLICE_HASH, SLICE("12345678")) !=
	      text_hash_more(SLICE_HASH, SLICE("21345678")));
}

TEST(text_keeps_its_head)
{
	struct text t = { 0 }, whole = { 0 };
	struct call *c;

	if (call_new(&c))
		return;
	CHECK_SLICE(text_slice(&t), SLICE_NONE);
	text_add(c, &t, SLICE(""), 10);
	CHECK_STR(text_slice(&t), "");
	text_add(c, &t, SLICE("12345678"), 10);
	text_add(c, &t,
		 SLICE("9\xc3\xa9"
		       "a"),
		 10);
	text_add(c, &t, SLICE("b"), 10);
	/* The tenth byte would be half a character. */
	CHECK_STR(text_slice(&t), "123456789");
	CHECK_INT(t.total, 13);
	text_add(c, &whole,
		 SLICE("123456789\xc3\xa9"
		       "ab"),
		 100);
	CHECK(text_hash(&t) == text_hash(&whole));
	CHECK_STR(text_slice(&whole), "123456789\xc3\xa9"
				      "ab");
	call_free(c);
}

TEST(text_leaves_the_reserve_alone)
{
	static char block[64 * 1024];
	struct text t = { 0 };
	struct call *c;
	size_t len;

	if (call_new(&c))
		return;
	for (int i = 0; i < 400; i++)
		text_add(c, &t, (struct slice){ block, sizeof(block) }, SIZE_MAX / 2);
	CHECK_INT(t.total, 400 * sizeof(block));
	CHECK(t.len < t.total);
	len = t.len;
	text_add(c, &t, SLICE("x"), SIZE_MAX / 2);
	CHECK_INT(t.len, len); /* nothing behind a cut */
	CHECK(c->arena.max - c->arena.used >= MESSAGES_RESERVE);
	CHECK(!c->arena.failed);
	call_free(c);
}

static const struct {
	const char *name;
	struct exchange answer;
	struct exchange next; /* its second input message is the answer */
} turns[] = {
	{ "chat, streamed",
	  { .target = "/v1/chat/completions",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"q\"}]}"),
	    .response =
		    SLICE("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
			  "\"reasoning_content\":\"hm\",\"content\":\"I \"}}]}\n\n"
			  "data: "
			  "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"look\",\"tool_"
			  "calls\":["
			  "{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":"
			  "\"{\\\"a\\\":1,"
			  "\\\"b\\\":2}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: "
			  "[DONE]\n\n") },
	  { .target = "/v1/chat/completions",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"q\"},{\"role\":"
			     "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"I "
			     "look\"}],\"tool_calls\":[{"
			     "\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":"
			     "\"f\",\"arguments\":"
			     "\"{\\\"b\\\": 2, \\\"a\\\": 1}\"}}]}]}") } },
	{ "Anthropic, streamed, empty arguments",
	  { .target = "/v1/messages",
	    .host = "api.anthropic.com",
	    .request = SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
			     "\"content\":\"q\"}]}"),
	    .response =
		    SLICE("data: "
			  "{\"type\":\"message_start\",\"message\":{\"role\":\"assistant\"}}\n\n"
			  "data: "
			  "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"
			  "\"type\":"
			  "\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}}\n\n"
			  "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
			  "data: {\"type\":\"message_stop\"}\n\n") },
	  { .target = "/v1/messages",
	    .host = "api.anthropic.com",
	    .request =
		    SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{"
			  "\"role\":"
			  "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"\"},{"
			  "\"type\":\"tool_use\","
			  "\"id\":\"c\",\"name\":\"f\",\"input\":{},\"cache_control\":{\"type\":"
			  "\"ephemeral\"}}]}]}") } },
	{ "Responses: several items",
	  { .target = "/v1/responses",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"m\",\"input\":\"q\"}"),
	    .response = SLICE("{\"object\":\"response\",\"status\":\"completed\","
			      "\"output\":[{\"type\":"
			      "\"reasoning\",\"summary\":[]},{\"type\":\"message\","
			      "\"role\":\"assistant\","
			      "\"content\":[{\"type\":\"output_text\",\"text\":\"I "
			      "look\"}]},{\"type\":"
			      "\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
			      "\"arguments\":\"{}\"}]}") },
	  { .target = "/v1/responses",
	    .host = "api.openai.com",
	    .request = SLICE("{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":"
			     "\"q\"},{\"role\":"
			     "\"assistant\",\"content\":\"I "
			     "look\"},{\"type\":\"function_call\",\"call_id\":\"c\","
			     "\"name\":\"f\",\"arguments\":\"{}\"}]}") } },
};

/* The answer to one call and the same message in the next one's history. */
TEST(message_hash_joins_turns)
{
	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		struct call *a = exchange_call(&turns[i].answer),
			    *b = exchange_call(&turns[i].next);

		test_row("%s", turns[i].name);
		CHECK(a && b && a->n_output == 1 && a->n_input == 1 && b->n_input == 2);
		if (a && b && a->n_output == 1 && a->n_input == 1 && b->n_input == 2) {
			CHECK(a->input[0].hash == b->input[0].hash);
			CHECK(a->output[0].hash == b->input[1].hash);
			CHECK(b->input[0].hash != b->input[1].hash);
		}
		call_free(a);
		call_free(b);
	}
	test_row(NULL);
}
