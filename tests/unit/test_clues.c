/* SPDX-License-Identifier: Apache-2.0 */
#include "clues.h"

#include "cleanup.h"
#include "test.h"

static const char *const headers[] = { "x-user", "authorization", "x-team", NULL };
static const char *const members[] = { "metadata.team", "user", "n", "api_key", "messages", NULL };
static const struct clue_config config = { headers, members, true, { 1, 2, 3 } };

static struct call *read_all(const struct http_field *fields, size_t n, const char *body)
{
	struct http_head head = { .fields = fields, .n_fields = n };
	struct call *c = NULL;
	struct json doc;

	if (call_new(&c))
		return NULL;
	clues_read_head(c, &config, &head);
	json_init(&doc);
	if (!json_parse(&doc, slice_from(body)))
		clues_read_body(c, &config, json_root(&doc));
	json_release(&doc);
	return c;
}

TEST(clues_of_a_request)
{
	static const struct http_field fields[] = {
		{ SLICE("X-User"), SLICE(" alice ") },
		{ SLICE("Authorization"), SLICE("Bearer sk-secret") },
	};
	struct call *c =
		read_all(fields, ARRAY_LEN(fields),
			 "{\"user\":\"u\\u0031\",\"n\":7,\"api_key\":\"sk-x\",\"messages\":[],"
			 "\"metadata\":{\"team\":\"blue\"}}");

	CHECK_STR(clue_get(c, SLICE("header:x-user")), "alice");
	CHECK(!clue_get(c, SLICE("header:authorization")).data);
	CHECK(!clue_get(c, SLICE("header:x-team")).data);
	CHECK_STR(clue_get(c, SLICE("body:user")), "u1");
	CHECK_STR(clue_get(c, SLICE("body:n")), "7");
	CHECK_STR(clue_get(c, SLICE("body:metadata.team")), "blue");
	CHECK(!clue_get(c, SLICE("body:api_key")).data);
	CHECK(!clue_get(c, SLICE("body:messages")).data);
	CHECK_INT(clue_get(c, SLICE("key")).len, 16);
	for (size_t i = 0; i < c->n_clues; i++)
		CHECK(slice_find(c->clues[i].value, SLICE("sk-")) < 0);
	call_free(c);
}

/* The same key gives the same fingerprint however it is sent; another another. */
TEST(clue_key_fingerprints)
{
	static const struct {
		struct http_field field;
		int group;
	} rows[] = {
		{ { SLICE("authorization"), SLICE("Bearer K1") }, 1 },
		{ { SLICE("authorization"), SLICE("bearer  K1") }, 1 },
		{ { SLICE("x-api-key"), SLICE("K1") }, 1 },
		{ { SLICE("x-goog-api-key"), SLICE("K2") }, 2 },
		{ { SLICE("authorization"),
		    SLICE("AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/x, "
			  "Signature=abc") },
		  3 },
		{ { SLICE("authorization"),
		    SLICE("AWS4-HMAC-SHA256 Credential=AKIA1/20260102/us-east-1/x, "
			  "Signature=def") },
		  3 },
		{ { SLICE("authorization"), SLICE("") }, 0 },
		{ { SLICE("host"), SLICE("x") }, 0 },
	};
	char seen[4][17] = { "" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call *c = read_all(&rows[i].field, 1, "{}");
		struct slice key = clue_get(c, SLICE("key"));

		test_row("%zu", i);
		CHECK(!key.data == !rows[i].group);
		if (key.data && *seen[rows[i].group])
			CHECK_STR(key, seen[rows[i].group]);
		else if (key.data)
			snprintf(seen[rows[i].group], 17, "%.*s", SLICE_FMT(key));
		call_free(c);
	}
	test_row(NULL);
	CHECK(strcmp(seen[1], seen[2]) && strcmp(seen[1], seen[3]) && strcmp(seen[2], seen[3]));
}

TEST(clues_long_and_without_memory)
{
	char big[4096];
	struct http_field field = { SLICE("x-user"), { big, sizeof(big) } };
	struct call *c;

	memset(big, 'u', sizeof(big));
	c = read_all(&field, 1, "{}");
	CHECK_INT(clue_get(c, SLICE("header:x-user")).len, CLUE_VALUE_MAX);
	call_free(c);
	EACH_MALLOC_FAILURE
	{
		call_free(read_all(&field, 1, "{\"user\":\"u\"}"));
	}
}
