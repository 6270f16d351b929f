/* SPDX-License-Identifier: Apache-2.0 */
/* prices: which lists are in force, and what a model costs by them. */
#include "billing.h"
#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "price.h"

#include <inttypes.h>
#include <time.h>

static void print_list(const char *what, const char *path, const struct price_table *t)
{
	struct slice version = t && t->version.data ? t->version : SLICE("-");

	if (t)
		printf("%-10s %5zu models of %2zu providers  version %-8.*s  %.*s  %s\n", what,
		       t->n_models, t->n_providers, SLICE_FMT(version), SLICE_FMT(t->date), path);
}

/* Dollars for price_unit_per() units, without the zeros that say nothing. */
static void print_usd(int64_t pd)
{
	char text[48];
	int len = snprintf(text, sizeof(text), "%" PRId64 ".%012" PRId64, pd / 1000000000000,
			   pd % 1000000000000);

	while (text[len - 1] == '0' && text[len - 3] != '.')
		len--;
	printf("$%.*s", len, text);
}

static void print_rate(const struct price_rate *r)
{
	uint64_t per = price_unit_per(r->unit);

	printf("  %-28s ", price_unit_usage_key(r->unit));
	print_usd(r->pd);
	if (per == 1000000)
		printf(" / M");
	else
		printf(" / %" PRIu64, per);
	for (size_t i = 0; i < r->n_steps; i++) {
		printf(", over %" PRIu64 " input tokens ", r->steps[i].start);
		print_usd(r->steps[i].pd);
	}
	putchar('\n');
}

static void print_set(const struct price_set *s)
{
	char date[32] = "";
	time_t from = (time_t)s->from_s;
	struct tm tm;

	if (s->tier.data)
		printf(" tier %.*s\n", SLICE_FMT(s->tier));
	if (s->when == PRICE_FROM_DATE && gmtime_r(&from, &tm)) {
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
		printf(" from %s\n", date);
	} else if (s->when == PRICE_TIME_OF_DAY) {
		printf(" daily %02u:%02u to %02u:%02u UTC\n", s->day_from / 3600,
		       s->day_from / 60 % 60, s->day_to / 3600, s->day_to / 60 % 60);
	}
	for (size_t i = 0; i < s->n_rates; i++)
		print_rate(&s->rates[i]);
}

/* "provider:model", or a model alone. */
static int print_model(const struct price_book *b, const char *name)
{
	struct slice model = slice_from(name), provider = SLICE_NONE;
	struct price_query q = { 0 };
	struct price_hit hit;

	if (slice_find_char(model, ':') > 0) {
		struct slice rest = model;

		provider = slice_cut(&rest, ':');
		q = (struct price_query){ .provider = provider, .model = rest };
		for (size_t i = 0; i < b->count; i++)
			if (price_find(b->order[i], &q, &hit))
				goto found;
	}
	q = (struct price_query){ .model = model };
	for (size_t i = 0; i < b->count; i++)
		if (price_find(b->order[i], &q, &hit))
			goto found;
	fprintf(stderr, "gentap: no price for '%s'; try PROVIDER:MODEL, as in openai:gpt-5\n",
		name);
	return 1;
found:
	printf("%.*s of %.*s, list of %.*s (%s)\n", SLICE_FMT(hit.model->id),
	       SLICE_FMT(hit.provider->id), SLICE_FMT(hit.table->date),
	       cost_source_name(hit.source));
	for (size_t i = 0; i < hit.model->n_sets; i++)
		print_set(&hit.model->sets[i]);
	return 0;
}

int cmd_prices(const struct options *o)
{
	struct price_book book;
	int status = 0;

	if (billing_open_book(&book, o))
		return 1;
	if (!o->n_args) {
		print_list("yours", book.user.path, book.user.table);
		print_list("dropped in", book.dropped.path, book.dropped.table);
		print_list("built in", "@pydantic/genai-prices", book.builtin);
	}
	for (int i = 0; i < o->n_args; i++)
		status |= print_model(&book, o->args[i]);
	price_book_release(&book);
	return status;
}
