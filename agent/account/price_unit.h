/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What providers put a price on: tokens by direction, modality and kind, searches,
 * pages, seconds. The vocabulary is that of genai-prices v2 (units and `*_mtok`,
 * `*_kcount` … price keys); this is its table.
 *
 * A unit may contain others: input tokens contain audio input tokens, which contain
 * cached audio input tokens. Counts name the whole of each; a price list names the
 * units that it prices. price_unit_leaves() says how much of each priced unit is left
 * when the more special priced units inside it are taken out, so that every token is
 * paid for exactly once.
 */
#ifndef ACCOUNT_PRICE_UNIT_H
#define ACCOUNT_PRICE_UNIT_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PRICE_UNITS_MAX 96

/* Which line of a cost a unit belongs to. */
enum cost_line {
	COST_INPUT, /* uncached */
	COST_CACHE_READ,
	COST_CACHE_WRITE,
	COST_OUTPUT,
	COST_OTHER, /* searches, requests, pages: neither in nor out */
	COST_LINES,
};

/* Number of a unit in the table; the table's order is no contract. -1: no such unit. */
int price_unit_by_price_key(struct slice key); /* "input_mtok" */
int price_unit_by_usage_key(struct slice key); /* "input_tokens" */
const char *price_unit_usage_key(int unit);
uint64_t price_unit_per(int unit); /* how many the price is for */
enum cost_line price_unit_line(int unit);
/* The same unit without "read from" or "written to the cache": what the tokens would
 * have been otherwise. The unit itself when it is none of these. */
int price_unit_uncached(int unit);

/* How much there was of each unit; absent is not 0. */
struct price_counts {
	bool present[PRICE_UNITS_MAX];
	uint64_t value[PRICE_UNITS_MAX];
};

void price_counts_set(struct price_counts *c, const char *usage_key, int64_t value);

/* Fills ret_leaves[unit] for the priced units. 0, or -ERANGE: the parts are more than
 * their whole, or a whole is missing while a part is there: no price can be right. */
int price_unit_leaves(const bool priced[PRICE_UNITS_MAX], const struct price_counts *counts,
		      uint64_t ret_leaves[PRICE_UNITS_MAX]);

#endif
