/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_name.h"

#include "cleanup.h"
#include "history.h"

#include <ctype.h>

#define NAME_LEN_MAX 64

const char *name_source_name(enum name_source source)
{
	static const char *const names[] = {
		[NAME_PROGRAM] = "program", [NAME_USER_AGENT] = "user_agent",
		[NAME_PROMPT] = "prompt",   [NAME_ARGUMENT] = "tool_argument",
		[NAME_API] = "api",
	};

	return (size_t)source < ARRAY_LEN(names) ? names[source] : NULL;
}

/* Programs that run one agent, by the product token of their User-Agent. */
static const struct slice cli_agents[] = {
	SLICE("claude-cli"), SLICE("claude-code"), SLICE("codex_cli_rs"), SLICE("codex_exec"),
	SLICE("codex-tui"),  SLICE("GeminiCLI"),   SLICE("gemini-cli"),	  SLICE("opencode"),
	SLICE("aider"),	     SLICE("Aider"),	   SLICE("goose"),	  SLICE("crush"),
	SLICE("qwen-code"),  SLICE("QwenCode"),	   SLICE("copilot"),	  SLICE("GitHubCopilotCLI"),
	SLICE("amp"),	     SLICE("cline"),	   SLICE("kilo-code"),	  SLICE("cursor-agent"),
};

/* "name/version (…)": its first token, split. Gemini CLI adds where it runs: GeminiCLI-tui. */
static struct slice product(struct slice user_agent, struct slice *ret_version)
{
	static const struct slice gemini = SLICE("GeminiCLI");
	struct slice name = slice_cut(&user_agent, ' ');
	ssize_t slash = slice_find_char(name, '/');

	*ret_version = SLICE_NONE;
	if (slash < 0)
		return name;
	*ret_version = slice_sub(name, (size_t)slash + 1, name.len);
	/* GeminiCLI/0.9.0/gemini-2.5-pro */
	*ret_version = slice_cut(ret_version, '/');
	name = slice_sub(name, 0, (size_t)slash);
	return slice_starts(name, gemini) && name.len > gemini.len && name.data[gemini.len] == '-'
		       ? gemini
		       : name;
}

bool agent_name_is_cli(struct slice user_agent)
{
	struct slice version, name = product(user_agent, &version);

	for (size_t i = 0; i < ARRAY_LEN(cli_agents); i++)
		if (slice_eq(name, cli_agents[i]))
			return true;
	return false;
}

/* Names of models: "You are ChatGPT" names no agent. */
static const struct slice personas[] = {
	SLICE("ChatGPT"), SLICE("Claude"), SLICE("Qwen"),    SLICE("Gemini"),	SLICE("Llama"),
	SLICE("GPT"),	  SLICE("Grok"),   SLICE("Mistral"), SLICE("DeepSeek"), SLICE("AI"),
};

static bool is_persona(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(personas); i++)
		if (slice_eq(name, personas[i]) ||
		    (slice_starts(name, personas[i]) && name.data[personas[i].len] == '-'))
			return true;
	return false;
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '-' || ch == '\'' || ch == '&' ||
	       (unsigned char)ch >= 0x80;
}

/* Words that begin with a capital, or one that is written like an identifier. */
static struct slice capital_words(struct slice text)
{
	size_t end = 0, at = 0;

	while (at < text.len && at < NAME_LEN_MAX) {
		size_t word = at;

		while (at < text.len && is_word(text.data[at]))
			at++;
		if (at == word || islower((unsigned char)text.data[word]))
			break;
		end = at;
		if (at >= text.len || text.data[at] != ' ')
			break;
		at++;
	}
	if (end)
		return slice_sub(text, 0, end);
	while (at < text.len && is_word(text.data[at]))
		at++;
	if (memchr(text.data, '_', at) || memchr(text.data, '-', at))
		return slice_sub(text, 0, at);
	return SLICE_NONE;
}

static struct slice name_in_prompt(struct slice text)
{
	static const struct slice openings[] = { SLICE("You are "), SLICE("You're "),
						 SLICE("Your name is ") };
	static const struct slice articles[] = { SLICE("A "), SLICE("An "), SLICE("The "),
						 SLICE("the ") };

	text = slice_trim(text);
	for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
		struct slice rest, name;

		if (!slice_starts(text, openings[i]))
			continue;
		rest = slice_sub(text, openings[i].len, text.len);
		for (size_t a = 0; a < ARRAY_LEN(articles); a++)
			if (slice_starts(rest, articles[a]))
				rest = slice_sub(rest, articles[a].len, rest.len);
		name = capital_words(rest);
		if (name.len > 1 && name.len <= NAME_LEN_MAX && !is_persona(name))
			return name;
	}
	return SLICE_NONE;
}

/* Of several parts the first that names one: some open with a technical header. */
static struct slice name_in_parts(const struct part *parts, size_t count)
{
	for (size_t i = 0; i < MIN(count, (size_t)4); i++) {
		struct slice name =
			parts[i].type == PART_TEXT ? name_in_prompt(parts[i].text) : SLICE_NONE;

		if (name.len)
			return name;
	}
	return SLICE_NONE;
}

struct agent_name agent_name_find(const struct call *c)
{
	struct agent_name found = { 0 };

	found.name = name_in_parts(c->system, c->n_system);
	for (size_t i = 0; i < c->n_input && !found.name.len && message_is_system(&c->input[i]);
	     i++)
		found.name = name_in_parts(c->input[i].parts, c->input[i].n_parts);
	if (found.name.len)
		found.source = NAME_PROMPT;
	if (!agent_name_is_cli(c->user_agent))
		return found;
	if (!found.name.len) {
		found.name = product(c->user_agent, &found.version);
		found.source = NAME_USER_AGENT;
	} else {
		product(c->user_agent, &found.version);
	}
	return found;
}

static struct slice base_name(struct slice path)
{
	size_t at = path.len;

	while (at && path.data[at - 1] != '/')
		at--;
	return slice_sub(path, at, path.len);
}

struct slice agent_name_of_program(struct slice cmdline, struct slice comm)
{
	static const struct slice interpreters[] = { SLICE("python"), SLICE("node"), SLICE("bun"),
						     SLICE("deno"),   SLICE("ruby"), SLICE("tsx"),
						     SLICE("uv") };
	struct slice program = base_name(slice_cut(&cmdline, ' '));
	bool interpreter = false;

	for (size_t i = 0; i < ARRAY_LEN(interpreters); i++)
		interpreter |= slice_starts(program, interpreters[i]);
	while (interpreter && cmdline.len) {
		struct slice word = slice_cut(&cmdline, ' ');

		/* What follows -c is code. */
		if (slice_eq(word, SLICE("-c")) || slice_eq(word, SLICE("-e")))
			break;
		if (word.len && word.data[0] != '-' && !slice_eq(word, SLICE("run"))) {
			word = base_name(word);
			return slice_sub(word, 0,
					 slice_find_char(word, '.') > 0
						 ? (size_t)slice_find_char(word, '.')
						 : word.len);
		}
	}
	return program.len ? program : comm;
}

struct slice agent_name_handoff(struct slice tool)
{
	static const struct slice prefixes[] = {
		SLICE("transfer_to_"), SLICE("transfer_back_to_"), SLICE("handoff_to_"),
		SLICE("hand_off_to_"), SLICE("delegate_to_"),	   SLICE("transferTo"),
		SLICE("handoffTo"),
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(tool, prefixes[i]) && tool.len > prefixes[i].len)
			return slice_sub(tool, prefixes[i].len, tool.len);
	return SLICE_NONE;
}
