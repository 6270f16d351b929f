/* SPDX-License-Identifier: Apache-2.0 */
/* What arguments and results of tools say; each reading is repeatable and in the arena. */
#include "fuzz.h"
#include "tool_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *copy = malloc(len + 1);
	struct slice text = { copy, len }, agent;
	struct tool_string strings[16];
	struct arena arena;
	int64_t status = -1;
	size_t n;

	REQUIRE(copy);
	memcpy(copy, data, len);
	arena_init(&arena, 1 << 20);
	n = tool_strings(&arena, text, strings, 16);
	REQUIRE(n <= 16);
	agent = tool_strings_agent(strings, n);
	REQUIRE(agent.len <= len * 3);
	REQUIRE(tool_arguments_key(text) == tool_arguments_key(text));
	tool_result_failed(text, &status);
	REQUIRE(status >= -1);
	agent = tool_result_agent(&arena, text);
	REQUIRE(agent.len <= len * 3);
	arena_release(&arena);
	free(copy);
	return 0;
}
