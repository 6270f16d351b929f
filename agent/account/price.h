/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call costs at list price, in picodollars, and where that figure comes from.
 * Sums of picodollars do not depend on their order.
 *
 * The model is priced by what answered, then by what was asked for; the tier likewise;
 * time conditions by the call's start in UTC. A figure that would need a guess is not
 * given: the cost is then unknown, with the reason, and never 0.
 */
#ifndef ACCOUNT_PRICE_H
#define ACCOUNT_PRICE_H

#include "price_table.h"

enum cost_source {
	COST_NONE,     /* not known; see missing */
	COST_EXACT,    /* the provider's own list names the model */
	COST_ALIAS,    /* it has a pattern, or a name without date or region, that fits */
	COST_FALLBACK, /* provider, list or tier are the likely ones */
	COST_PROVIDER, /* the response said what it cost */
};
const char *cost_source_name(enum cost_source s);

struct cost {
	enum cost_source source;
	const char *missing; /* static: why source is NONE; NULL: nothing to pay for was seen */
	int64_t total;
	bool lines_known; /* false: only the total is */
	int64_t line[COST_LINES];
	int64_t saved;	   /* by caching: what it would have cost without, less what it cost */
	struct slice tier; /* static or the call's */
	/* Lent by the table. */
	struct slice price_date;
	struct slice model;
	struct slice provider;
};

/* What to look up. Strings need not be lower case; absent ones are not known. */
struct price_query {
	struct slice provider; /* gen_ai.provider.name, or a list's own id */
	bool provider_guessed; /* nothing but the API's shape told */
	struct slice host;     /* of the request; with `path`, for lists that match URLs */
	struct slice path;
	struct slice model;
	struct slice tier;
	int64_t unix_s;
};

struct price_hit {
	enum cost_source source;
	const struct price_table *table;
	const struct price_provider *provider;
	const struct price_model *model;
};

/* Finds the model's prices in one list. false: not there. */
bool price_find(const struct price_table *t, const struct price_query *q, struct price_hit *ret);
/* What these counts cost. Sets lines, total, saved, tier and source; or source NONE and
 * missing. */
void price_compute(const struct price_hit *hit, const struct price_query *q,
		   const struct price_counts *counts, struct cost *ret);

struct call;
/* Both, for a call, over several lists: the first that has the model counts. */
void price_call(const struct price_table *const *tables, size_t n_tables, const struct call *c,
		struct cost *ret);

#endif
