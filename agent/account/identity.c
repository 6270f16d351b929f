/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "cleanup.h"
#include "clues.h"
#include "identity_rule.h"
#include "semconv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define ATTR_SOURCES "gentap.identity.sources"
#define SOURCES_MAX 32

struct name_list {
	const char **items; /* NULL-terminated when not NULL */
	size_t count;
};

struct identity {
	struct rule *rules[IDENTITY_RULES_MAX];
	size_t count;
	struct name_list headers, members, variables;
	char error[256];
};

static const struct identity_rule builtin[] = {
	{ .set = "user.id", .from = "header:x-user-id" },
	/* Claude Code's is a hash of its own, which names nobody. */
	{ .set = "user.id",
	  .from = "user",
	  .match = "^(?!user_[0-9a-f]{64}_account_).+",
	  .value = "$0" },
	{ .set = "user.id", .from = "env:GENTAP_USER" },
	{ .set = "user.id", .from = "owner" },
	{ .set = "gentap.user.tier", .from = "header:x-user-tier" },
	{ .set = "gentap.user.tier", .from = "body:metadata.user_tier" },
	{ .set = "gentap.user.tier", .from = "env:GENTAP_USER_TIER" },
	{ .set = "gentap.team", .from = "header:x-team" },
	{ .set = "gentap.team", .from = "body:metadata.team" },
	{ .set = "gentap.team", .from = "env:GENTAP_TEAM" },
	{ .set = "gentap.feature", .from = "header:x-feature" },
	{ .set = "gentap.feature", .from = "body:metadata.feature" },
	{ .set = "gentap.feature", .from = "env:GENTAP_FEATURE" },
	{ .set = "vcs.repository.name", .from = "fact:vcs.repository.name" },
	{ .set = "vcs.repository.url.full", .from = "fact:vcs.repository.url.full" },
	{ .set = "vcs.ref.head.name", .from = "fact:vcs.ref.head.name" },
	{ .set = "k8s.namespace.name", .from = "fact:k8s.namespace.name" },
	{ .set = "k8s.pod.name", .from = "fact:k8s.pod.name" },
	{ .set = "container.name", .from = "fact:container.name" },
	{ .set = "gentap.systemd.unit", .from = "fact:gentap.systemd.unit" },
};

int identity_new(struct identity **ret)
{
	struct identity *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	*ret = i;
	return 0;
}

void identity_free(struct identity *i)
{
	if (!i)
		return;
	for (size_t k = 0; k < i->count; k++)
		rule_free(i->rules[k]);
	free(i->headers.items);
	free(i->members.items);
	free(i->variables.items);
	free(i);
}

/* The rule lends the name. */
static int list_add(struct name_list *l, const char *name)
{
	const char **grown;

	for (size_t k = 0; k < l->count; k++)
		if (!strcmp(l->items[k], name))
			return 0;
	grown = realloc(l->items, (l->count + 2) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->items = grown;
	grown[l->count++] = name;
	grown[l->count] = NULL;
	return 0;
}

static int list_for(struct identity *i, const struct rule *r)
{
	switch (r->from) {
	case FROM_HEADER:
		return list_add(&i->headers, r->arg);
	case FROM_BODY:
		return list_add(&i->members, r->arg);
	case FROM_ENV:
		return list_add(&i->variables, r->arg);
	default:
		return 0;
	}
}

int identity_add(struct identity *i, const struct identity_rule *rule, const char **ret_error)
{
	struct rule *r = NULL;
	int error;

	if (i->count == IDENTITY_RULES_MAX)
		return -ENOSPC;
	error = rule_new(&r, rule, i->error, sizeof(i->error));
	if (!error)
		error = list_for(i, r);
	if (error) {
		rule_free(r);
		*ret_error = i->error;
		return error;
	}
	i->rules[i->count++] = r;
	return 0;
}

int identity_add_builtin(struct identity *i)
{
	const char *error;
	int r = 0;

	for (size_t k = 0; !r && k < ARRAY_LEN(builtin); k++)
		r = identity_add(i, &builtin[k], &error);
	return r;
}

const char *const *identity_headers(const struct identity *i)
{
	return i->headers.items;
}

const char *const *identity_members(const struct identity *i)
{
	return i->members.items;
}

const char *const *identity_variables(const struct identity *i)
{
	return i->variables.items;
}

static bool set_already(const struct rule *const *done, size_t n, const char *attribute)
{
	for (size_t k = 0; k < n; k++)
		if (!strcmp(done[k]->set, attribute))
			return true;
	return false;
}

void identity_span(const struct identity *i, struct span *s)
{
	const struct rule *done[SOURCES_MAX];
	struct slice sources[SOURCES_MAX];
	char texts[SOURCES_MAX][192];
	size_t n = 0;

	for (size_t k = 0; k < i->count && n < SOURCES_MAX; k++) {
		const struct rule *r = i->rules[k];
		char value[IDENTITY_VALUE_MAX];
		struct slice got;

		if (set_already(done, n, r->set) || !rule_apply(r, s, value, sizeof(value), &got))
			continue;
		span_set_str(s, r->set, got);
		snprintf(texts[n], sizeof(texts[n]), "%s=%s", r->set, r->origin);
		sources[n] = slice_from(texts[n]);
		done[n++] = r;
	}
	if (n)
		span_set_strs(s, ATTR_SOURCES, sources, n);
}
