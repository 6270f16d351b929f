/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of spending, kept in the database: of a period (a day, a week from Monday, a
 * month, in this machine's zone) and of what a condition selects.
 */
#ifndef STORE_BUDGET_H
#define STORE_BUDGET_H

#include "arena.h"
#include "query.h"

enum budget_period { BUDGET_DAY, BUDGET_WEEK, BUDGET_MONTH };
enum budget_level { BUDGET_FINE, BUDGET_WARN, BUDGET_ALERT };

struct budget {
	struct slice name;
	struct slice where; /* absent: everything */
	enum budget_period period;
	int64_t limit_pd;
	double warn, alert; /* parts of the limit */
	struct slice command, webhook;
	int64_t fired_period; /* start of the period in which the level below was told */
	enum budget_level fired_level;
};

struct budget_state {
	int64_t from_ns, to_ns; /* of the period that now is in */
	int64_t spent_pd;
	uint64_t unknown;   /* calls without a price: spent_pd is a lower bound */
	double forecast_pd; /* at its end, spending on as so far; NAN: too early to say */
	enum budget_level level;
};

const char *budget_period_name(enum budget_period p);
int budget_period_find(struct slice name, enum budget_period *ret); /* -EINVAL */
/* The period that `at_ns` is in, and `back` periods before it. */
void budget_range(enum budget_period p, uint64_t at_ns, int back, int64_t *ret_from_ns,
		  int64_t *ret_to_ns);

/* Writes; makes the database when there is none. Same name: replaced. */
int budget_set(const char *path, const struct budget *b);
int budget_delete(const char *path, struct slice name); /* -ENOENT */
int budget_set_fired(const char *path, const struct budget *b);
/* All of them by name, in the arena. */
int budget_list(const char *path, struct arena *arena, struct budget **ret, size_t *ret_n);
/* What was spent. -EINVAL: its condition cannot be read (any more). */
int budget_check(struct query_db *db, const struct budget *b, uint64_t now_ns,
		 struct budget_state *ret);

#endif
