/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service tier does to the list price, where the price list has only the
 * standard one: a small reviewed table, from the providers' pricing pages as LiteLLM's
 * list mirrors them (2026-11).
 */
#ifndef ACCOUNT_PRICE_TIER_H
#define ACCOUNT_PRICE_TIER_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct price_factor {
	uint32_t num, den;
};

/* The tier under one name for all providers: standard, batch, flex, priority, fast; another
 * as it is. An absent one, "auto" and "default" are standard. */
struct slice price_tier_name(struct slice tier);
/* false: nobody knows what this tier costs there; *ret is then 1. `provider` as the
 * price list names it, `model` in lower case. */
bool price_tier_factor(struct slice tier, struct slice provider, struct slice model,
		       struct price_factor *ret);
/* Multiplies by what the region that the request's host names costs more. */
void price_region_factor(struct slice host, struct slice provider, struct slice model,
			 struct price_factor *f);

#endif
