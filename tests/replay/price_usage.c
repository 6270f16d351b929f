/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prices counts with the built-in list. A line in:
 *   PROVIDER \t MODEL \t UNIX_SECONDS \t TIER \t usage_key=count,…
 * a line out:
 *   SOURCE \t INPUT \t OUTPUT \t TOTAL \t SAVED    (picodollars; input with its cache), or
 *   none \t why
 */
#include "cleanup.h"
#include "price.h"
#include "price_builtin.h"

#include <inttypes.h>
#include <string.h>

static void read_counts(struct slice text, struct price_counts *ret)
{
	while (text.data && text.len) {
		struct slice item = slice_cut(&text, ',');
		struct slice key = slice_cut(&item, '=');
		int unit = price_unit_by_usage_key(key);
		uint64_t v;

		if (unit < 0 || slice_u64(item, &v)) {
			fprintf(stderr, "no unit: %.*s\n", SLICE_FMT(key));
			continue;
		}
		price_counts_set(ret, price_unit_usage_key(unit), (int64_t)v);
	}
}

static void answer(const struct price_table *t, struct slice line)
{
	struct price_query q = { .provider = slice_cut(&line, '\t') };
	struct price_counts counts = { 0 };
	struct price_hit hit;
	struct cost c;
	uint64_t unix_s = 0;

	q.model = slice_cut(&line, '\t');
	slice_u64(slice_cut(&line, '\t'), &unix_s);
	q.unix_s = (int64_t)unix_s;
	q.tier = slice_cut(&line, '\t');
	read_counts(line, &counts);
	price_counts_set(&counts, "requests", 1);
	if (!price_find(t, &q, &hit)) {
		printf("none\tno price for this model\n");
		return;
	}
	price_compute(&hit, &q, &counts, &c);
	if (c.source == COST_NONE)
		printf("none\t%s\n", c.missing);
	else
		printf("%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
		       cost_source_name(c.source),
		       c.line[COST_INPUT] + c.line[COST_CACHE_READ] + c.line[COST_CACHE_WRITE],
		       c.line[COST_OUTPUT], c.total, c.saved);
}

int main(void)
{
	struct price_table *t = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (price_table_new(&t, price_builtin(), SLICE_NONE))
		return 1;
	fprintf(stderr, "models %zu skipped %zu\n", t->n_models, t->skipped);
	while ((n = getline(&line, &size, stdin)) > 0)
		answer(t, slice_trim((struct slice){ line, (size_t)n }));
	free(line);
	price_table_free(t);
	return 0;
}
