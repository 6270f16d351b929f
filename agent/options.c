/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "cleanup.h"
#include "slice.h"

#include <argp.h>
#include <errno.h>

#define ON(c) (1u << (c))
#define LIVE (ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_RECORD))
#define FILES (ON(CMD_REPLAY) | ON(CMD_DECODE))
#define EXPORTS (ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_REPLAY) | ON(CMD_DECODE))

/* Flags that stand for an OTEL_EXPORTER_OTLP_* variable. */
static const struct {
	const char *flag;
	const char *variable; /* without OTEL_EXPORTER_OTLP_ */
	const char *arg;
	const char *doc;
} exporter_flags[] = {
	{ "otlp-endpoint", "ENDPOINT", "URL",
	  "send spans there (OTEL_EXPORTER_OTLP_ENDPOINT); without it nothing is exported" },
	{ "otlp-protocol", "PROTOCOL", "NAME", "http/protobuf (default) or http/json" },
	{ "otlp-headers", "HEADERS", "K=V,…", "headers of each request, values percent-encoded" },
	{ "otlp-timeout", "TIMEOUT", "MS", "for one request (default 10000)" },
	{ "otlp-compression", "COMPRESSION", "NAME", "gzip or none" },
	{ "otlp-certificate", "CERTIFICATE", "FILE",
	  "CA certificates that the endpoint is checked against" },
	{ "otlp-client-certificate", "CLIENT_CERTIFICATE", "FILE", "certificate for mTLS" },
	{ "otlp-client-key", "CLIENT_KEY", "FILE", "its key" },
};
static const char *exporter_values[ARRAY_LEN(exporter_flags)];

enum flag_key {
	KEY_OUTPUT = 'o',
	KEY_VERBOSE = 'v',
	KEY_QUIET = 'q',
	KEY_PRINT = 0x100,
	KEY_OUTPUT_FILE,
	KEY_RECORD,
	KEY_CONTENT,
	KEY_SEMCONV,
	KEY_RING,
	KEY_PID,
	KEY_COMM,
	KEY_EXE,
	KEY_UID,
	KEY_EXCLUDE_COMM,
	KEY_EXCLUDE_EXE,
	KEY_EXCLUDE_UID,
	KEY_FEATURE_OFF,
	KEY_PRICES,
	KEY_STORE,
	KEY_DB,
	KEY_EXPORTER, /* and one for each of exporter_flags */
};

static const struct {
	unsigned int commands;
	struct argp_option option;
} flags[] = {
	{ ON(CMD_RUN), { "print", KEY_PRINT, NULL, 0, "show each call on standard output", 0 } },
	{ LIVE | FILES, { "output", KEY_OUTPUT, "FORMAT", 0, "table, jsonl or otlp-json", 0 } },
	{ LIVE | FILES,
	  { "output-file", KEY_OUTPUT_FILE, "FILE", 0,
	    "write the calls there, not to standard output", 0 } },
	{ ON(CMD_RUN) | ON(CMD_EXEC),
	  { "record", KEY_RECORD, "FILE", 0, "also write the event stream to FILE, secrets masked",
	    0 } },
	{ EXPORTS,
	  { "capture-content", KEY_CONTENT, NULL, 0,
	    "put prompts and completions on spans, secrets masked (default: off)", 0 } },
	{ EXPORTS,
	  { "semconv", KEY_SEMCONV, "NAME", 0,
	    "names of attributes: v1.41 (default), latest or both", 0 } },
	{ EXPORTS | ON(CMD_PRICES),
	  { "prices", KEY_PRICES, "FILE", 0,
	    "price list that wins over the built-in one: genai-prices v2 or LiteLLM JSON", 0 } },
	{ ON(CMD_RUN),
	  { "store", KEY_STORE, NULL, 0, "keep spans in the database that runs, query, top … read",
	    0 } },
	{ ON(CMD_RUN) | ON(CMD_EXEC) | FILES,
	  { "db", KEY_DB, "FILE", 0, "the database, where it is not the default one", 0 } },
	{ LIVE,
	  { "pid", KEY_PID, "PID,…", 0, "observe only these processes and their children", 1 } },
	{ LIVE,
	  { "comm", KEY_COMM, "PATTERN,…", 0, "observe only processes of this name (shell pattern)",
	    1 } },
	{ LIVE,
	  { "exe", KEY_EXE, "PATTERN,…", 0, "observe only this executable (path or its last part)",
	    1 } },
	{ LIVE, { "uid", KEY_UID, "UID,…", 0, "observe only processes of these users", 1 } },
	{ LIVE, { "exclude-comm", KEY_EXCLUDE_COMM, "PATTERN,…", 0, "leave these out", 1 } },
	{ LIVE, { "exclude-exe", KEY_EXCLUDE_EXE, "PATTERN,…", 0, "leave these out", 1 } },
	{ LIVE, { "exclude-uid", KEY_EXCLUDE_UID, "UID,…", 0, "leave these out", 1 } },
	{ LIVE,
	  { "ring-size", KEY_RING, "BYTES", 0, "of the kernel ring buffer, a power of two", 2 } },
	{ LIVE | ON(CMD_DOCTOR),
	  { "feature-off", KEY_FEATURE_OFF, "NAME,…", 0,
	    "for testing: do as if the kernel lacked this feature", 2 } },
	{ LIVE | FILES | ON(CMD_DOCTOR),
	  { "verbose", KEY_VERBOSE, NULL, 0, "say more on standard error", 3 } },
	{ LIVE | FILES, { "quiet", KEY_QUIET, NULL, 0, "only errors on standard error", 3 } },
};

