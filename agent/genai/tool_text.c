/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_text.h"

#include "cleanup.h"
#include "json.h"
#include "messages.h"

#define ARGUMENTS_LEN_MAX (256 * 1024)
#define AGENT_NAME_MAX 64

static struct slice decode(struct arena *a, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(3 * json_raw(v).len + 1);

	if (json_type(v) != JSON_STRING || json_cut(v) || json_str(v, &text))
		return SLICE_NONE;
	return arena_copy(a, text.len ? buf_slice(&text) : SLICE(""));
}

static bool add(struct tool_string *to, struct slice name, struct slice text)
{
	if (!text.len)
		return false;
	*to = (struct tool_string){ name, text, text_hash_more(SLICE_HASH, text) };
	return true;
}

size_t tool_strings(struct arena *a, struct slice arguments, struct tool_string *ret, size_t max)
{
	struct json doc;
	size_t n = 0;

	if (!arguments.len || arguments.len > ARGUMENTS_LEN_MAX || !max)
		return 0;
	json_init(&doc);
	if (json_parse(&doc, arguments))
		n = add(ret, SLICE_NONE, arena_copy(a, arguments));
	else if (json_type(json_root(&doc)) == JSON_STRING)
		n = add(ret, SLICE_NONE, decode(a, json_root(&doc)));
	else if (json_type(json_root(&doc)) == JSON_OBJECT)
		for (struct json_val i = json_first(json_root(&doc)); i.doc && n < max;
		     i = json_next(i))
			n += add(&ret[n], arena_copy(a, json_key(i)), decode(a, i));
	json_release(&doc);
	return n;
}

uint64_t tool_arguments_key(struct slice arguments)
{
	uint64_t key = slice_hash(SLICE_HASH, SLICE("arguments"));
	struct json doc;

	json_init(&doc);
	if (!json_parse(&doc, arguments))
		key = json_hash(key, json_root(&doc));
	json_release(&doc);
	return key;
}

struct slice tool_strings_agent(const struct tool_string *strings, size_t count)
{
	static const struct slice members[] = { SLICE("subagent_type"), SLICE("agent_name"),
						SLICE("agent_type"),	SLICE("agent"),
						SLICE("assistant"),	SLICE("coworker"),
						SLICE("recipient") };

	for (size_t m = 0; m < ARRAY_LEN(members); m++)
		for (size_t i = 0; i < count; i++)
			if (slice_eq(strings[i].name, members[m]) &&
			    strings[i].text.len <= AGENT_NAME_MAX)
				return strings[i].text;
	return SLICE_NONE;
}

/* ---- Results ------------------------------------------------------------------------------- */

#define EXIT_STATUS_MAX 255

/* What tools and frameworks begin a failure with. */
static const struct slice failures[] = {
	SLICE("Traceback (most recent call last)"),
	SLICE("Error: "),
	SLICE("ERROR: "),
	SLICE("error: "),
	SLICE("Error executing tool"),
	SLICE("Error calling tool"),
	SLICE("Error invoking tool"),
	SLICE("Error while executing tool"),
	SLICE("An error occurred while running the tool"),
	SLICE("Tool execution failed"),
	SLICE("Tool error:"),
	SLICE("Uncaught exception"),
	SLICE("<tool_use_error>"),
	SLICE("panic: "),
	SLICE("fatal: "),
};

/* Words before an exit status, at the beginning of a line. */
static const struct slice exits[] = {
	SLICE("Exit code: "),
	SLICE("Exit code "),
	SLICE("exit code: "),
	SLICE("Exit Code: "),
	SLICE("exit status "),
	SLICE("Process exited with code "),
	SLICE("Command failed with exit code "),
	SLICE("Process exited with status "),
};

static bool exit_status(struct slice line, int64_t *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(exits); i++) {
		struct slice number;
		uint64_t v;
		size_t digits = 0;

		if (!slice_starts(line, exits[i]))
			continue;
		number = slice_sub(line, exits[i].len, line.len);
		while (digits < number.len && number.data[digits] >= '0' &&
		       number.data[digits] <= '9')
			digits++;
		if (!digits || slice_u64(slice_sub(number, 0, digits), &v) || v > EXIT_STATUS_MAX)
			return false;
		*ret = (int64_t)v;
		return true;
	}
	return false;
}

/* {"exit_code": 1}, {"metadata": {"exit_code": 1}}, {"error": …}, {"isError": true}. */
static bool object_failed(struct json_val root, int64_t *ret_exit)
{
	static const char *const statuses[] = { "exit_code", "exitCode", "metadata.exit_code",
						"returncode" };
	static const char *const flags[] = { "isError", "is_error" };
	struct json_val error = json_get(root, "error");
	bool flag = false;

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		int64_t status;

		if (json_i64(json_path(root, statuses[i]), &status))
			continue;
		/* Others, as Python's for a signal, tell of a failure, and are no exit status. */
		if (status >= 0 && status <= EXIT_STATUS_MAX)
			*ret_exit = status;
		return status != 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (!json_bool(json_get(root, flags[i]), &flag) && flag)
			return true;
	if (json_is(json_get(root, "status"), "error"))
		return true;
	return json_type(error) == JSON_OBJECT ||
	       (json_type(error) == JSON_STRING && json_raw(error).len);
}

bool tool_result_failed(struct slice text, int64_t *ret_exit)
{
	struct slice rest = slice_trim(text);
	bool failed = false;
	struct json doc;

	*ret_exit = -1;
	if (!rest.len)
		return false;
	if (rest.data[0] == '{') {
		json_init(&doc);
		if (!json_parse(&doc, rest))
			failed = object_failed(json_root(&doc), ret_exit);
		json_release(&doc);
		return failed;
	}
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (slice_starts(rest, failures[i]))
			return true;
	/* The first lines are headers; what a command printed comes behind them. */
	for (int line = 0; line < 4 && rest.len; line++)
		if (exit_status(slice_cut(&rest, '\n'), ret_exit))
			return *ret_exit != 0;
	return false;
}

struct slice tool_result_agent(struct arena *a, struct slice text)
{
	struct slice name = SLICE_NONE;
	struct json doc;

	text = slice_trim(text);
	if (!slice_starts(text, SLICE("{")))
		return SLICE_NONE;
	json_init(&doc);
	if (!json_parse(&doc, text))
		name = decode(a, json_get(json_root(&doc), "assistant"));
	json_release(&doc);
	return name.len <= AGENT_NAME_MAX ? name : SLICE_NONE;
}
