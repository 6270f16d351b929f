/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the tracer and the sinks: says on each span what it cost and, once a run
 * ends, what all of it cost. Cost stands on leaf spans; the sum of a run has a name of
 * its own, so that who sums everything sums once.
 *
 *   gentap.cost.total = .input + .cache_read + .cache_write + .output + .other   USD
 *   gentap.cost.saved         by caching
 *   gentap.cost.source        exact, alias, fallback, provider, none; refused: nothing to pay,
 *                             and no total
 *   gentap.cost.missing       why it is none, when something was used
 *   gentap.cost.computed      list price, where the provider's own figure is the total
 *   gentap.cost.price_date, .tier, .model (as the list names it)
 *   gentap.run.cost, gentap.run.cost.unknown_calls   on invoke_agent
 *
 * Doubles here, picodollars inside: a sum of a run is exact.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "price_book.h"
#include "span.h"

#define ATTR_COST_TOTAL "gentap.cost.total"
#define ATTR_COST_SOURCE "gentap.cost.source"
#define ATTR_COST_MISSING "gentap.cost.missing"
#define ATTR_RUN_ID "gentap.run.id"
#define ATTR_RUN_COST "gentap.run.cost"
#define ATTR_RUN_UNKNOWN "gentap.run.cost.unknown_calls"

struct account_stats {
	uint64_t priced;
	uint64_t unpriced;     /* calls that used something of unknown price */
	uint64_t runs_evicted; /* open runs beyond the ceiling: their sum is lost */
};

struct account;

/* The book is lent until account_free(). 0 or -ENOMEM. */
int account_new(struct account **ret, const struct price_book *prices, size_t runs_max);
void account_free(struct account *a); /* NULL is fine */
void account_span(struct account *a, struct span *s);
const struct account_stats *account_stats(const struct account *a);

#endif
