/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "cleanup.h"
#include "options_tables.h"
#include "slice.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>

#define EXPORTER_FLAGS_MAX 16

static const char *exporter_values[EXPORTER_FLAGS_MAX];

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
		[OUTPUT_WIDE] = "wide",
		[OUTPUT_TREE] = "tree",
		[OUTPUT_JSON] = "json",
		[OUTPUT_CSV] = "csv",
		[OUTPUT_MARKDOWN] = "markdown",
	};
	bool captures = o->command <= CMD_DECODE;

	for (enum output_format f = OUTPUT_TABLE; f < ARRAY_LEN(names); f++) {
		if (captures ? f > OUTPUT_TREE : f == OUTPUT_OTLP_JSON || f == OUTPUT_TREE)
			continue;
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

/* Flags that are handed on as they are: the query language reads them. */
static const struct {
	int key;
	const char *name;
} words[] = {
	{ KEY_SINCE, "since" },	    { KEY_UNTIL, "until" },	  { KEY_WHERE, "where" },
	{ KEY_GROUP, "group-by" },  { KEY_FIELDS, "fields" },	  { KEY_SORT, "sort" },
	{ KEY_LIMIT, "limit" },	    { KEY_INTERVAL, "interval" }, { KEY_DISPLAY, "display" },
	{ KEY_FROM, "from" },	    { KEY_AMOUNT, "amount" },	  { KEY_PERIOD, "period" },
	{ KEY_WARN, "warn" },	    { KEY_ALERT, "alert" },	  { KEY_COMMAND, "command" },
	{ KEY_WEBHOOK, "webhook" },
};

static int set_word(struct options *o, int key, const char *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (words[i].key != key)
			continue;
		if (o->n_words == OPTIONS_LIST_MAX)
			return -E2BIG;
		o->words[o->n_words++] = (struct option_word){ words[i].name, arg };
		return 0;
	}
	return -ENOENT;
}

const char *options_word(const struct options *o, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < o->n_words; i++)
		if (!strcmp(o->words[i].name, name))
			found = o->words[i].value;
	return found;
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
	case KEY_BATCH:
		o->batch = true;
		return 0;
	case KEY_ITERATIONS:
		return parse_number(arg, UINT32_MAX, &o->iterations);
	case KEY_DELAY:
		return parse_number(arg, 3600, &o->delay_s);
	case KEY_DELETE:
		o->remove = true;
		return 0;
	case KEY_VERBOSE:
		o->verbose = true;
		return 0;
	case KEY_QUIET:
		o->quiet = true;
		return 0;
	}
	return set_word(o, key, arg);
}

/* What the command's line in the table says it takes. */
static void check_args(const struct options *o, struct argp_state *state)
{
	const char *args = NULL;
	int most;

	for (size_t i = 0; i < n_option_commands; i++)
		if (option_commands[i].command == o->command)
			args = option_commands[i].args;
	if (!args)
		return;
	most = !*args ? 0 : strstr(args, "...") || o->command == CMD_BUDGET ? INT_MAX : 1;
	if (*args && *args != '[' && !o->n_args && o->command != CMD_QUERY)
		argp_error(state, "which %s?", args);
	if (o->command == CMD_EXEC && !o->n_args)
		argp_error(state, "which command?");
	if (o->n_args > most)
		argp_error(state, "unexpected argument: %s", o->args[o->n_args - 1]);
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	int r;

	if (key >= KEY_EXPORTER && key < KEY_EXPORTER + (int)n_exporter_flags) {
		exporter_values[key - KEY_EXPORTER] = arg;
		return 0;
	}
	if (key == ARGP_KEY_ARGS) {
		o->args = state->argv + state->next;
		o->n_args = state->argc - state->next;
		return 0;
	}
	if (key == ARGP_KEY_END)
		check_args(o, state);
	r = set_flag(o, key, arg);
	if (r == -ENOENT)
		return ARGP_ERR_UNKNOWN;
	if (r == -E2BIG)
		argp_error(state, "too many values, at most %d", OPTIONS_LIST_MAX);
	else if (r)
		argp_error(state, "bad value: '%s'", arg);
	return 0;
}

void options_list_flags(enum command command, struct argp_option *to)
{
	for (size_t i = 0; i < n_option_flags; i++)
		if (option_flags[i].commands & COMMAND_BIT(command))
			*to++ = option_flags[i].option;
	for (size_t i = 0; (COMMAND_BIT(command) & COMMANDS_EXPORTING) && i < n_exporter_flags; i++)
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
	for (size_t i = 0; i < n_option_commands; i++)
		fprintf(to, "  %-10s %.*s\n", option_commands[i].name,
			(int)strcspn(option_commands[i].doc, "\v"), option_commands[i].doc);
	fputs("\n'gentap COMMAND --help' tells more.\n", to);
}

static int parse_command(struct options *o, size_t which, int argc, char **argv)
{
	struct argp_option options[OPTIONS_FLAGS_MAX] = { 0 };
	struct argp argp = {
		options, parse_key, option_commands[which].args, option_commands[which].doc, NULL,
		NULL,	 NULL
	};
	char name[64];

	o->command = option_commands[which].command;
	options_list_flags(o->command, options);
	snprintf(name, sizeof(name), "gentap %s", option_commands[which].name);
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
	for (size_t i = 0; i < n_option_commands; i++)
		if (!strcmp(option_commands[i].name, name))
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
	if (option_commands[which].command == CMD_VERSION) {
		puts("gentap " GENTAP_VERSION);
		return 1;
	}
	if (option_commands[which].command == CMD_HELP) {
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

		for (size_t i = 0; i < n_exporter_flags; i++)
			if (exporter_values[i] &&
			    slice_eq(rest, slice_from(exporter_flags[i].variable)))
				return specific ? NULL : exporter_values[i];
	}
	return getenv(name);
}
