/* SPDX-License-Identifier: Apache-2.0 */
/* config: whether the configuration is right, and what is in force and why. */
#include "cleanup.h"
#include "commands.h"
#include "options_tables.h"
#include "settings.h"

#include <string.h>

static void print_item(const struct setting *item, bool origin)
{
	_cleanup_(buf_cleanup) struct buf value = BUF_INIT(SETTINGS_BYTES_MAX);

	if (setting_show(&value, item->name, item->value))
		buf_reset(&value, 0);
	printf("%s: %.*s", item->name, SLICE_FMT(buf_slice(&value)));
	if (origin)
		printf("  # %s", item->origin);
	putchar('\n');
}

static void print_rule(const struct setting_rule *r, bool origin)
{
	printf("  - {set: %s, from: '%s'", r->rule.set, r->rule.from);
	if (r->rule.match)
		printf(", match: '%s'", r->rule.match);
	if (r->rule.value)
		printf(", value: '%s'", r->rule.value);
	printf("}");
	if (origin)
		printf("  # %s", r->origin);
	putchar('\n');
}

static int show(const struct options *o)
{
	const struct settings *s = o->settings;

	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].layer == settings_layer(s, s->items[i].name))
			print_item(&s->items[i], o->show_origin);
	if (s->n_rules)
		puts("identity:");
	/* As they are tried: those of the last layer first. */
	for (unsigned int layer = s->layers; layer > 0; layer--)
		for (size_t i = 0; i < s->n_rules; i++)
			if (s->rules[i].layer == layer)
				print_rule(&s->rules[i], o->show_origin);
	if (!s->count && !s->n_rules)
		printf("# nothing is configured: everything is as built in (%s/config.yaml would "
		       "say)\n",
		       SETTINGS_DIR);
	return 0;
}

/* The files in force were read on the way here, and would have ended it. */
static int check(const struct options *o)
{
	int status = 0;

	if (o->n_args < 2) {
		printf("fine: %zu settings, %zu identity rules\n", o->settings->count,
		       o->settings->n_rules);
		return 0;
	}
	for (int i = 1; i < o->n_args; i++) {
		struct settings s;
		struct options one = { .command = CMD_RUN,
				       .config_file = o->args[i],
				       .settings = &s };

		settings_init(&s);
		if (options_check(&one))
			status = 1;
		else
			printf("%s: fine: %zu settings, %zu identity rules\n", o->args[i], s.count,
			       s.n_rules);
		settings_release(&s);
	}
	return status;
}

int cmd_config(const struct options *o)
{
	const char *what = o->n_args ? o->args[0] : "";

	if (!strcmp(what, "check"))
		return check(o);
	if (!strcmp(what, "show") && o->n_args == 1)
		return show(o);
	fprintf(stderr, "gentap: config check [FILE...], or config show [--origin]\n");
	return 2;
}
