/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A price list in memory, read from JSON in one of two shapes:
 *
 *   genai-prices v2   an array of providers, or {"version", "price_date", "providers"}
 *   LiteLLM           model_prices_and_context_window.json: an object of models
 *
 * Prices are kept in picodollars (1e-12 USD) for the number of units that they are
 * quoted for, exactly as written; nothing is rounded before a cost is known. What it
 * lends lives as long as the table. Immutable once read.
 */
#ifndef ACCOUNT_PRICE_TABLE_H
#define ACCOUNT_PRICE_TABLE_H

#include "price_match.h"
#include "price_unit.h"

#define PRICE_TABLE_BYTES_MAX (64 * 1024 * 1024)

/* From more than `start` input tokens on, every unit of the request has this price. */
struct price_step {
	uint64_t start;
	int64_t pd;
};

struct price_rate {
	int unit;
	int64_t pd;		  /* for price_unit_per(unit) of them */
	struct price_step *steps; /* ascending */
	size_t n_steps;
};

enum price_when { PRICE_ALWAYS, PRICE_FROM_DATE, PRICE_TIME_OF_DAY };

struct price_set {
	struct slice tier; /* batch, flex, priority: LiteLLM lists them; absent: standard */
	enum price_when when;
	int64_t from_s;		   /* FROM_DATE: Unix time */
	uint32_t day_from, day_to; /* TIME_OF_DAY: seconds of the UTC day, may wrap */
	struct price_rate *rates;
	size_t n_rates;
};

struct price_model {
	struct slice id;
	struct price_match match;
	struct price_set *sets; /* the last whose condition holds is in force */
	size_t n_sets;
	int64_t context_window; /* tokens; 0: not known */
};

struct price_provider {
	struct slice id;
	struct slice name;
	struct price_match api_pattern; /* of the request's URL */
	struct price_match provider_match;
	struct price_match model_match;
	struct slice *fallbacks; /* ids of providers whose models it sells too */
	size_t n_fallbacks;
	struct price_model *models;
	size_t n_models;
};

struct price_table {
	struct arena arena;
	struct slice version; /* absent: not said */
	struct slice date;    /* YYYY-MM-DD of the prices; absent: not said */
	struct price_provider *providers;
	size_t n_providers;
	size_t n_models;
	size_t skipped; /* models, or prices of one, that could not be understood */
};

/* 0; -EBADMSG: no price list; -ENOMEM. `date`: used when the list has none. */
int price_table_new(struct price_table **ret, struct slice json, struct slice date);
void price_table_free(struct price_table *t); /* NULL is fine */

/* A decimal number ("0.075", "2e-7") times 10^scale as an integer. 0; -EINVAL; -ERANGE. Digits
 * beyond the scale are rounded half up. */
int price_decimal(struct slice text, int scale, int64_t *ret);

/* "YYYY-MM-DD" as Unix time. 0 or -EINVAL. */
int price_date(struct slice text, int64_t *ret_s);

/* For the readers of the two shapes. */
int price_table_read_litellm(struct price_table *t, struct json_val root);
struct price_provider *price_table_provider(struct price_table *t, struct slice id);
int price_table_str(struct price_table *t, struct json_val v, struct slice *ret);
/* A JSON number (or string with one) of USD times 10^shift, as picodollars. */
int price_table_pd(struct json_val v, int shift, int64_t *ret);

#endif
