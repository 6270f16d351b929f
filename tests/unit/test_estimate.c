/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_rows.h"
#include "estimate.h"

TEST(estimate_of_text)
{
	static const struct {
		const char *text;
		double least, most;
	} rows[] = {
		{ "", 0, 0 },
		{ "Hello", 1, 1 },
		{ "Hello, world!", 4, 4 },
		{ "The quick brown fox jumps over the lazy dog.", 10, 10 },
		{ "internationalisation", 2, 5 },
		{ "getUserName", 3, 3 },
		{ "1234567", 3, 3 },
		{ "\n\n    x", 2, 2 },
		{ "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", 2, 4 }, /* six letters */
		{ "\xe4\xbd\xa0\xe5\xa5\xbd", 1, 2 },			      /* two of Chinese */
		{ "\xff\xfe", 2, 2 },					      /* no text */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double got = estimate_text(slice_from(rows[i].text));

		test_row("%s: %g", rows[i].text, got);
		CHECK(got >= rows[i].least && got <= rows[i].most);
	}
	test_row(NULL);
}

#define CHAT .target = "/v1/chat/completions", .host = "api.openai.com", .estimate = true
#define ASK "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello there\"}]}"
#define ANSWER(rest)                                                                               \
	"{\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"role\":\"assistant\","       \
	"\"content\":\"one two\"},\"finish_reason\":\"stop\"}]" rest "}"

static const struct {
	const char *name;
	struct exchange in;
	enum usage_source source;
	int64_t input, output; /* -1: absent */
} rows[] = {
	{ "both",
	  { CHAT, .request = SLICE(ASK), .response = SLICE(ANSWER("")) },
	  USAGE_SOURCE_ESTIMATED,
	  6,
	  2 },
	{ "nobody asked for a guess",
	  { .target = "/v1/chat/completions",
	    .host = "api.openai.com",
	    .request = SLICE(ASK),
	    .response = SLICE(ANSWER("")) },
	  USAGE_SOURCE_NONE,
	  -1,
	  -1 },
	{ "what was counted is not guessed",
	  { CHAT, .request = SLICE(ASK),
	    .response = SLICE(ANSWER(",\"usage\":{\"prompt_tokens\":70}")) },
	  USAGE_SOURCE_WIRE,
	  70,
	  -1 },
	{ "a part of the answer is missing",
	  { CHAT, .request = SLICE(ASK), .response = SLICE(ANSWER("")), .hole_at = 40,
	    .hole_len = 3 },
	  USAGE_SOURCE_NONE,
	  -1,
	  -1 },
	{ "an image",
	  { CHAT,
	    .request = SLICE("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
			     "\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x\"}}]}]}"),
	    .response = SLICE(ANSWER("")) },
	  USAGE_SOURCE_ESTIMATED,
	  -1,
	  2 },
	{ "thoughts that are not shown",
	  { CHAT,
	    .request =
		    SLICE("{\"model\":\"m\",\"reasoning_effort\":\"high\",\"messages\":[{\"role\":"
			  "\"user\",\"content\":\"Hello there\"}]}"),
	    .response = SLICE(ANSWER("")) },
	  USAGE_SOURCE_ESTIMATED,
	  6,
	  -1 },
	{ "an API that always counts",
	  { .target = "/v1/responses",
	    .host = "api.openai.com",
	    .estimate = true,
	    .request = SLICE("{\"model\":\"m\",\"previous_response_id\":\"r\",\"input\":\"Hi\"}"),
	    .response =
		    SLICE("{\"id\":\"r2\",\"object\":\"response\",\"status\":\"completed\","
			  "\"output\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{"
			  "\"type\":\"output_text\",\"text\":\"one two\"}]}]}") },
	  USAGE_SOURCE_NONE,
	  -1,
	  -1 },
	{ "refused",
	  { CHAT, .status = 429, .request = SLICE(ASK),
	    .response = SLICE("{\"error\":{\"message\":\"slow\"}}") },
	  USAGE_SOURCE_NONE,
	  -1,
	  -1 },
	{ "vectors",
	  { .target = "/v1/embeddings",
	    .host = "api.openai.com",
	    .estimate = true,
	    .request = SLICE("{\"model\":\"m\",\"input\":\"Hello there\"}"),
	    .response = SLICE("{\"object\":\"list\",\"data\":[]}") },
	  USAGE_SOURCE_NONE,
	  -1,
	  -1 },
};

TEST(estimate_of_calls)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call *c = exchange_call(&rows[i].in);

		test_row("%s", rows[i].name);
		CHECK(c);
		if (!c)
			continue;
		CHECK_INT(c->usage_source, rows[i].source);
		CHECK_INT(usage_has(&c->usage, USAGE_INPUT) ? usage_get(&c->usage, USAGE_INPUT)
							    : -1,
			  rows[i].input);
		CHECK_INT(usage_has(&c->usage, USAGE_OUTPUT) ? usage_get(&c->usage, USAGE_OUTPUT)
							     : -1,
			  rows[i].output);
		call_free(c);
	}
	test_row(NULL);
}

/* Of a long text only the head is kept, but its length is known. */
TEST(estimate_of_what_is_not_kept)
{
	_cleanup_(buf_cleanup) struct buf request = BUF_INIT(1 << 20);
	struct exchange in = { CHAT, .response = SLICE(ANSWER("")) };
	struct call *c;

	buf_add_str(&request, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"");
	for (int i = 0; i < 10000; i++)
		buf_add_str(&request, "word ");
	buf_add_str(&request, "\"}]}");
	in.request = buf_slice(&request);
	c = exchange_call(&in);
	CHECK(c && llabs(usage_get(&c->usage, USAGE_INPUT) - 10000) < 200);
	call_free(c);
}
