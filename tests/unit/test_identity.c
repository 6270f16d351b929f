/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "call.h"
#include "cleanup.h"
#include "clues.h"
#include "semconv.h"
#include "test.h"

#include <errno.h>

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A span of a call by a process, of which a few things are known. */
static struct span *new_span(struct call **ret_call)
{
	static const struct http_field fields[] = { { SLICE("x-employee"),
						      SLICE("alice@corp.example") },
						    { SLICE("authorization"), SLICE("Bearer K") } };
	static const char *const headers[] = { "x-employee", NULL };
	const struct clue_config clues = { .headers = headers, .key = true };
	struct process *p = NULL;
	struct span *s = NULL;
	struct call *c = NULL;

	if (process_new(&p) || span_new(&s) || call_new(&c))
		abort();
	p->comm = strdup("python3");
	p->owner = strdup("bob");
	p->uid = 1000;
	process_set_fact(p, "env.TEAM", SLICE("blue"));
	process_set_fact(p, "vcs.repository.name", SLICE("shop"));
	clues_read_head(c, &clues, &(struct http_head){ .fields = fields, .n_fields = 2 });
	c->user = SLICE("end-user-7");
	s->process = p;
	s->call = c;
	span_set_str(s, ATTR_PROVIDER_NAME, SLICE("openai"));
	*ret_call = c;
	return s;
}

static struct slice got(const struct span *s, const char *key)
{
	const struct attr *a = span_attr(s, key);

	return a ? a->string : SLICE_NONE;
}

static const struct {
	const char *name;
	struct identity_rule rules[3];
	const char *want; /* of "x"; NULL: not set */
} rule_rows[] = {
	{ "header", { { .set = "x", .from = "header:x-employee" } }, "alice@corp.example" },
	{ "group",
	  { { .set = "x", .from = "header:x-employee", .match = "^(\\w+)@corp" } },
	  "alice" },
	{ "template",
	  { { .set = "x",
	      .from = "header:x-employee",
	      .match = "(\\w+)@(\\w+)",
	      .value = "$2/$1!$9$" } },
	  "corp/alice!$" },
	{ "no match falls through",
	  { { .set = "x", .from = "header:x-employee", .match = "@other" },
	    { .set = "x", .from = "owner" } },
	  "bob" },
	{ "first wins",
	  { { .set = "x", .from = "uid" }, { .set = "x", .from = "owner" } },
	  "1000" },
	{ "absent falls through",
	  { { .set = "x", .from = "header:x-no" }, { .set = "x", .from = "env:TEAM" } },
	  "blue" },
	{ "fact", { { .set = "x", .from = "fact:vcs.repository.name" } }, "shop" },
	{ "user", { { .set = "x", .from = "user" } }, "end-user-7" },
	{ "attribute", { { .set = "x", .from = "attribute:" ATTR_PROVIDER_NAME } }, "openai" },
	{ "value", { { .set = "x", .from = "value", .value = "all" } }, "all" },
	{ "map",
	  { { .set = "x", .from = "env:TEAM", .map = LIST("red", "1", "blue", "2") } },
	  "2" },
	{ "map, rest",
	  { { .set = "x", .from = "env:TEAM", .map = LIST("red", "1", "*", "3") } },
	  "3" },
	{ "map without it", { { .set = "x", .from = "env:TEAM", .map = LIST("red", "1") } }, NULL },
	{ "when",
	  { { .set = "x",
	      .from = "owner",
	      .when = LIST("comm=python*", "provider=openai", "uid=1000") } },
	  "bob" },
	{ "when not",
	  { { .set = "x", .from = "owner", .when = LIST("comm=python*", "model=gpt*") } },
	  NULL },
	{ "nothing", { { .set = "x", .from = "cwd" } }, NULL },
};

TEST(identity_rules)
{
	for (size_t i = 0; i < ARRAY_LEN(rule_rows); i++) {
		struct identity *id = NULL;
		const char *error = NULL;
		struct call *c;
		struct span *s = new_span(&c);

		test_row("%s", rule_rows[i].name);
		CHECK_INT(identity_new(&id), 0);
		for (size_t k = 0; k < 3 && rule_rows[i].rules[k].set; k++)
			CHECK_INT(identity_add(id, &rule_rows[i].rules[k], &error), 0);
		identity_span(id, s);
		CHECK_STR(got(s, "x"), rule_rows[i].want);
		CHECK(!span_attr(s, "gentap.identity.sources") == !rule_rows[i].want);
		identity_free(id);
		s->call = NULL;
		call_free(c);
		span_free(s);
	}
	test_row(NULL);
}

TEST(identity_refuses)
{
	const struct identity_rule rows[] = {
		{ .from = "owner" },
		{ .set = "", .from = "owner" },
		{ .set = "x" },
		{ .set = "x", .from = "nowhere" },
		{ .set = "x", .from = "header" },
		{ .set = "x", .from = "header:" },
		{ .set = "x", .from = "owner:x" },
		{ .set = "x", .from = "header:Authorization" },
		{ .set = "x", .from = "header:x-api-key" },
		{ .set = "x", .from = "body:metadata.access_token" },
		{ .set = "x", .from = "owner", .match = "(" },
		{ .set = "x", .from = "value" },
		{ .set = "x", .from = "owner", .when = LIST("color=red") },
		{ .set = "x", .from = "owner", .when = LIST("comm") },
		{ .set = "x", .from = "owner", .map = LIST("a") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct identity *id = NULL;
		const char *error = "";

		test_row("%zu %s", i, rows[i].from ? rows[i].from : "-");
		CHECK_INT(identity_new(&id), 0);
		CHECK_INT(identity_add(id, &rows[i], &error), -EINVAL);
		CHECK(*error != 0);
		identity_free(id);
	}
	test_row(NULL);
}

TEST(identity_builtin)
{
	struct identity *id = NULL;
	const struct attr *sources;
	struct call *c;
	struct span *s = new_span(&c);

	CHECK_INT(identity_new(&id), 0);
	CHECK_INT(identity_add_builtin(id), 0);
	identity_span(id, s);
	CHECK_STR(got(s, "user.id"), "end-user-7");
	CHECK_STR(got(s, "vcs.repository.name"), "shop");
	CHECK(!span_attr(s, "gentap.team"));
	sources = span_attr(s, "gentap.identity.sources");
	CHECK(sources && sources->strings.count == 2);
	CHECK_STR(sources->strings.items[0], "user.id=user");
	/* What names nobody falls through. */
	c->user = SLICE(
		"user_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_account_x");
	identity_span(id, s);
	CHECK_STR(got(s, "user.id"), "bob");
	CHECK(identity_headers(id) && identity_members(id) && identity_variables(id));
	identity_free(id);
	s->call = NULL;
	call_free(c);
	span_free(s);
}

TEST(identity_without_memory)
{
	const struct identity_rule rule = {
		.set = "x", .from = "header:a", .map = LIST("a", "b"), .when = LIST("comm=x")
	};

	EACH_MALLOC_FAILURE
	{
		struct identity *id = NULL;
		const char *error;

		if (!identity_new(&id)) {
			identity_add(id, &rule, &error);
			identity_add_builtin(id);
		}
		identity_free(id);
	}
}
