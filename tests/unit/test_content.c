/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"
#include "exchange.h"
#include "json.h"
#include "test.h"

#include <errno.h>

#define KEY "sk-proj-a1b2c3d4e5f6g7h8i9j0"

static const struct exchange anthropic = {
	.target = "/v1/messages",
	.host = "api.anthropic.com",
	.content = true,
	.request = SLICE(
		"{\"model\":\"c\",\"max_tokens\":1,\"system\":\"Be "
		"\\\"good\\\"\",\"tools\":[{\"name\":"
		"\"f\",\"description\":\"D\",\"input_schema\":{ \"type\" : \"object\" "
		"}}],\"messages\":["
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"my key is " KEY
		"\"},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/"
		"png\","
		"\"data\":\"AAAA\"}},{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":"
		"\"https://d\"}}]},"
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},"
		"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"password\":"
		"\"letmein\","
		"\"n\":[1,true,null],\"s\":\"" KEY
		"\"}}]},{\"role\":\"user\",\"content\":[{\"type\":"
		"\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"done\"}]}]}"),
	.response = SLICE("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
			  "\"text\",\"text\":\"ok\"},"
			  "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
			  "\"input\":{\"q\":\"x\"}},"
			  "{\"type\":\"container_upload\",\"file_id\":\"f\"},{\"type\":\"tool_"
			  "use\",\"id\":\"u\","
			  "\"name\":\"f\",\"input\":{}}],\"stop_reason\":\"tool_use\"}"),
};

typedef int (*content_fn)(const struct call *c, size_t max, struct buf *to);

TEST(content_follows_the_schemas)
{
	static const struct {
		content_fn fn;
		const char *want;
	} rows[] = {
		{ content_system_instructions,
		  "[{\"type\":\"text\",\"content\":\"Be \\\"good\\\"\"}]" },
		{ content_tool_definitions, "[{\"type\":\"function\",\"name\":\"f\","
					    "\"description\":\"D\",\"parameters\":{\"type\":"
					    "\"object\"}}]" },
		{ content_input_messages,
		  "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"my key is "
		  "[redacted]\"},"
		  "{\"type\":\"blob\",\"mime_type\":\"image/"
		  "png\",\"modality\":\"image\",\"content\":\"AAAA\"},"
		  "{\"type\":\"uri\",\"modality\":\"document\",\"uri\":\"https://d\"}]},"
		  "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"content\":\"hm\"},"
		  "{\"type\":\"tool_call\",\"id\":\"t\",\"name\":\"f\",\"arguments\":{\"password\":"
		  "\"[redacted]\",\"n\":[1,true,null],\"s\":\"[redacted]\"}}]},{\"role\":\"user\","
		  "\"parts\":["
		  "{\"type\":\"tool_call_response\",\"id\":\"t\",\"response\":\"done\"}]}]" },
		{ content_output_messages,
		  "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"ok\"},{"
		  "\"type\":"
		  "\"server_tool_call\",\"id\":\"s\",\"name\":\"web_search\",\"server_tool_call\":{"
		  "\"type\":"
		  "\"web_search\",\"arguments\":{\"q\":\"x\"}}},{\"type\":\"container_upload\"},{"
		  "\"type\":"
		  "\"tool_call\",\"id\":\"u\",\"name\":\"f\",\"arguments\":{}}],\"finish_reason\":"
		  "\"tool_call\"}]" },
	};
	struct call *c = exchange_call(&anthropic);

	for (size_t i = 0; c && i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(10000);

		test_row("row %zu", i);
		CHECK_INT(rows[i].fn(c, 10000, &out), 0);
		CHECK_STR(buf_slice(&out), rows[i].want);
	}
	test_row(NULL);
	CHECK(c);
	call_free(c);
}

