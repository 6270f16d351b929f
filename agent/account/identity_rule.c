/* SPDX-License-Identifier: Apache-2.0 */
#include "identity_rule.h"

#include "cleanup.h"
#include "clues.h"
#include "semconv.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define REGEX_STEPS_MAX 10000 /* rules run on what strangers send */
#define GROUPS_MAX 10

static const struct {
	const char *name;
	enum rule_from from;
	bool arg;
} froms[] = {
	{ "header", FROM_HEADER, true }, { "body", FROM_BODY, true },
	{ "user", FROM_USER, false },	 { "key", FROM_KEY, false },
	{ "env", FROM_ENV, true },	 { "fact", FROM_FACT, true },
	{ "owner", FROM_OWNER, false },	 { "uid", FROM_UID, false },
	{ "comm", FROM_COMM, false },	 { "exe", FROM_EXE, false },
	{ "cwd", FROM_CWD, false },	 { "attribute", FROM_ATTRIBUTE, true },
	{ "value", FROM_VALUE, false },
};

static const char *const conditions[] = { "comm",     "exe",   "owner", "uid",
					  "provider", "model", "host",	"service" };

static void free_list(char **list)
{
	for (char **i = list; i && *i; i++)
		free(*i);
	free(list);
}

void rule_free(struct rule *r)
{
	if (!r)
		return;
	free(r->set);
	free(r->origin);
	free(r->value);
	free_list(r->map);
	free_list(r->when);
	pcre2_code_free(r->match);
	free(r);
}

static int copy_list(char ***ret, const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	if (!n)
		return 0;
	*ret = calloc(n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < n; i++) {
		(*ret)[i] = strdup(list[i]);
		if (!(*ret)[i])
			return -ENOMEM;
	}
	return *ret ? 0 : -ENOMEM;
}

static int parse_from(struct rule *r, char *error, size_t size)
{
	size_t len = strcspn(r->origin, ":");

	r->arg = r->origin[len] ? r->origin + len + 1 : "";
	for (size_t i = 0; i < ARRAY_LEN(froms); i++) {
		if (strlen(froms[i].name) != len || strncmp(froms[i].name, r->origin, len) != 0)
			continue;
		r->from = froms[i].from;
		if (froms[i].arg != (*r->arg != 0)) {
			snprintf(error, size,
				 froms[i].arg ? "'%s' needs a name: %s:NAME"
					      : "'%s' takes no name: %s",
				 r->origin, froms[i].name);
			return -EINVAL;
		}
		if ((r->from == FROM_HEADER && !clue_header_allowed(slice_from(r->arg))) ||
		    (r->from == FROM_BODY && !clue_member_allowed(slice_from(r->arg)))) {
			snprintf(error, size, "'%s' may hold a secret; 'key' is its fingerprint",
				 r->origin);
			return -EINVAL;
		}
		return 0;
	}
	snprintf(error, size, "'%s' is no source of values", r->origin);
	return -EINVAL;
}

static int parse_match(struct rule *r, const char *pattern, char *error, size_t size)
{
	PCRE2_SIZE at = 0;
	int code;
	char why[128] = "";

	if (!pattern)
		return 0;
	r->match = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
	if (r->match)
		return 0;
	pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
	snprintf(error, size, "'%s' is no regular expression: %s at character %zu", pattern, why,
		 (size_t)at + 1);
	return code == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EINVAL;
}

static int check_conditions(const struct rule *r, char *error, size_t size)
{
	for (char **w = r->when; w && *w; w++) {
		size_t len = strcspn(*w, "="), i;

		for (i = 0; i < ARRAY_LEN(conditions); i++)
			if (strlen(conditions[i]) == len && !strncmp(conditions[i], *w, len))
				break;
		if (i == ARRAY_LEN(conditions) || !(*w)[len]) {
			snprintf(error, size,
				 "'%s' is no condition: comm, exe, owner, uid, provider, "
				 "model, host or service, =, and a pattern",
				 *w);
			return -EINVAL;
		}
	}
	return 0;
}

int rule_new(struct rule **ret, const struct identity_rule *from, char *error, size_t size)
{
	struct rule *r = calloc(1, sizeof(*r));
	int e = r ? 0 : -ENOMEM;

	if (!e && (!from->set || !*from->set || !from->from)) {
		snprintf(error, size, "a rule needs 'set' and 'from'");
		e = -EINVAL;
	}
	if (!e) {
		r->set = strdup(from->set);
		r->origin = strdup(from->from);
		r->value = from->value ? strdup(from->value) : NULL;
		if (!r->set || !r->origin || (from->value && !r->value))
			e = -ENOMEM;
	}
	for (size_t n = 0; !e && from->map && from->map[n]; n += 2)
		if (!from->map[n + 1]) {
			snprintf(error, size, "'map' needs a value for each name");
			e = -EINVAL;
			break;
		}
	if (!e)
		e = copy_list(&r->map, from->map);
	if (!e)
		e = copy_list(&r->when, from->when);
	if (!e)
		e = parse_from(r, error, size);
	if (!e)
		e = parse_match(r, from->match, error, size);
	if (!e)
		e = check_conditions(r, error, size);
	if (!e && r->from == FROM_VALUE && !r->value) {
		snprintf(error, size, "a rule from 'value' needs a 'value'");
		e = -EINVAL;
	}
	if (e)
		rule_free(r);
	else
		*ret = r;
	return e;
}

