/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "cleanup.h"
#include "options_tables.h"
#include "settings.h"
#include "slice.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* What flags, GENTAP_* and files say of the exporter, in this order before and behind the
 * standard variables. */
static const char *exporter_given[EXPORTER_FLAGS_MAX];
static const char *exporter_configured[EXPORTER_FLAGS_MAX];

/* A parse under way. */
struct parse {
	struct options *options;
	bool given[OPTIONS_FLAGS_MAX]; /* on the command line, by row of the table */
};

static void mark_given(struct parse *p, int key)
{
	for (size_t i = 0; i < n_option_flags; i++)
		if (option_flags[i].option.key == key)
			p->given[i] = true;
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
	struct parse *p = state->input;
	struct options *o = p->options;
	int r;

	if (key >= KEY_EXPORTER && key < KEY_EXPORTER + (int)n_exporter_flags) {
		exporter_given[key - KEY_EXPORTER] = arg;
		return 0;
	}
	if (key == ARGP_KEY_ARGS) {
		o->args = state->argv + state->next;
		o->n_args = state->argc - state->next;
		return 0;
	}
	if (key == ARGP_KEY_END)
		check_args(o, state);
	r = option_set(o, key, arg);
	if (r == -ENOENT)
		return ARGP_ERR_UNKNOWN;
	if (r == -E2BIG)
		argp_error(state, "too many values, at most %d", OPTIONS_LIST_MAX);
	else if (r)
		argp_error(state, "bad value: '%s'", arg);
	mark_given(p, key);
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

/* ---- Files and GENTAP_* ------------------------------------------------------------ */

static void each_name(void (*each)(void *ctx, const char *name), void *ctx)
{
	for (size_t i = 0; i < n_option_flags; i++)
		if (!(option_flags[i].option.flags & OPTION_HIDDEN))
			each(ctx, option_flags[i].option.name);
	for (size_t i = 0; i < n_exporter_flags; i++)
		each(ctx, exporter_flags[i].flag);
}

struct search {
	const char *name;
	bool found;
};

static void compare(void *ctx, const char *name)
{
	struct search *s = ctx;

	s->found |= !strcmp(s->name, name);
}

/* --config names files; it stands in none. */
static bool is_known(const char *name)
{
	struct search s = { .name = name };

	each_name(compare, &s);
	return s.found && strcmp(name, "config") != 0;
}

static int complain(const struct setting *item, const char *why)
{
	fprintf(stderr, "gentap: %s: %s for '%s': '%s'\n", item->origin, why, item->name,
		item->value);
	return -EINVAL;
}

/* A flag without an argument is a yes or a no. */
static int parse_bool(const char *text, bool *ret)
{
	static const char *const words[][4] = { { "false", "no", "off", "0" },
						{ "true", "yes", "on", "1" } };

	for (size_t yes = 0; yes < 2; yes++)
		for (size_t i = 0; i < ARRAY_LEN(words[yes]); i++)
			if (!strcasecmp(text, words[yes][i])) {
				*ret = yes;
				return 0;
			}
	return -EINVAL;
}

static int apply_item(struct options *o, const struct option_flag *f, const struct setting *item)
{
	bool yes = true, optional = f->option.flags & OPTION_ARG_OPTIONAL;
	char *arg = item->value;
	int r = 0;

	if (!f->option.arg && parse_bool(item->value, &yes))
		return complain(item, "true or false is wanted");
	if (optional && !parse_bool(item->value, &yes))
		arg = NULL;
	if (yes)
		r = option_set(o, f->option.key, arg);
	return r == -E2BIG ? complain(item, "too many values")
	       : r	   ? complain(item, "bad value")
			   : 0;
}

static int apply_flag(struct options *o, const struct option_flag *f)
{
	unsigned int layer = settings_layer(o->settings, f->option.name);
	int r = 0;

	for (size_t i = 0; layer && !r && i < o->settings->count; i++) {
		const struct setting *item = &o->settings->items[i];

		if (item->layer == layer && !strcmp(item->name, f->option.name))
			r = apply_item(o, f, item);
	}
	return r;
}

static void apply_exporter(const struct settings *s)
{
	for (size_t k = 0; k < n_exporter_flags; k++) {
		unsigned int layer = settings_layer(s, exporter_flags[k].flag);

		for (size_t i = 0; layer && i < s->count; i++) {
			const struct setting *item = &s->items[i];

			if (item->layer != layer || strcmp(item->name, exporter_flags[k].flag) != 0)
				continue;
			if (slice_starts(slice_from(item->origin), SLICE("GENTAP_")) &&
			    !exporter_given[k])
				exporter_given[k] = item->value;
			exporter_configured[k] = item->value;
		}
	}
}

static void read_variable(void *ctx, const char *name)
{
	if (is_known(name))
		settings_read_env(ctx, name);
}

static int read_files(struct options *o)
{
	_cleanup_(buf_cleanup) struct buf error = BUF_INIT(4096);
	const char *file = o->config_file ? o->config_file : getenv("GENTAP_CONFIG");
	int r = file ? settings_read_file(o->settings, file, is_known, each_name, &error)
		     : settings_read_dir(o->settings, SETTINGS_DIR, is_known, each_name, &error);

	if (r)
		fprintf(stderr, "gentap: %.*s\n", SLICE_FMT(buf_slice(&error)));
	return r;
}

int options_settings(struct options *o)
{
	int r = o->settings ? 0 : -ENOMEM;

	if (!r)
		r = read_files(o);
	if (!r)
		each_name(read_variable, o->settings);
	return r;
}

/* All but what the command line gave. */
static int apply_flags(struct options *o, const bool *given)
{
	int r = 0;

	for (size_t i = 0; !r && i < n_option_flags; i++)
		if ((option_flags[i].commands & COMMAND_BIT(o->command)) && !(given && given[i]))
			r = apply_flag(o, &option_flags[i]);
	return r;
}

int options_check(struct options *o)
{
	int r = read_files(o);

	return r ? r : apply_flags(o, NULL);
}

static int apply_settings(struct parse *p)
{
	struct options *o = p->options;
	int r;

	o->settings = calloc(1, sizeof(*o->settings));
	if (o->settings)
		settings_init(o->settings);
	r = options_settings(o);
	if (!r)
		r = apply_flags(o, p->given);
	if (!r)
		apply_exporter(o->settings);
	return r;
}

/* ---- The command line -------------------------------------------------------------- */

static int parse_command(struct options *o, size_t which, int argc, char **argv)
{
	struct argp_option options[OPTIONS_FLAGS_MAX] = { 0 };
	struct argp argp = {
		options, parse_key, option_commands[which].args, option_commands[which].doc, NULL,
		NULL,	 NULL
	};
	struct parse p = { .options = o };
	char name[64];
	int r;

	o->command = option_commands[which].command;
	options_list_flags(o->command, options);
	snprintf(name, sizeof(name), "gentap %s", option_commands[which].name);
	argv[0] = name; /* what argp calls the program */
	/* exec's own arguments are not ours, even where they look like options. */
	argp_err_exit_status = 2;
	r = argp_parse(&argp, argc, argv, o->command == CMD_EXEC ? ARGP_IN_ORDER : 0, NULL, &p);
	return r ? r : apply_settings(&p);
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

	*o = (struct options){ .keep_days = 90, .keep_mib = 10240, .spool_mib = 512 };
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

void options_release(struct options *o)
{
	if (o->settings)
		settings_release(o->settings);
	free(o->settings);
	o->settings = NULL;
}

/* The signal's own variables, of which a flag hides the one of its name. */
static bool cut_signal(struct slice *name)
{
	static const struct slice signals[] = { SLICE("TRACES_"), SLICE("METRICS_"),
						SLICE("LOGS_") };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (!slice_starts(*name, signals[i]))
			continue;
		*name = slice_sub(*name, signals[i].len, name->len);
		return true;
	}
	return false;
}

const char *options_getenv(const char *name)
{
	const struct slice generic = SLICE("OTEL_EXPORTER_OTLP_");
	const char *configured = NULL, *value;
	struct slice rest = slice_from(name);

	if (slice_starts(rest, generic)) {
		bool specific;

		rest = slice_sub(rest, generic.len, rest.len);
		specific = cut_signal(&rest);
		for (size_t i = 0; i < n_exporter_flags; i++) {
			if (!slice_eq(rest, slice_from(exporter_flags[i].variable)))
				continue;
			if (exporter_given[i])
				return specific ? NULL : exporter_given[i];
			configured = specific ? NULL : exporter_configured[i];
		}
	}
	value = getenv(name);
	return value ? value : configured;
}
