/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One compiled rule of identity.h.
 */
#ifndef ACCOUNT_IDENTITY_RULE_H
#define ACCOUNT_IDENTITY_RULE_H

#include "identity.h"

enum rule_from {
	FROM_HEADER,
	FROM_BODY,
	FROM_USER,
	FROM_KEY,
	FROM_ENV,
	FROM_FACT,
	FROM_OWNER,
	FROM_UID,
	FROM_COMM,
	FROM_EXE,
	FROM_CWD,
	FROM_ATTRIBUTE,
	FROM_VALUE,
};

struct rule {
	char *set;
	char *origin; /* `from` as configured */
	enum rule_from from;
	const char *arg; /* of from, in origin; "" when it has none */
	void *match;	 /* compiled, or NULL */
	char *value;	 /* or NULL */
	char **map;	 /* key, value, …, NULL; or NULL */
	char **when;	 /* name=pattern, …, NULL; or NULL */
};

/* 0; -EINVAL with a sentence in `error`; -ENOMEM. */
int rule_new(struct rule **ret, const struct identity_rule *from, char *error, size_t size);
void rule_free(struct rule *r); /* NULL is fine */
/* false: the rule yields nothing here. *ret is in `buffer`, in the span or in the rule. */
bool rule_apply(const struct rule *r, const struct span *s, char *buffer, size_t size,
		struct slice *ret);

#endif
