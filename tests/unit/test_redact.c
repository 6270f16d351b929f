/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "redact.h"
#include "test.h"

#define M REDACT_MASK
#define DIGITS20 "a1b2c3d4e5f6g7h8i9j0"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"

TEST(redact_shapes)
{
	static const struct {
		const char *in;
		const char *want;
	} rows[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "key sk-proj-" DIGITS20 " end", "key " M " end" },
		{ "(sk-ant-api03-" DIGITS20 "-AA)", "(" M ")" },
		{ "sk-learn-contrib-of-something-long", "sk-learn-contrib-of-something-long" },
		{ "risk-" DIGITS20, "risk-" DIGITS20 },
		{ "sk-short1", "sk-short1" },
		{ "AKIAIOSFODNN7EXAMPLE", M },
		{ "ghp_" DIGITS20 DIGITS20, M },
		{ "AIza" DIGITS20 DIGITS20, M },
		{ "hf_" DIGITS20 "\n", M "\n" },
		{ "t=" JWT ".", "t=" M "." },
		{ "eyJ alone", "eyJ alone" },
		{ "Authorization: Bearer " DIGITS20 "==", "Authorization: Bearer " M },
		{ "a bearer of bad news", "a bearer of bad news" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nrest",
		  M "\nrest" },
		{ "x -----BEGIN PRIVATE KEY-----\nMII", "x " M },
		{ "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
		  "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----" },
		{ "postgres://bob:hunter2@db/x", "postgres://bob:" M "@db/x" },
		{ "http://h:80/a@b", "http://h:80/a@b" },
		{ "DB_PASSWORD=hunter2x", "DB_PASSWORD=" M },
		{ "\"api_key\": \"abcdefgh\"", "\"api_key\": \"" M "\"" },
		{ "{\\\"secret\\\":\\\"abcdefgh\\\"}", "{\\\"secret\\\":\\\"" M "\\\"}" },
		{ "password: required", "password: required" },
		{ "max_tokens=1234567", "max_tokens=1234567" },
		{ "two sk-" DIGITS20 ",sk-" DIGITS20, "two " M "," M },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1000);

		test_row("%s", rows[i].in);
		CHECK_INT(redact_add(&out, slice_from(rows[i].in), false), 0);
		CHECK_STR(buf_slice(&out), rows[i].want);
	}
	test_row(NULL);
}

/* However a text with a secret is cut, what is left does not show its beginning. */
TEST(redact_cut_texts)
{
	static const struct slice secrets[] = {
		SLICE("use sk-proj-" DIGITS20),
		SLICE("use Bearer " DIGITS20),
		SLICE("set password=hunter2hunter2"),
	};
	static const size_t shown[] = { 10, 14, 16 }; /* prefix and less than CUT_MIN bytes */

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		for (size_t len = shown[i] + 4; len < secrets[i].len; len++) {
			_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1000);

			test_row("%.*s", (int)len, secrets[i].data);
			redact_add(&out, slice_sub(secrets[i], 0, len), true);
			CHECK(slice_find(buf_slice(&out), SLICE(M)) >= 0);
		}
	}
	test_row(NULL);
}

TEST(redact_hostile_text_takes_linear_time)
{
	static const struct slice pieces[] = {
		SLICE("password:"), SLICE("whsec_+"), SLICE("eyJ."),	    SLICE("://:"),
		SLICE("bearer "),   SLICE("\"':"),    SLICE("-----BEGIN "),
	};
	size_t size = 256 * 1024; /* what is not linear takes minutes */
	char *text = malloc(size);

	for (size_t i = 0; text && i < ARRAY_LEN(pieces); i++) {
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(4 * size);

		for (size_t k = 0; k < size; k++)
			text[k] = pieces[i].data[k % pieces[i].len];
		CHECK_INT(redact_add(&out, (struct slice){ text, size }, false), 0);
	}
	free(text);
}

TEST(redact_names)
{
	static const struct {
		const char *name;
		bool secret;
	} rows[] = {
		{ "password", true },
		{ "DB_PASSWORD", true },
		{ "openai_api_key", true },
		{ "AWS_SECRET_ACCESS_KEY", true },
		{ "x-api-key", true },
		{ "clientSecret", true },
		{ "max_tokens", false },
		{ "key", false },
		{ "token", false },
		{ "passwords_file", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].name);
		CHECK_INT(redact_is_secret_name(slice_from(rows[i].name)), rows[i].secret);
	}
	test_row(NULL);
}

TEST(redact_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1000);
		int r = redact_add(&out, SLICE("key sk-proj-" DIGITS20 " end of the text"), false);

		CHECK(r ? buf_error(&out) == r
			: slice_eq(buf_slice(&out), SLICE("key " M " end of the text")));
	}
}