/* What the user asked last, as one line without secrets, cut between characters. */
TEST(content_task_is_the_last_words_of_the_user)
{
	static const struct {
		const char *messages, *want; /* NULL: there is none */
	} rows[] = {
		{ "{\"role\":\"user\",\"content\":\"Fix\\n\\n the  test\"}", "Fix the test" },
		{ "{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":"
		  "\"two\"},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
		  "\"tool_use_id\":\"t\",\"content\":\"three\"}]}",
		  "one" },
		{ "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what for\"},"
		  "{\"type\":\"text\",\"text\":\"<system-reminder>no</system-reminder>\"}]}",
		  "what for" },
		{ "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"<a>only</a>\"}]}",
		  "<a>only</a>" },
		{ "{\"role\":\"user\",\"content\":\"key " KEY " here\"}", "key [redacted] here" },
		{ "{\"role\":\"user\",\"content\":\"ääääääääääääääääääää\"}", "äääääääääääää…" },
		{ "{\"role\":\"user\",\"content\":\" \\n \"}", NULL },
		{ "{\"role\":\"assistant\",\"content\":\"me\"}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(buf_cleanup) struct buf request = BUF_INIT(10000);
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(100);
		struct exchange x = anthropic;
		struct call *c;

		buf_printf(&request, "{\"model\":\"c\",\"max_tokens\":1,\"messages\":[%s]}",
			   rows[i].messages);
		x.request = buf_slice(&request);
		c = exchange_call(&x);
		test_row("row %zu", i);
		CHECK(c);
		if (!c)
			continue;
		CHECK_INT(content_task(c, 32, &out), rows[i].want ? 0 : -ENODATA);
		CHECK_STR(buf_slice(&out), rows[i].want ? rows[i].want : "");
		call_free(c);
	}
	test_row(NULL);
}

/* Valid JSON within the ceiling at every ceiling, or a clean refusal. */
TEST(content_fits)
{
	static const content_fn fns[] = { content_input_messages, content_output_messages,
					  content_system_instructions, content_tool_definitions };
	struct call *c = exchange_call(&anthropic);

	CHECK(c);
	for (size_t max = 0; c && max < 700; max++) {
		for (size_t i = 0; i < ARRAY_LEN(fns); i++) {
			_cleanup_(buf_cleanup) struct buf out = BUF_INIT(10000);
			struct json j;
			int r = fns[i](c, max, &out);

			test_row("function %zu, %zu bytes", i, max);
			CHECK(r == 0 || r == -ENOBUFS);
			CHECK(out.len <= max);
			CHECK(!r == !!out.len);
			if (r)
				continue;
			json_init(&j);
			CHECK_INT(json_parse(&j, buf_slice(&out)), 0);
			CHECK(!json_truncated(&j));
			CHECK(slice_find(buf_slice(&out), SLICE("sk-proj")) < 0);
			json_release(&j);
		}
	}
	test_row(NULL);
	call_free(c);
}

TEST(content_cuts_long_strings_and_says_so)
{
	static char body[9000];
	struct exchange x = { .target = "/v1/chat/completions",
			      .host = "api.openai.com",
			      .content = true,
			      .request = { body, 0 } };
	_cleanup_(buf_cleanup) struct buf out = BUF_INIT(10000);
	struct call *c;

	x.request.len =
		(size_t)snprintf(body, sizeof(body),
				 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
				 "\"%04000d\"},{\"role\":\"user\",\"content\":\"last\"}]}",
				 0);
	c = exchange_call(&x);
	CHECK(c);
	if (!c)
		return;
	CHECK_INT(content_input_messages(c, 1000, &out), 0);
	CHECK(slice_find(buf_slice(&out), SLICE("[truncated: 4000 bytes]")) > 0);
	CHECK(slice_find(buf_slice(&out), SLICE("last")) > 0);
	/* So little room that the older message goes. */
	buf_reset(&out, 0);
	CHECK_INT(content_input_messages(c, 100, &out), 0);
	CHECK_STR(buf_slice(&out),
		  "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"last\"}]}]");
	CHECK_INT(content_output_messages(c, 100, &out), -ENODATA);
	call_free(c);
}

TEST(content_tool_arguments_are_json_or_a_string)
{
	static const struct {
		const char *in;
		bool truncated;
		const char *want;
	} rows[] = {
		{ "{\"a\": \"" KEY "\"}", false, "{\"a\":\"[redacted]\"}" },
		{ "ls -l", false, "\"ls -l\"" },
		{ "{\"a", true, "\"{\\\"a[truncated: 4 bytes]\"" },
		{ "[1", false, "\"[1\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct tool_call t = { .arguments = slice_from(rows[i].in),
					     .truncated = rows[i].truncated };
		_cleanup_(buf_cleanup) struct buf out = BUF_INIT(1000);

		test_row("%s", rows[i].in);
		CHECK_INT(content_tool_arguments(&t, 500, &out), 0);
		CHECK_STR(buf_slice(&out), rows[i].want);
	}
	test_row(NULL);
}

TEST(content_without_memory)
{
	struct call *c = exchange_call(&anthropic);

	CHECK(c);
	if (!c)
		return;
	EACH_MALLOC_FAILURE
	{
		struct buf out = BUF_INIT(10000);
		int r = content_input_messages(c, 10000, &out);

		CHECK(r == 0 || r == -ENOMEM);
		CHECK(!r || !out.len);
		buf_release(&out);
	}
	EACH_MALLOC_FAILURE
	{
		struct buf out = BUF_INIT(1000);
		int r = content_task(c, 100, &out);

		CHECK(r == 0 || r == -ENOMEM);
		CHECK(!r || !out.len);
		buf_release(&out);
	}
	call_free(c);
}
