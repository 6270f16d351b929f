/* SPDX-License-Identifier: Apache-2.0 */
/* completion: what shells need to complete commands, flags and a few values. */
#include "cleanup.h"
#include "commands.h"
#include "fields.h"
#include "options_tables.h"

/* Values that a flag takes, where they are few; FILE and the like are the shell's own. */
static const struct {
	const char *flag, *values;
} values[] = {
	{ "output", "table wide json jsonl csv otlp-json tree markdown" },
	{ "semconv", "v1.41 latest both" },
	{ "display", "table bar line big heatmap" },
	{ "from", "spans runs sessions connections" },
	{ "period", "day week month" },
	{ "since", "1h 24h 7d 30d today yesterday all" },
	{ "until", "now today yesterday" },
	{ "interval", "1m 5m 15m 1h 1d" },
	{ "otlp-protocol", "http/protobuf http/json" },
	{ "otlp-compression", "gzip none" },
};

static const char *values_of(const struct argp_option *o)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!strcmp(o->name, values[i].flag))
			return values[i].values;
	return NULL;
}

static bool takes_file(const struct argp_option *o)
{
	return o->arg && !strcmp(o->arg, "FILE");
}

/* What a command takes that is no flag; "" is files. */
static const char *args_of(enum command c)
{
	switch (c) {
	case CMD_REPORT:
		return "daily weekly monthly";
	case CMD_BUDGET:
		return "set list check";
	case CMD_DASHBOARD:
		return "list create add export import";
	case CMD_COMPLETION:
		return "bash zsh fish";
	case CMD_SHOW:
		return "last";
	case CMD_QUERY:
		return "count sum: avg: min: max: p50: p75: p90: p95: p99: rate: uniq: "
		       "failure_rate partial below:";
	default:
		return NULL;
	}
}

static void print_bash(void)
{
	struct argp_option flags[OPTIONS_FLAGS_MAX];

	puts("# bash completion of gentap; made by 'gentap completion bash'\n"
	     "_gentap() {\n"
	     "  local cur prev command flags= args=\n"
	     "  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "  command=${COMP_WORDS[1]}\n"
	     "  if [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("    COMPREPLY=($(compgen -W '", stdout);
	for (size_t i = 0; i < n_option_commands; i++)
		printf("%s%s", i ? " " : "", option_commands[i].name);
	puts("' -- \"$cur\"))\n    return\n  fi\n  case $prev in");
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		printf("  --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n",
		       values[i].flag, values[i].values);
	for (size_t i = 0; i < n_option_flags; i++)
		if (takes_file(&option_flags[i].option))
			printf("  --%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n",
			       option_flags[i].option.name);
	fputs("  --group-by|--by|--fields) COMPREPLY=($(compgen -W '", stdout);
	for (int i = 0; i < F_COUNT; i++)
		printf("%s%s", i ? " " : "", fields[i].attr);
	puts("' -- \"$cur\")); return ;;\n  esac\n  case $command in");
	for (size_t i = 0; i < n_option_commands; i++) {
		const char *args = args_of(option_commands[i].command);

		memset(flags, 0, sizeof(flags));
		options_list_flags(option_commands[i].command, flags);
		printf("  %s) flags='--help", option_commands[i].name);
		for (size_t k = 0; flags[k].name; k++)
			printf(" --%s", flags[k].name);
		printf("' args='%s' ;;\n", args ? args : "");
	}
	puts("  esac\n"
	     "  case $cur in\n"
	     "  -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")) ;;\n"
	     "  *) COMPREPLY=($(compgen -W \"$args\" -- \"$cur\"))\n"
	     "     [ -n \"$args\" ] || COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	     "  esac\n"
	     "}\n"
	     "complete -o default -F _gentap gentap");
}

/* Up to the end of the first sentence, without what quotes would end. */
static void print_doc(const char *doc, const char *strip)
{
	for (; doc && *doc && *doc != '\v' && strncmp(doc, ". ", 2); doc++)
		if (!strchr(strip, *doc) && !(doc[0] == '.' && (!doc[1] || doc[1] == '\v')))
			putchar(*doc);
}

static void print_zsh(void)
{
	struct argp_option flags[OPTIONS_FLAGS_MAX];

	puts("#compdef gentap\n# zsh completion of gentap; made by 'gentap completion zsh'\n"
	     "_gentap() {\n  local -a commands\n  commands=(");
	for (size_t i = 0; i < n_option_commands; i++) {
		printf("    '%s:", option_commands[i].name);
		print_doc(option_commands[i].doc, "':");
		puts("'");
	}
	puts("  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  "
	     "fi\n"
	     "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in");
	for (size_t i = 0; i < n_option_commands; i++) {
		const char *args = args_of(option_commands[i].command);

		memset(flags, 0, sizeof(flags));
		options_list_flags(option_commands[i].command, flags);
		printf("  %s)\n    _arguments '--help[show help]'", option_commands[i].name);
		for (size_t k = 0; flags[k].name; k++) {
			const char *of = values_of(&flags[k]);

			printf(" \\\n      '--%s%s[", flags[k].name, flags[k].arg ? "=" : "");
			print_doc(flags[k].doc, "'[]:");
			putchar(']');
			if (flags[k].arg)
				printf(":%s:%s%s%s", flags[k].arg,
				       of		       ? "("
				       : takes_file(&flags[k]) ? "_files"
							       : " ",
				       of ? of : "", of ? ")" : "");
			putchar('\'');
		}
		if (args)
			printf(" \\\n      '*:what:(%s)'", args);
		else
			fputs(" \\\n      '*:file:_files'", stdout);
		puts("\n    ;;");
	}
	puts("  esac\n}\n_gentap \"$@\"");
}

static void print_fish(void)
{
	struct argp_option flags[OPTIONS_FLAGS_MAX];

	puts("# fish completion of gentap; made by 'gentap completion fish'");
	for (size_t i = 0; i < n_option_commands; i++) {
		const char *name = option_commands[i].name;
		const char *args = args_of(option_commands[i].command);

		printf("complete -c gentap -n __fish_use_subcommand -f -a %s -d '", name);
		print_doc(option_commands[i].doc, "'");
		puts("'");
		memset(flags, 0, sizeof(flags));
		options_list_flags(option_commands[i].command, flags);
		for (size_t k = 0; flags[k].name; k++) {
			const char *of = values_of(&flags[k]);

			printf("complete -c gentap -n '__fish_seen_subcommand_from %s' -l %s", name,
			       flags[k].name);
			if (flags[k].arg)
				fputs(takes_file(&flags[k]) ? " -r -F" : " -x", stdout);
			if (of)
				printf(" -a '%s'", of);
			if (flags[k].doc) {
				fputs(" -d '", stdout);
				print_doc(flags[k].doc, "'");
				putchar('\'');
			}
			putchar('\n');
		}
		if (args)
			printf("complete -c gentap -n '__fish_seen_subcommand_from %s' -f -a "
			       "'%s'\n",
			       name, args);
	}
}

int cmd_completion(const struct options *o)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (!strcmp(o->args[0], shells[i].shell)) {
			shells[i].print();
			return fflush(stdout) ? 1 : 0;
		}
	fprintf(stderr, "gentap: completion: bash, zsh or fish\n");
	return 2;
}
