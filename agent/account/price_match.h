/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a price list says which names it means, after genai-prices v2: equals,
 * starts_with, ends_with, contains, regex, and, or. Case does not count, but in
 * regular expressions it does.
 */
#ifndef ACCOUNT_PRICE_MATCH_H
#define ACCOUNT_PRICE_MATCH_H

#include "arena.h"
#include "json.h"
#include "pattern.h"

enum price_match_kind {
	PRICE_MATCH_NONE, /* matches nothing */
	PRICE_MATCH_EQUALS,
	PRICE_MATCH_STARTS,
	PRICE_MATCH_ENDS,
	PRICE_MATCH_CONTAINS,
	PRICE_MATCH_REGEX,
	PRICE_MATCH_OR,
	PRICE_MATCH_AND,
};

struct price_match {
	enum price_match_kind kind;
	struct slice text;	   /* lower case */
	struct pattern *regex;	   /* price_match_release() frees it */
	struct price_match *items; /* of OR and AND */
	size_t n_items;
};

/* Reads one; strings go to the arena. 0; -EBADMSG: no matcher, or a bad regular
 * expression; -ENOMEM. What was read must be released also after an error. */
int price_match_read(struct price_match *m, struct arena *a, struct json_val v);
/* A single one, not from JSON. */
int price_match_regex(struct price_match *m, struct slice pattern);
void price_match_release(struct price_match *m);
/* `name` is lower case. *ret_exact, if not NULL, is set when the name as a whole is
 * named by an `equals`. */
bool price_match(const struct price_match *m, struct slice name, bool *ret_exact);

#endif
