/* SPDX-License-Identifier: Apache-2.0 */
/* flow/mask.c; tests of sys/mask.c are in test_mask.c. */
#include "../../agent/flow/mask.h"
#include "cleanup.h"
#include "test.h"

#define GET(line) "GET / HTTP/1.1\r\n" line "\r\n\r\n"

static const struct {
	const char *name, *input, *want;
} rows[] = {
	{ "authorization", GET("Authorization: Bearer abc"), GET("Authorization: xxxxxxxxxx") },
	{ "any name that says so", GET("x-my-Api-KEY:abc"), GET("x-my-Api-KEY:xxx") },
	{ "spaces in front stay", GET("cookie: \t a=b"), GET("cookie: \t xxx") },
	{ "folded", GET("cookie: ab\r\n cd\r\nhost: h"), GET("cookie: xx\r\n xx\r\nhost: h") },
	{ "not a secret", GET("x-ratelimit-remaining-tokens: 12"),
	  GET("x-ratelimit-remaining-tokens: 12") },
	{ "a count of tokens", GET("x-amzn-bedrock-input-token-count: 7"),
	  GET("x-amzn-bedrock-input-token-count: 7") },
	{ "a name too long to tell", GET("x-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: b"),
	  GET("x-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x") },
	{ "target", "GET /a?key=abc&v=1&sig=de HTTP/1.1\r\n",
	  "GET /a?key=xxx&v=1&sig=xx HTTP/1.1\r\n" },
	{ "a target with quotes", "GET /a?token=a\"b HTTP/1.1\r\n",
	  "GET /a?token=xxx HTTP/1.1\r\n" },
	{ "a parameter of another field", GET("link: <https://h/?access_token=abc>; rel=x"),
	  GET("link: <https://h/?access_token=xxx>; rel=x") },
	{ "JSON", "{\"api_key\": \"a\\\"b\", \"n\": 1}", "{\"api_key\": \"xxxx\", \"n\": 1}" },
	{ "JSON in JSON", "{\"a\":\"{\\\"password\\\":\\\"pw\\\",\\\"b\\\":1}\"}",
	  "{\"a\":\"{\\\"password\\\":\\\"xx\\\",\\\"b\\\":1}\"}" },
	{ "a schema is no secret", "{\"password\": {\"type\": \"string\"}}",
	  "{\"password\": {\"type\": \"string\"}}" },
	{ "form", "a=b&client_secret=xyz&c=d", "a=b&client_secret=xxx&c=d" },
	{ "keys by their beginning", "say sk-abc_1 and AKIAABC, not task-sk or risk",
	  "say sk-xxxxx and AKIAxxx, not task-sk or risk" },
	{ "two lines of a body", "{\"api_key\":\"a\nb\"}", "{\"api_key\":\"x\nb\"}" },
	{ "text", "data: {\"content\":\"hello\"}\n\n", "data: {\"content\":\"hello\"}\n\n" },
};

static void run(struct mask *m, const char *text, size_t cut, char *to)
{
	size_t len = strlen(text);

	memcpy(to, text, len + 1);
	if (cut == SIZE_MAX) {
		for (size_t i = 0; i < len; i++)
			mask_bytes(m, to + i, 1);
		return;
	}
	mask_bytes(m, to, cut);
	mask_bytes(m, to + cut, len - cut);
}

TEST(flow_mask_every_split)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t cut = 0; cut <= strlen(rows[i].input) + 1; cut++) {
			char text[300];
			struct mask m;

			test_row("%s, cut at %zu", rows[i].name, cut);
			mask_init(&m);
			run(&m, rows[i].input, cut > strlen(rows[i].input) ? SIZE_MAX : cut, text);
			CHECK_STR(slice_from(text), rows[i].want);
		}
	test_row(NULL);
}

TEST(flow_mask_tells_whether_it_changed)
{
	char text[] = "cookie: ab";
	struct mask m;

	mask_init(&m);
	CHECK_INT(mask_bytes(&m, text, 8), 0);
	CHECK_INT(mask_bytes(&m, text + 8, 2), 2);
}

/* What is behind a hole may be the rest of a secret, up to the end of its line; unless the
 * framing says that a message begins. */
TEST(flow_mask_behind_a_hole)
{
	char text[] = "cret\r\n folded\r\nhost: h\r\n", more[] = "POST /?key=ab HTTP/1.1\r\n";
	struct mask m;

	mask_init(&m);
	mask_hole(&m);
	mask_bytes(&m, text, strlen(text));
	CHECK_STR(slice_from(text), "xxxx\r\n xxxxxx\r\nhost: h\r\n");
	mask_hole(&m);
	mask_message(&m);
	mask_bytes(&m, more, strlen(more));
	CHECK_STR(slice_from(more), "POST /?key=xx HTTP/1.1\r\n");
}

/* A message that begins in the middle of one is no reason to show it. */
TEST(flow_mask_does_not_believe_the_framing)
{
	static const char *const starts[] = { "cookie: ab", "GET /?key=ab", "link: ?token=ab" };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		char text[64], rest[] = "cd";
		struct mask m;

		test_row("%s", starts[i]);
		mask_init(&m);
		run(&m, starts[i], 0, text);
		mask_message(&m);
		mask_bytes(&m, rest, 2);
		CHECK_STR(slice_from(rest), "xx");
	}
	test_row(NULL);
}
