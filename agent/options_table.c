/* SPDX-License-Identifier: Apache-2.0 */
#include "options_table.h"

#include "cleanup.h"
#include "slice.h"

#include <errno.h>
#include <string.h>

#define LIVE (ON(CMD_RUN) | ON(CMD_EXEC) | ON(CMD_RECORD))
#define ALL (~UINT64_C(0))
#define FILES (ON(CMD_REPLAY) | ON(CMD_DECODE))

const struct exporter_flag exporter_flags[] = {
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
const size_t n_exporter_flags = ARRAY_LEN(exporter_flags);
_Static_assert(ARRAY_LEN(exporter_flags) <= EXPORTER_FLAGS_MAX, "each has its value's place");
const struct flag flags[] = {
	{ ON(CMD_RUN), { "print", KEY_PRINT, NULL, 0, "show each call on standard output", 0 } },
	{ LIVE | FILES,
	  { "output", KEY_OUTPUT, "FORMAT", 0, "table, tree, jsonl or otlp-json", 0 } },
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
	{ ALL,
	  { "config", KEY_CONFIG, "FILE", 0, "settings, instead of those in /etc/gentap", 3 } },
	{ ON(CMD_CONFIG), { "origin", KEY_ORIGIN, NULL, 0, "say where each setting stands", 0 } },
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
const size_t n_flags = ARRAY_LEN(flags);
_Static_assert(ARRAY_LEN(flags) <= FLAGS_MAX, "each fits into a command's list");

const struct command_row commands[] = {
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
	{ "config", CMD_CONFIG, "check [FILE...]|show",
	  "Check the configuration, or show what is set and where.\v"
	  "Examples:\n"
	  "  gentap config check /etc/gentap/config.yaml\n"
	  "  gentap config show --origin\n" },
	{ "version", CMD_VERSION, "", "Print the version." },
	{ "help", CMD_HELP, "[COMMAND]", "Show this, or the help of a command." },
};
const size_t n_commands = ARRAY_LEN(commands);

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
		[OUTPUT_TREE] = "tree",
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

int option_set(struct options *o, int key, char *arg)
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
	case KEY_CONFIG:
		o->config_file = arg;
		return 0;
	case KEY_ORIGIN:
		o->show_origin = true;
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
