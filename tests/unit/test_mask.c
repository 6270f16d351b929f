/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "mask.h"
#include "test.h"

#include <errno.h>

static const struct {
	const char *name;
	struct slice input;
	const char *want;
} arguments[] = {
	{ "nothing", SLICE(""), "" },
	{ "plain", SLICE("python3\0-m\0http.server\0008000\0"), "python3 -m http.server 8000" },
	{ "empty argument", SLICE("a\0\0b\0"), "a  b" },
	{ "flag", SLICE("x\0--api-key\0abc def\0-v\0"), "x --api-key *** -v" },
	{ "flag with =", SLICE("x\0--api-key=abc def\0-v\0"), "x --api-key=*** -v" },
	{ "one dash", SLICE("x\0-token\0abc\0"), "x -token ***" },
	{ "quoted value", SLICE("x\0--password=\"a b\"\0y\0"), "x --password=*** y" },
	{ "value begins with a quote", SLICE("x\0--password\0'a b\0y\0"), "x --password *** y" },
	{ "value with a dash", SLICE("x\0--token\0-abc\0"), "x --token ***" },
	{ "flag without value", SLICE("x\0--auth\0--verbose\0"), "x --auth --verbose" },
	{ "last", SLICE("x\0--token\0"), "x --token" },
	{ "no value", SLICE("x\0--token=\0y\0"), "x --token= y" },
	{ "not secret", SLICE("x\0--max-tokens\000100\0--tokenizer\0bpe\0"),
	  "x --max-tokens 100 --tokenizer bpe" },
	{ "camel case", SLICE("x\0--accessToken\0abc\0"), "x --accessToken ***" },
	{ "dotted", SLICE("java\0-Dspring.datasource.password=a;b\0"),
	  "java -Dspring.datasource.password=***" },
	{ "variable", SLICE("env\0OPENAI_API_KEY=abc def\0python\0"),
	  "env OPENAI_API_KEY=*** python" },
	{ "after -e", SLICE("docker\0run\0-e\0DB_PASSWORD=hunter2\0img\0"),
	  "docker run -e DB_PASSWORD=*** img" },
	{ "script", SLICE("sh\0-c\0export TOKEN=abc; run --secret xyz --port 80\0"),
	  "sh -c export TOKEN=***; run --secret *** --port 80" },
	{ "header", SLICE("curl\0-H\0Authorization: Bearer abc.def\0http://x/\0"),
	  "curl -H Authorization: *** http://x/" },
	{ "header in a script", SLICE("sh\0-c\0curl -H 'x-api-key: a b' http://x\0"),
	  "sh -c curl -H 'x-api-key: ***' http://x" },
	{ "json", SLICE("x\0-d\0{\"api_key\": \"a,b\", \"n\": 1}\0"),
	  "x -d {\"api_key\": \"***\", \"n\": 1}" },
	{ "bearer alone", SLICE("x\0Bearer\0abc\0"), "x Bearer ***" },
	{ "bearer in text", SLICE("x\0say bearer abc def\0"), "x say bearer *** def" },
	{ "key shape", SLICE("x\0sk-proj-aB3_xyzxyz\0y\0"), "x sk-*** y" },
	{ "key in json", SLICE("x\0[\"ghp_0123456789ab\"]\0"), "x [\"ghp_***\"]" },
	{ "key joined to a flag", SLICE("x\0-ksk-ant-0123456789\0-k-sk-ant-0123456789\0"),
	  "x -ksk-*** -k-sk-***" },
	{ "jwt", SLICE("x\0eyJhbGciOiJIUzI1NiJ9.e30.abc\0"), "x eyJ***" },
	{ "not a key", SLICE("x\0sk-learn\0task-sk-7\0risk-123456789abc\0"),
	  "x sk-learn task-sk-7 risk-123456789abc" },
	{ "url", SLICE("x\0postgres://u:p@h:1/db\0"), "x postgres://***@h:1/db" },
	{ "user only", SLICE("git\0clone\0https://tok@h/r\0"), "git clone https://***@h/r" },
	{ "no userinfo", SLICE("x\0https://h:8080/@scope/pkg\0"), "x https://h:8080/@scope/pkg" },
	{ "slash in password", SLICE("x\0amqp://u:p/w@h/v\0"), "x amqp://***@h/v" },
	{ "at in password", SLICE("x\0amqp://u:p@w@h/v\0"), "x amqp://***@h/v" },
	{ "query", SLICE("x\0http://h/?a=1&api_key=abc&b=2\0"), "x http://h/?a=1&api_key=***&b=2" },
	{ "curl -u", SLICE("curl\0-u\0me:pass word\0h\0"), "curl -u me:*** h" },
	{ "curl --user", SLICE("curl --user me:pw h\0"), "curl --user me:*** h" },
	{ "scope operator", SLICE("x\0mod::key::value\0"), "x mod::key::value" },
	{ "control characters", SLICE("x\0a\nb\033[31m\0"), "x a b [31m" },
	{ "not UTF-8", SLICE("x\0\xff\xfe\0--token\0\xff\0"), "x \xff\xfe --token ***" },
};

TEST(mask_hides_in_arguments)
{
	for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4096);

		test_row("%s", arguments[i].name);
		CHECK_INT(mask_arguments(&b, arguments[i].input), 0);
		CHECK_SLICE(slice_sub((struct slice){ b.data ? b.data : "", b.len }, 0, b.len),
			    slice_from(arguments[i].want));
	}
}

TEST(mask_hides_in_text)
{
	static const struct {
		const char *input, *want;
	} rows[] = {
		{ "service.namespace=a,api.key=b,deployment.environment=c",
		  "service.namespace=a,api.key=***,deployment.environment=c" },
		{ "TOKEN=a b", "TOKEN=*** b" },
		{ "my-service", "my-service" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4096);

		test_row("%s", rows[i].input);
		CHECK_INT(mask_text(&b, slice_from(rows[i].input)), 0);
		CHECK_SLICE(buf_slice(&b), slice_from(rows[i].want));
	}
}

/* Wherever the input was cut off: no byte too far, and never more of a secret. */
TEST(mask_survives_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
		for (size_t len = 0; len <= arguments[i].input.len; len++) {
			_cleanup_(buf_cleanup) struct buf b = BUF_INIT(4096);
			_cleanup_free_ char *copy = malloc(len + 1);

			memcpy(copy, arguments[i].input.data, len);
			test_row("%s, %zu bytes", arguments[i].name, len);
			CHECK_INT(mask_arguments(&b, (struct slice){ copy, len }), 0);
			CHECK(slice_find(buf_slice(&b), SLICE("hunter")) < 0);
		}
	}
}

TEST(mask_has_ceilings)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(10);

	CHECK_INT(mask_arguments(&b, SLICE("0123456789abcdef\0x\0")), -ENOBUFS);
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf c = BUF_INIT(4096);
		int r = mask_arguments(&c, SLICE("x\0--token\0secret\0y\0"));

		CHECK(r == 0 || r == -ENOMEM);
		CHECK(slice_find(buf_slice(&c), SLICE("secret")) < 0);
	}
}