static struct slice attribute(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a && a->type == ATTR_STRING ? a->string : SLICE_NONE;
}

static struct slice of_process(const struct process *p, const struct rule *r, char *buffer,
			       size_t size)
{
	if (!p)
		return SLICE_NONE;
	switch (r->from) {
	case FROM_ENV:
		snprintf(buffer, size, "env.%s", r->arg);
		return slice_from(process_fact(p, buffer));
	case FROM_FACT:
		return slice_from(process_fact(p, r->arg));
	case FROM_OWNER:
		return slice_from(p->owner);
	case FROM_UID:
		snprintf(buffer, size, "%" PRIu32, p->uid);
		return slice_from(buffer);
	case FROM_COMM:
		return slice_from(p->comm);
	case FROM_EXE:
		return slice_from(p->exe);
	case FROM_CWD:
		return slice_from(p->cwd);
	default:
		return SLICE_NONE;
	}
}

static struct slice source(const struct rule *r, const struct span *s, char *buffer, size_t size)
{
	switch (r->from) {
	case FROM_HEADER:
	case FROM_BODY:
	case FROM_KEY:
		return s->call ? clue_get(s->call, slice_from(r->origin)) : SLICE_NONE;
	case FROM_USER:
		return s->call ? s->call->user : SLICE_NONE;
	case FROM_ATTRIBUTE:
		return attribute(s, r->arg);
	case FROM_VALUE:
		return slice_from(r->value);
	default:
		return of_process(s->process, r, buffer, size);
	}
}

static bool holds(const char *condition, const struct span *s)
{
	char name[16], value[256], number[16];
	const char *pattern = strchr(condition, '=');
	struct slice got = SLICE_NONE;

	snprintf(name, sizeof(name), "%.*s", (int)(pattern - condition), condition);
	if (!strcmp(name, "provider"))
		got = attribute(s, ATTR_PROVIDER_NAME);
	else if (!strcmp(name, "model"))
		got = attribute(s, ATTR_REQUEST_MODEL);
	else if (!strcmp(name, "host"))
		got = attribute(s, ATTR_SERVER_ADDRESS);
	else if (!s->process)
		return false;
	else if (!strcmp(name, "comm"))
		got = slice_from(s->process->comm);
	else if (!strcmp(name, "exe"))
		got = slice_from(s->process->exe);
	else if (!strcmp(name, "owner"))
		got = slice_from(s->process->owner);
	else if (!strcmp(name, "service"))
		got = slice_from(s->process->service_name);
	else if (snprintf(number, sizeof(number), "%" PRIu32, s->process->uid) > 0)
		got = slice_from(number);
	if (!got.data || got.len >= sizeof(value))
		return false;
	snprintf(value, sizeof(value), "%.*s", SLICE_FMT(got));
	return fnmatch(pattern + 1, value, 0) == 0;
}

/* $0 … $9 are the match's groups; everything else is itself. */
static struct slice expand(const char *template, struct slice subject, const PCRE2_SIZE *groups,
			   uint32_t n, char *buffer, size_t size)
{
	size_t len = 0;

	for (const char *t = template; *t && len < size; t++) {
		uint32_t g = (uint32_t)(t[1] - '0');
		struct slice part = { t, 1 };

		if (*t == '$' && t[1] >= '0' && t[1] <= '9') {
			t++;
			part = SLICE("");
			if (g < n && groups[2 * g] != PCRE2_UNSET)
				part = slice_sub(subject, groups[2 * g],
						 groups[2 * g + 1] - groups[2 * g]);
		}
		part.len = MIN(part.len, size - len);
		memcpy(buffer + len, part.data, part.len);
		len += part.len;
	}
	return (struct slice){ buffer, len };
}

static bool match(const struct rule *r, struct slice *value, char *buffer, size_t size)
{
	pcre2_match_data *data = pcre2_match_data_create(GROUPS_MAX, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int n = -1;

	if (data && context) {
		pcre2_set_match_limit(context, REGEX_STEPS_MAX);
		n = pcre2_match(r->match, (PCRE2_SPTR)value->data, value->len, 0, 0, data, context);
	}
	if (n > 0)
		*value = expand(r->value ? r->value
				: n > 1	 ? "$1"
					 : "$0",
				*value, pcre2_get_ovector_pointer(data), (uint32_t)n, buffer, size);
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return n > 0;
}

static bool look_up(const struct rule *r, struct slice *value)
{
	for (char **m = r->map; *m; m += 2) {
		if (slice_eq(*value, slice_from(*m)) || !strcmp(*m, "*")) {
			*value = slice_from(m[1]);
			return true;
		}
	}
	return false;
}

bool rule_apply(const struct rule *r, const struct span *s, char *buffer, size_t size,
		struct slice *ret)
{
	char subject[IDENTITY_VALUE_MAX];
	struct slice value;

	for (char **w = r->when; w && *w; w++)
		if (!holds(*w, s))
			return false;
	value = source(r, s, buffer, size);
	if (!value.data || !value.len)
		return false;
	if (r->match) { /* what is expanded must not lie where it is expanded to */
		value.len = MIN(value.len, sizeof(subject));
		memcpy(subject, value.data, value.len);
		value.data = subject;
		if (!match(r, &value, buffer, size))
			return false;
	}
	if (r->map && !look_up(r, &value))
		return false;
	if (!value.len)
		return false;
	*ret = value;
	return true;
}
