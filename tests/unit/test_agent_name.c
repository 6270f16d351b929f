/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_name.h"
#include "cleanup.h"
#include "test.h"

TEST(agent_names_in_prompts)
{
	static const struct {
		const char *prompt, *want;
	} rows[] = {
		{ "You are Claude Code, Anthropic's official CLI for Claude.", "Claude Code" },
		{ "You are Senior Researcher. You find things.", "Senior Researcher" },
		{ "  You are the Writer Agent that writes", "Writer Agent" },
		{ "You are research_agent. Find.", "research_agent" },
		{ "You are a helpful assistant.", NULL },
		{ "You are an expert programmer", NULL },
		{ "You are ChatGPT, a large language model", NULL },
		{ "You are GPT-4", NULL },
		{ "You are Claude, made by Anthropic", NULL },
		{ "Answer. You are Bob.", NULL },
		{ "You are ", NULL },
		{ "", NULL },
		{ "Your name is Ada. Be kind.", "Ada" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call *c = NULL;
		struct part p = { .type = PART_TEXT, .text = slice_from(rows[i].prompt) };
		struct agent_name name;

		test_row("%s", rows[i].prompt);
		CHECK_INT(call_new(&c), 0);
		c->system = &p;
		c->n_system = 1;
		name = agent_name_find(c);
		CHECK_STR(name.name, rows[i].want);
		CHECK_INT(name.source, rows[i].want ? NAME_PROMPT : NAME_NONE);
		call_free(c);
	}
	test_row(NULL);
}

TEST(agent_names_of_programs)
{
	static const struct {
		const char *cmdline, *want;
	} rows[] = {
		{ "python3 /srv/bot.py --x", "bot" },
		{ "/usr/bin/python3.11 -u agent.py", "agent" },
		{ "python3 -c print(1)", "python3" },
		{ "node --no-warnings dist/index.js", "index" },
		{ "uv run main.py", "main" },
		{ "/opt/thing/bin/agentd -v", "agentd" },
		{ "", "comm" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i].cmdline);
		CHECK_STR(agent_name_of_program(slice_from(rows[i].cmdline), SLICE("comm")),
			  rows[i].want);
	}
	test_row(NULL);
}

TEST(agent_names_of_user_agents)
{
	struct call *c = NULL;
	struct agent_name name;

	CHECK_INT(call_new(&c), 0);
	c->user_agent = SLICE("claude-cli/2.0.14 (external, cli)");
	name = agent_name_find(c);
	CHECK_STR(name.name, "claude-cli");
	CHECK_STR(name.version, "2.0.14");
	c->user_agent = SLICE("GeminiCLI/0.9.0/gemini-2.5-pro (linux; x64)");
	name = agent_name_find(c);
	CHECK_STR(name.name, "GeminiCLI");
	CHECK_STR(name.version, "0.9.0");
	c->user_agent = SLICE("GeminiCLI-tui/0.61.0/gemini-2.5-pro (linux; x64; terminal)");
	name = agent_name_find(c);
	CHECK_STR(name.name, "GeminiCLI");
	CHECK_STR(name.version, "0.61.0");
	c->user_agent = SLICE("OpenAI/Python 1.0");
	CHECK_INT(agent_name_find(c).source, NAME_NONE);
	CHECK(!agent_name_is_cli(SLICE("python-requests/2")));
	CHECK_STR(agent_name_handoff(SLICE("transfer_to_writer")), "writer");
	CHECK(!agent_name_handoff(SLICE("transfer_to_")).data);
	CHECK(!agent_name_handoff(SLICE("search")).data);
	call_free(c);
}
