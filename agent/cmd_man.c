/* SPDX-License-Identifier: Apache-2.0 */
/* man: manual pages out of the tables of commands and flags, in man(7). */
#include "cleanup.h"
#include "commands.h"
#include "options_tables.h"

#include <ctype.h>

/* Text in which the formatter must not find its own marks. */
static void print_text(const char *s, const char *end)
{
	bool line_start = true;

	for (; *s && s != end; s++) {
		if (line_start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
		line_start = *s == '\n';
	}
}

static void print_head(const char *name, const char *doc)
{
	char title[64];

	snprintf(title, sizeof(title), "%s%s", *name ? "gentap-" : "gentap", name);
	fputs(".TH ", stdout);
	for (const char *p = title; *p; p++)
		putchar(toupper((unsigned char)*p));
	printf(" 1 \"\" \"gentap %s\" \"User Commands\"\n.SH NAME\n", GENTAP_VERSION);
	print_text(title, NULL);
	fputs(" \\- ", stdout);
	print_text(doc, doc + strcspn(doc, ".\v"));
	putchar('\n');
}

static void print_flag(const struct argp_option *o)
{
	fputs(".TP\n", stdout);
	if (o->key > 0 && o->key < 0x7f && isalpha(o->key))
		printf("\\fB\\-%c\\fR, ", o->key);
	fputs("\\fB\\-\\-", stdout);
	print_text(o->name, NULL);
	fputs("\\fR", stdout);
	if (o->arg) {
		fputs(" \\fI", stdout);
		print_text(o->arg, NULL);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	if (o->doc)
		print_text(o->doc, NULL);
	else
		fputs("The same as the one before.", stdout);
	putchar('\n');
}

static void print_command(const struct option_command *c)
{
	struct argp_option flags[OPTIONS_FLAGS_MAX] = { 0 };
	const char *more = strchr(c->doc, '\v');

	options_list_flags(c->command, flags);
	print_head(c->name, c->doc);
	fputs(".SH SYNOPSIS\n\\fBgentap ", stdout);
	print_text(c->name, NULL);
	fputs(flags[0].name ? "\\fR [\\fIOPTION\\fR...] " : "\\fR ", stdout);
	print_text(c->args, NULL);
	fputs("\n.SH DESCRIPTION\n", stdout);
	print_text(c->doc, more);
	fputs("\n.SH OPTIONS\n", stdout);
	for (size_t i = 0; flags[i].name; i++)
		print_flag(&flags[i]);
	print_flag(&(struct argp_option){ "help", '?', NULL, 0, "give this help list", 0 });
	if (more) {
		fputs(".SH EXAMPLES\n.nf\n", stdout);
		more++;
		print_text(strncmp(more, "Examples:\n", 10) && strncmp(more, "Example:\n", 9)
				   ? more
				   : strchr(more, '\n') + 1,
			   NULL);
		fputs(".fi\n", stdout);
	}
	fputs(".SH EXIT STATUS\n0: fine; 1: failed; 2: the command line is wrong; 3: degraded, or "
	      "a "
	      "budget is exceeded.\n.SH SEE ALSO\n.BR gentap (1)\n",
	      stdout);
}

static void print_overview(void)
{
	print_head("", "watches AI agents from the kernel");
	fputs(".SH SYNOPSIS\n\\fBgentap\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n"
	      "LLM calls of every process, as OpenTelemetry spans, without an SDK, a proxy or a\n"
	      "certificate. Each command has a page of its own: \\fBgentap\\-COMMAND\\fR(1).\n"
	      ".SH COMMANDS\n",
	      stdout);
	for (size_t i = 0; i < n_option_commands; i++) {
		const char *doc = option_commands[i].doc;

		fputs(".TP\n\\fB", stdout);
		print_text(option_commands[i].name, NULL);
		fputs("\\fR\n", stdout);
		print_text(doc, strchr(doc, '\v'));
		putchar('\n');
	}
	fputs(".SH FILES\n.TP\n/var/lib/gentap/gentap.db\nThe database of an agent that runs as "
	      "root; \\fI~/.local/state/gentap/gentap.db\\fR for others.\n",
	      stdout);
}

int cmd_man(const struct options *o)
{
	if (!o->n_args) {
		print_overview();
		return fflush(stdout) ? 1 : 0;
	}
	for (size_t i = 0; i < n_option_commands; i++)
		if (!strcmp(o->args[0], option_commands[i].name)) {
			print_command(&option_commands[i]);
			return fflush(stdout) ? 1 : 0;
		}
	fprintf(stderr, "gentap: man: no command '%s'\n", o->args[0]);
	return 2;
}
