/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "call.h"
#include "cleanup.h"
#include "price.h"
#include "table.h"

#include <errno.h>
#include <string.h>

#define PICODOLLARS 1e12

struct run_sum {
	uint8_t id[8];
	int64_t pd;
	uint64_t unknown;
	bool known; /* at least one call had a price */
};

struct account {
	const struct price_book *prices;
	struct table runs; /* of struct run_sum, by span id of the run */
	struct account_stats stats;
};

int account_new(struct account **ret, const struct price_book *prices, size_t runs_max)
{
	struct account *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->prices = prices;
	table_init(&a->runs, runs_max);
	*ret = a;
	return 0;
}

void account_free(struct account *a)
{
	if (!a)
		return;
	table_release(&a->runs, free);
	free(a);
}

const struct account_stats *account_stats(const struct account *a)
{
	return &a->stats;
}

static void set_usd(struct span *s, const char *key, int64_t pd)
{
	span_set_double(s, key, (double)pd / PICODOLLARS);
}

static void set_cost(struct span *s, const struct cost *c)
{
	static const char *const lines[] = {
		[COST_INPUT] = "gentap.cost.input",
		[COST_CACHE_READ] = "gentap.cost.cache_read",
		[COST_CACHE_WRITE] = "gentap.cost.cache_write",
		[COST_OUTPUT] = "gentap.cost.output",
		[COST_OTHER] = "gentap.cost.other",
	};
	int64_t computed = 0;

	/* None is missing: nothing is billed for what was refused. No figure, which would be one
	 * of its model's price. */
	if (c->source == COST_NONE && !c->missing && s->call->status >= 400) {
		span_set_str(s, ATTR_COST_SOURCE, SLICE("refused"));
		return;
	}
	span_set_str(s, ATTR_COST_SOURCE, slice_from(cost_source_name(c->source)));
	span_set_str(s, ATTR_COST_MISSING, slice_from(c->missing));
	if (c->source == COST_NONE)
		return;
	set_usd(s, ATTR_COST_TOTAL, c->total);
	if (!c->lines_known)
		return;
	for (size_t i = 0; i < COST_LINES; i++) {
		set_usd(s, lines[i], c->line[i]);
		computed += c->line[i];
	}
	set_usd(s, "gentap.cost.saved", c->saved);
	if (c->source == COST_PROVIDER)
		set_usd(s, "gentap.cost.computed", computed);
	span_set_str(s, "gentap.cost.price_date", c->price_date);
	span_set_str(s, "gentap.cost.tier", c->tier);
	span_set_str(s, "gentap.cost.model", c->model);
}

/* The run's sum, begun when this is its first call; NULL without memory. */
static struct run_sum *sum_of(struct account *a, const uint8_t id[8])
{
	struct run_sum *sum = table_get(&a->runs, id, 8);

	if (sum) {
		table_touch(&a->runs, id, 8);
		return sum;
	}
	sum = calloc(1, sizeof(*sum));
	if (!sum)
		return NULL;
	memcpy(sum->id, id, 8);
	if (a->runs.count >= a->runs.max) {
		free(table_take_oldest(&a->runs));
		a->stats.runs_evicted++;
	}
	if (table_add(&a->runs, id, 8, sum)) {
		free(sum);
		return NULL;
	}
	return sum;
}

static bool hex_id(const struct attr *a, uint8_t ret[8])
{
	static const char digits[] = "0123456789abcdef";

	if (!a || a->type != ATTR_STRING || a->string.len != 16)
		return false;
	for (size_t i = 0; i < 16; i++) {
		const char *d = memchr(digits, a->string.data[i], 16);

		if (!d)
			return false;
		ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | (d - digits));
	}
	return true;
}

static void price_leaf(struct account *a, struct span *s)
{
	struct run_sum *sum;
	struct cost c;
	uint8_t run[8];

	price_call(a->prices->order, a->prices->count, s->call, &c);
	set_cost(s, &c);
	a->stats.priced += c.source != COST_NONE;
	a->stats.unpriced += c.missing != NULL;
	if (!hex_id(span_attr(s, ATTR_RUN_ID), run))
		return;
	sum = sum_of(a, run);
	if (!sum)
		return;
	sum->unknown += c.missing != NULL;
	if (c.source != COST_NONE && !__builtin_add_overflow(sum->pd, c.total, &sum->pd))
		sum->known = true;
}

static void end_run(struct account *a, struct span *s)
{
	_cleanup_free_ struct run_sum *sum = table_take(&a->runs, s->span_id, 8);

	if (!sum)
		return;
	if (sum->known)
		set_usd(s, ATTR_RUN_COST, sum->pd);
	if (sum->unknown)
		span_set_int(s, ATTR_RUN_UNKNOWN, (int64_t)sum->unknown);
}

void account_span(struct account *a, struct span *s)
{
	if (s->call)
		price_leaf(a, s);
	else
		end_run(a, s);
}