static const struct {
	const char *name;
	enum command command;
	const char *args;
	const char *doc;
} commands[] = {
	{ "run", CMD_RUN, "",
	  "Watch every process on this machine and export its LLM calls as OpenTelemetry spans.\v"
	  "Examples:\n"
	  "  gentap run --print\n"
	  "  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 gentap run\n"
	  "  gentap run --print --comm 'python*,node' --exclude-uid 0\n" },
	{ "exec", CMD_EXEC, "[--] COMMAND [ARG...]",
	  "Run COMMAND as the invoking user, observe it and its children, and print the calls "
	  "and their totals when it ends. The exit status is COMMAND's.\v"
	  "Examples:\n"
	  "  sudo gentap exec -- python3 my_agent.py\n"
	  "  sudo gentap exec -o otlp-json --output-file spans.jsonl -- claude -p hello\n" },
	{ "record", CMD_RECORD, "FILE",
	  "Write the event stream of LLM connections to FILE, secrets masked, until interrupted.\v"
	  "Examples:\n"
	  "  sudo gentap record session.gentap --pid 4711\n"
	  "  gentap replay session.gentap\n" },
	{ "replay", CMD_REPLAY, "FILE...",
	  "Decode recorded event streams, as if they happened now. No privilege needed.\v"
	  "Examples:\n"
	  "  gentap replay session.gentap\n"
	  "  gentap replay -o otlp-json session.gentap | jq .\n" },
	{ "decode", CMD_DECODE, "FILE...",
	  "Decode HAR 1.2 files (and recorded event streams) into spans. No privilege needed.\v"
	  "Examples:\n"
	  "  gentap decode session.har\n"
	  "  gentap decode -o jsonl a.har b.har\n" },
	{ "doctor", CMD_DOCTOR, "[FILE...]",
	  "Check kernel, privileges and libraries, and say what would be observed and what not, "
	  "and why. With files: which TLS libraries these executables and libraries contain, and "
	  "where they would be observed (no privilege needed).\v"
	  "Examples:\n  sudo gentap doctor\n  gentap doctor /usr/bin/node ~/.bun/bin/bun\n" },
	{ "prices", CMD_PRICES, "[[PROVIDER:]MODEL...]",
	  "Show the price lists in force, or what a model costs by them.\v"
	  "Examples:\n"
	  "  gentap prices\n"
	  "  gentap prices anthropic:claude-sonnet-4-5 gpt-5\n" },
	{ "version", CMD_VERSION, "", "Print the version." },
	{ "help", CMD_HELP, "[COMMAND]", "Show this, or the help of a command." },
};

