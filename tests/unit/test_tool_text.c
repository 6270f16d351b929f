/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "messages.h"
#include "test.h"
#include "tool_text.h"

TEST(tool_results)
{
	static const struct {
		const char *text;
		bool failed;
		int64_t exit;
	} rows[] = {
		{ "", false, -1 },
		{ "fine", false, -1 },
		{ "no Error: in the middle counts", false, -1 },
		{ "Error: no such file", true, -1 },
		{ "Traceback (most recent call last):\n  File", true, -1 },
		{ "the log says: Traceback (most recent call last)", false, -1 },
		{ "Exit code 2\nparse.c:12: error", true, 2 },
		{ "Exit code: 0\nok", false, 0 },
		{ "Exit code x", false, -1 },
		{ "Exit code 99999", false, -1 },
		{ "Chunk ID: 1\nWall time: 2\nProcess exited with code 1\nOutput:", true, 1 },
		{ "a\nb\nc\nd\nExit code 1", false, -1 },
		{ "{\"output\":\"x\",\"metadata\":{\"exit_code\":1}}", true, 1 },
		{ "{\"output\":\"x\",\"metadata\":{\"exit_code\":0}}", false, 0 },
		{ "{\"returncode\":-9}", true, -1 },
		{ "{\"returncode\":256}", true, -1 },
		{ "{\"error\":\"not found\"}", true, -1 },
		{ "{\"error\":null,\"result\":1}", false, -1 },
		{ "{\"error\":\"\"}", false, -1 },
		{ "{\"isError\":true}", true, -1 },
		{ "{\"status\":\"error\"}", true, -1 },
		{ "{\"exit_code\":1,\"output\":\"cut he", true, 1 },
		{ "<tool_use_error>no</tool_use_error>", true, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t status = 77;

		test_row("%s", rows[i].text);
		CHECK_INT(tool_result_failed(slice_from(rows[i].text), &status), rows[i].failed);
		CHECK_INT(status, rows[i].exit);
	}
	test_row(NULL);
}

TEST(tool_strings_of_arguments)
{
	struct tool_string strings[4];
	struct arena a;

	arena_init(&a, 1 << 20);
	CHECK_INT(
		tool_strings(&a,
			     SLICE("{\"n\":1,\"prompt\":\"a\\nb\",\"subagent_type\":\"explorer\"}"),
			     strings, 4),
		2);
	CHECK_STR(strings[0].text, "a\nb");
	CHECK_INT(strings[0].hash, text_hash_more(SLICE_HASH, SLICE("a\nb")));
	CHECK_STR(tool_strings_agent(strings, 2), "explorer");
	CHECK_INT(tool_strings(&a, SLICE("not json"), strings, 4), 1);
	CHECK_STR(strings[0].text, "not json");
	CHECK_INT(tool_strings(&a, SLICE("\"one\""), strings, 4), 1);
	CHECK_STR(strings[0].text, "one");
	CHECK_INT(tool_strings(&a, SLICE("[1]"), strings, 4), 0);
	CHECK_INT(tool_strings(&a, SLICE("{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"), strings, 2), 2);
	CHECK_INT(tool_strings(&a, SLICE_NONE, strings, 4), 0);
	CHECK_STR(tool_result_agent(&a, SLICE(" {\"assistant\": \"Writer\"}")), "Writer");
	CHECK(!tool_result_agent(&a, SLICE("Writer")).data);
	arena_release(&a);
}

TEST(tool_arguments_are_the_same_however_written)
{
	CHECK_INT(tool_arguments_key(SLICE("{\"a\":1,\"b\":\"x\"}")),
		  tool_arguments_key(SLICE("{ \"b\": \"\\u0078\", \"a\": 1 }")));
	CHECK(tool_arguments_key(SLICE("{\"a\":1}")) != tool_arguments_key(SLICE("{\"a\":2}")));
}

TEST(tool_text_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct tool_string strings[4];
		struct arena a;
		int64_t status;

		arena_init(&a, 1 << 20);
		tool_strings(&a, SLICE("{\"prompt\":\"a\",\"x\":\"b\"}"), strings, 4);
		tool_result_failed(SLICE("{\"exit_code\":1}"), &status);
		tool_result_agent(&a, SLICE("{\"assistant\":\"W\"}"));
		tool_arguments_key(SLICE("{\"a\":1}"));
		arena_release(&a);
	}
}
