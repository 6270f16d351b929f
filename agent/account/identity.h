/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a span is for: user, tier, team, feature, repository …, by rules. For each
 * attribute the rules that set it are tried in order, and the first that yields a value
 * wins. The user's rules come before the built-in ones. Every value keeps its origin, in
 * gentap.identity.sources: "user.id=header:x-user".
 *
 * A rule's `from` is one of
 *
 *   header:NAME   field of the request        body:PATH   member of its body, dotted
 *   user          what the API calls the user (user, safety_identifier, metadata.user_id)
 *   key           fingerprint of the API key (16 hex digits, salted)
 *   env:NAME      of the process              fact:NAME   repository, unit, container, pod
 *   owner, uid, comm, exe, cwd                of the process
 *   attribute:KEY what stands on the span already
 *   value         nothing: the rule's `value` as it is
 *
 * `match` is a regular expression that the value must match, and `value` what to make of
 * it ($0 the match, $1 … its groups); `map` looks the outcome up, and yields nothing for
 * what it does not list ("*" lists the rest); `when` are conditions, all of which must
 * hold: "comm=python*", with shell patterns on comm, exe, owner, uid, provider, model,
 * host, service.
 */
#ifndef ACCOUNT_IDENTITY_H
#define ACCOUNT_IDENTITY_H

#include "span.h"

#define IDENTITY_RULES_MAX 256
#define IDENTITY_VALUE_MAX 1024

/* As configured; strings are copied. */
struct identity_rule {
	const char *set; /* the attribute */
	const char *from;
	const char *match;	 /* NULL: any */
	const char *value;	 /* NULL: as it is, or with match its first group or all of it */
	const char *const *map;	 /* key, value, …, NULL; or NULL */
	const char *const *when; /* "name=pattern", …, NULL; or NULL */
};

struct identity;

int identity_new(struct identity **ret);
void identity_free(struct identity *i); /* NULL is fine */
/* 0; -EINVAL with one sentence in *ret_error (static or owned until the next call);
 * -ENOSPC; -ENOMEM. */
int identity_add(struct identity *i, const struct identity_rule *rule, const char **ret_error);
/* After the last rule: the built-in ones, tried last. */
int identity_add_builtin(struct identity *i);

/* What the rules ask for, for clues.h and sys/workload.h: NULL-terminated, lent. */
const char *const *identity_headers(const struct identity *i);
const char *const *identity_members(const struct identity *i);
const char *const *identity_variables(const struct identity *i);

/* Sets what the rules yield. */
void identity_span(const struct identity *i, struct span *s);

#endif