static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	int r = slice_u64(slice_from(text), &v);

	if (r)
		return r;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* Adds the comma-separated parts of arg; cuts them in place, argv is ours. */
static int add_strings(struct option_strings *list, char *arg)
{
	for (char *part; (part = strsep(&arg, ","));) {
		if (!*part)
			continue;
		if (list->count == OPTIONS_LIST_MAX)
			return -E2BIG;
		list->items[list->count++] = part;
	}
	return 0;
}

static int add_numbers(struct option_numbers *list, char *arg)
{
	for (char *part; (part = strsep(&arg, ","));) {
		uint64_t v;

		if (list->count == OPTIONS_LIST_MAX)
			return -E2BIG;
		if (parse_number(part, UINT32_MAX, &v))
			return -EINVAL;
		list->items[list->count++] = (uint32_t)v;
	}
	return 0;
}

static int parse_output(struct options *o, const char *arg)
{
	static const char *const names[] = {
		[OUTPUT_TABLE] = "table",
		[OUTPUT_JSONL] = "jsonl",
		[OUTPUT_OTLP_JSON] = "otlp-json",
	};

	for (enum output_format f = OUTPUT_TABLE; f < ARRAY_LEN(names); f++) {
		if (!strcmp(arg, names[f])) {
			o->output = f;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_semconv(struct options *o, const char *arg)
{
	static const char *const names[] = {
		[SEMCONV_V1_41] = "v1.41",
		[SEMCONV_LATEST] = "latest",
		[SEMCONV_BOTH] = "both",
	};

	for (enum semconv_profile p = 0; p < ARRAY_LEN(names); p++) {
		if (!strcmp(arg, names[p])) {
			o->semconv = p;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_flag(struct options *o, int key, char *arg)
{
	switch (key) {
	case KEY_PRINT:
		o->output = o->output ? o->output : OUTPUT_TABLE;
		return 0;
	case KEY_OUTPUT:
		return parse_output(o, arg);
	case KEY_OUTPUT_FILE:
		o->output_file = arg;
		return 0;
	case KEY_PRICES:
		o->prices_file = arg;
		return 0;
	case KEY_RECORD:
		o->record_file = arg;
		return 0;
	case KEY_CONTENT:
		o->capture_content = true;
		return 0;
	case KEY_SEMCONV:
		return parse_semconv(o, arg);
	case KEY_RING:
		return parse_number(arg, UINT32_MAX, &o->ring_bytes) ||
				       (o->ring_bytes & (o->ring_bytes - 1)) || o->ring_bytes < 4096
			       ? -EINVAL
			       : 0;
	case KEY_PID:
		return add_numbers(&o->pids, arg);
	case KEY_UID:
		return add_numbers(&o->uids, arg);
	case KEY_EXCLUDE_UID:
		return add_numbers(&o->exclude_uids, arg);
	case KEY_COMM:
		return add_strings(&o->comms, arg);
	case KEY_EXE:
		return add_strings(&o->exes, arg);
	case KEY_EXCLUDE_COMM:
		return add_strings(&o->exclude_comms, arg);
	case KEY_EXCLUDE_EXE:
		return add_strings(&o->exclude_exes, arg);
	case KEY_FEATURE_OFF:
		return add_strings(&o->features_off, arg);
	case KEY_STORE:
		o->store = true;
		return 0;
	case KEY_DB:
		o->db_file = arg;
		return 0;
	case KEY_VERBOSE:
		o->verbose = true;
		return 0;
	case KEY_QUIET:
		o->quiet = true;
		return 0;
	}
	return -ENOENT;
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	int r;

	if (key >= KEY_EXPORTER && key < KEY_EXPORTER + (int)ARRAY_LEN(exporter_flags)) {
		exporter_values[key - KEY_EXPORTER] = arg;
		return 0;
	}
	if (key == ARGP_KEY_ARGS) {
		o->args = state->argv + state->next;
		o->n_args = state->argc - state->next;
		return 0;
	}
	if (key == ARGP_KEY_END && !o->n_args &&
	    (o->command == CMD_EXEC || o->command == CMD_RECORD || (ON(o->command) & FILES)))
		argp_error(state, o->command == CMD_EXEC ? "which command?" : "which file?");
	if (key == ARGP_KEY_END && o->n_args &&
	    (o->command == CMD_RUN || (o->command == CMD_RECORD && o->n_args > 1)))
		argp_error(state, "unexpected argument: %s", o->args[o->n_args - 1]);
	r = set_flag(o, key, arg);
	if (r == -ENOENT)
		return ARGP_ERR_UNKNOWN;
	if (r == -E2BIG)
		argp_error(state, "too many values, at most %d", OPTIONS_LIST_MAX);
	else if (r)
		argp_error(state, "bad value: '%s'", arg);
	return 0;
}

static void list_flags(enum command command, struct argp_option *to)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].commands & ON(command))
			*to++ = flags[i].option;
	for (size_t i = 0; (ON(command) & EXPORTS) && i < ARRAY_LEN(exporter_flags); i++)
		*to++ = (struct argp_option){ exporter_flags[i].flag, KEY_EXPORTER + (int)i,
					      exporter_flags[i].arg,  0,
					      exporter_flags[i].doc,  4 };
}

static void print_commands(FILE *to)
{
	fputs("gentap watches AI agents from the kernel: LLM calls of every process, as\n"
	      "OpenTelemetry spans, without an SDK, a proxy or a certificate.\n\n"
	      "Usage: gentap COMMAND [OPTION...]\n\nCommands:\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-9s %.*s\n", commands[i].name, (int)strcspn(commands[i].doc, "\v"),
			commands[i].doc);
	fputs("\n'gentap COMMAND --help' tells more.\n", to);
}

static int parse_command(struct options *o, size_t which, int argc, char **argv)
{
	struct argp_option options[ARRAY_LEN(flags) + ARRAY_LEN(exporter_flags) + 1] = { 0 };
	struct argp argp = { options, parse_key, commands[which].args, commands[which].doc, NULL,
			     NULL,    NULL };
	char name[64];

	o->command = commands[which].command;
	list_flags(o->command, options);
	snprintf(name, sizeof(name), "gentap %s", commands[which].name);
	argv[0] = name; /* what argp calls the program */
	/* exec's own arguments are not ours, even where they look like options. */
	argp_err_exit_status = 2;
	return argp_parse(&argp, argc, argv, o->command == CMD_EXEC ? ARGP_IN_ORDER : 0, NULL, o);
}

static int find_command(const char *name)
{
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return (int)i;
	return -1;
}

int options_parse(struct options *o, int argc, char **argv, int *ret_status)
{
	int which = argc > 1 ? find_command(argv[1]) : find_command("help");
	char help[] = "--help";

	*o = (struct options){ 0 };
	*ret_status = 0;
	if (which < 0) {
		fprintf(stderr, "gentap: no command '%s'; 'gentap help' lists them\n", argv[1]);
		*ret_status = 2;
		return 1;
	}
	if (commands[which].command == CMD_VERSION) {
		puts("gentap " GENTAP_VERSION);
		return 1;
	}
	if (commands[which].command == CMD_HELP) {
		int about = argc > 2 ? find_command(argv[2]) : -1;

		if (about >= 0)
			parse_command(o, (size_t)about, 2, (char *[]){ NULL, help, NULL });
		print_commands(argc < 2 ? stderr : stdout);
		*ret_status = argc < 2 ? 2 : 0;
		return 1;
	}
	if (parse_command(o, (size_t)which, argc - 1, argv + 1)) {
		*ret_status = 2;
		return 1;
	}
	return 0;
}

const char *options_getenv(const char *name)
{
	struct slice s = slice_from(name), generic = SLICE("OTEL_EXPORTER_OTLP_"),
		     traces = SLICE("OTEL_EXPORTER_OTLP_TRACES_");
	bool specific = slice_starts(s, traces);

	if (slice_starts(s, generic)) {
		struct slice rest = slice_sub(s, specific ? traces.len : generic.len, s.len);

		for (size_t i = 0; i < ARRAY_LEN(exporter_flags); i++)
			if (exporter_values[i] &&
			    slice_eq(rest, slice_from(exporter_flags[i].variable)))
				return specific ? NULL : exporter_values[i];
	}
	return getenv(name);
}
